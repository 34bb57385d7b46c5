/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The machine that was measured on.
 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

unsigned bench_cores(void)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		online = CPU_COUNT(&set);
#endif
	return online < 1 ? 1 : (unsigned)online;
}

static void read_cpu(char *cpu, size_t size)
{
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "r");

	snprintf(cpu, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(cpu, size, "%s", colon + 1 + strspn(colon + 1, " "));
		break;
	}
	if (file)
		fclose(file);
}

void bench_machine(struct machine *machine)
{
	struct utsname names;
	double load[3] = { 0, 0, 0 };

	read_cpu(machine->cpu, sizeof(machine->cpu));
	machine->cores = bench_cores();
	snprintf(machine->kernel, sizeof(machine->kernel), "unknown");
	if (uname(&names) == 0)
		snprintf(machine->kernel, sizeof(machine->kernel), "%.32s %.64s %.32s",
			names.sysname, names.release, names.machine);
#ifdef __clang__
	snprintf(machine->compiler, sizeof(machine->compiler), "clang %s", __clang_version__);
#else
	snprintf(machine->compiler, sizeof(machine->compiler), "gcc %s", __VERSION__);
#endif
	snprintf(machine->load, sizeof(machine->load), "unknown");
	machine->busy = false;
	if (getloadavg(load, 3) == 3) {
		machine->busy = load[0] > machine->cores / 2.0;
		snprintf(machine->load, sizeof(machine->load), "%.2f %.2f %.2f", load[0], load[1], load[2]);
	}
}
