/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "support.h"

static unsigned count_entries(const char *path)
{
	DIR *directory = opendir(path);
	unsigned count = 0;

	if (!directory)
		return 0;
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

unsigned count_threads(void)
{
	return count_entries("/proc/self/task");
}

unsigned count_fds(void)
{
	return count_entries("/proc/self/fd");
}

pid_t thread_id(void)
{
#ifdef __linux__
	return (pid_t)syscall(SYS_gettid);
#else
	return 0;
#endif
}

/* A thread that was joined may still be listed for a moment. */
void await_threads(unsigned count)
{
	int64_t until = now() + DEADLINE;

	while (count_threads() != count) {
		if (now() > until)
			die("%u threads, expected %u", count_threads(), count);
		pause_shortly();
	}
}

static FILE *open_task_file(pid_t thread, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%ld/%s", (long)thread, name);
	return fopen(path, "re");
}

static void *report_thread_id(void *id)
{
	*(pid_t *)id = thread_id();
	return NULL;
}

unsigned settled_threads(void)
{
	FILE *file;
	pid_t id;

	pthread_join(spawn(report_thread_id, &id), NULL);
	while ((file = open_task_file(id, "comm")) != NULL) {
		fclose(file);
		pause_shortly();
	}
	return count_threads();
}

bool is_asleep(pid_t thread)
{
	FILE *file = open_task_file(thread, "stat");
	char state = 'S';

	if (file) {
		if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			state = '?';
		fclose(file);
	}
	return state == 'S';
}

/*
 * Returns once the thread sleeps in the kernel: a thread that was about to block has then blocked. Where it sleeps for
 * another reason the test becomes weaker, never wrong.
 */
void await_asleep(pid_t thread)
{
	int64_t until = now() + DEADLINE;

	for (unsigned looks = 0; looks < 3; looks++) {
		if (!is_asleep(thread))
			looks = 0;
		if (now() > until)
			die("a thread that should block does not sleep");
		pause_shortly();
	}
}

bool thread_status(pid_t thread, const char *name, int base, uint64_t *value)
{
	FILE *file = open_task_file(thread, "status");
	size_t length = strlen(name);
	bool found = false;
	char line[256];

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		found = strncmp(line, name, length) == 0 && line[length] == ':';
		if (found)
			*value = strtoull(line + length + 1, NULL, base);
	}
	fclose(file);
	return found;
}

static bool thread_is_named(pid_t thread, const char *prefix)
{
	FILE *file = open_task_file(thread, "comm");
	char name[32] = "";

	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

unsigned threads_named(const char *prefix, pid_t *threads, unsigned capacity)
{
	DIR *directory = opendir("/proc/self/task");
	unsigned count = 0;

	if (!directory)
		return 0;
	for (const struct dirent *entry; count < capacity && (entry = readdir(directory)) != NULL;) {
		pid_t thread = (pid_t)atol(entry->d_name);

		if (thread > 0 && thread_is_named(thread, prefix))
			threads[count++] = thread;
	}
	closedir(directory);
	return count;
}
