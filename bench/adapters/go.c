/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The Go design: a program of its own, peers/go-design.go, built beside the driver where Go is installed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../bench.h"

enum { MAX_PATH = 512 };

static const char program[] = "bench-go";

static const char *version(void)
{
	static char version[64];
	char command[MAX_PATH];
	FILE *answer;

	snprintf(command, sizeof(command), "%s/%s", bench_directory, program);
	if (version[0] != '\0' || access(command, X_OK) < 0)
		return version[0] != '\0' ? version : NULL;
	snprintf(command, sizeof(command), "'%s/%s' version", bench_directory, program);
	answer = popen(command, "r");
	if (!answer || !fgets(version, sizeof(version), answer))
		version[0] = '\0';
	if (answer)
		pclose(answer);
	version[strcspn(version, "\n")] = '\0';
	return version[0] != '\0' ? version : NULL;
}

const struct adapter adapter_go = {
	.name = "go",
	.program = program,
	.version = version
};
