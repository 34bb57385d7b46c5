/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * An editor that saves with every keystroke, and a disk that is spared: a file is written at most every 20 ms, and of
 * the saves that wait only the newest is. TASKPOOL_REPLACE puts a save into the place of the one that waits.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <taskpool.h>

#define MILLISECOND INT64_C(1000000)
#define KEYSTROKES 100

static void write_file(struct taskpool_context *context, void *arg)
{
	size_t len;
	const char *file = taskpool_context_key(context, &len);

	printf("%.*s: %s\n", (int)len, file, (const char *)arg);
}

/* Called for each save that was accepted, written or replaced: here its text is released. */
static void release(void *arg, int outcome)
{
	(void)outcome;
	free(arg);
}

static int save(struct taskpool *pool, const char *file, int keystroke)
{
	struct taskpool_task task = TASKPOOL_TASK_INIT;
	char *text = malloc(32);
	int error;

	if (!text)
		return -ENOMEM;
	snprintf(text, 32, "keystroke %d", keystroke);
	task.key = file;
	task.key_len = strlen(file);
	task.run = write_file;
	task.end = release;
	task.arg = text;
	task.flags = TASKPOOL_REPLACE;
	error = taskpool_submit_task(pool, &task, NULL);
	if (error < 0)
		free(text); /* not accepted: still ours */
	return error;
}

int main(void)
{
	static const char *const files[] = { "letter.txt", "todo.txt" };
	const struct timespec pause = { 0, MILLISECOND };
	struct taskpool_report report = { .size = sizeof(report) };
	struct taskpool *pool;
	int error = 0;

	if (taskpool_new(&pool, 2) < 0 || taskpool_start(pool) < 0)
		return 1;
	for (int i = 0; i < 2 && error == 0; i++)
		error = taskpool_key_limit(pool, files[i], strlen(files[i]), 20 * MILLISECOND, 1);
	for (int i = 1; i <= KEYSTROKES && error == 0; i++) {
		error = save(pool, files[i % 2], i);
		nanosleep(&pause, NULL);
	}
	if (error == 0) /* the newest of each file is written before the end */
		error = taskpool_shutdown(pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, &report);
	printf("%s: %" PRIu64 " written, %" PRIu64 " replaced\n", error ? taskpool_strerror(error) : "saved",
		report.ran, report.replaced);
	taskpool_free(pool);
	return error ? 1 : 0;
}
