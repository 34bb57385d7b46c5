/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Programs that are traced by the environment, or trace themselves; trace.sh looks at what they leave behind.
 *
 * usage: traced quiet | default | none | exit | exit-in-job | fork | fork-in-job | stop | start FILE | again FILE FILE
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#ifdef SANITIZED_THREAD
/* Threads that run when the process ends are the matter here. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "report_thread_leaks=0";
}
#endif

#ifdef SANITIZED_ADDRESS
/* A child has none of the threads whose stacks could be searched for what is still in use. */
static pid_t parent;

int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return parent != getpid();
}
#endif

#define JOBS 2000

static struct taskpool *new_pool(const char *name, unsigned workers)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = workers;
	options.name = name;
	expect(taskpool_new_with(&pool, &options) == 0);
	expect(taskpool_start(pool) == 0);
	return pool;
}

static void run_jobs(struct taskpool *pool)
{
	char key[32];

	for (unsigned i = 0; i < JOBS; i++) {
		snprintf(key, sizeof(key), "%u", i % 20);
		expect(taskpool_submit(pool, i % 4 ? key : NULL, nothing_job, NULL) == 0);
	}
	expect(taskpool_wait(pool, TASKPOOL_FOREVER) == 0);
}

/* Each byte that there is, in keys of several lengths around the one that is cut. */
static void run_odd_keys(struct taskpool *pool)
{
	struct taskpool_task task = make_task(NULL, nothing_job, NULL);
	char key[256];

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (char)i;
	task.key = key;
	for (task.key_len = 0; task.key_len <= sizeof(key); task.key_len += 32)
		expect(taskpool_submit_task(pool, &task, NULL) == 0);
	memcpy(key, "\"\\ \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80", 14);
	task.key_len = 14;
	expect(taskpool_submit_task(pool, &task, NULL) == 0);
	expect(taskpool_wait(pool, TASKPOOL_FOREVER) == 0);
}

static void run_quietly(void)
{
	struct taskpool *one = new_pool("one", 2), *two = new_pool("\"two\" \\ \xff", 3);

	run_jobs(one);
	run_jobs(two);
	run_odd_keys(two);
	taskpool_free(one);
	taskpool_free(two);
}

static void follow(struct taskpool_context *context, taskpool_run_fn *run, void *arg)
{
	size_t len;

	taskpool_submit(taskpool_context_pool(context), taskpool_context_key(context, &len), run, arg);
}

/* Each job submits the next one, so they never end. */
static void go_on(struct taskpool_context *context, void *arg)
{
	follow(context, go_on, arg);
}

/* When this runs the first one's end is in the trace. */
static void second(struct taskpool_context *context, void *arg)
{
	tally_add(arg);
	follow(context, go_on, NULL);
}

static void first(struct taskpool_context *context, void *arg)
{
	follow(context, second, arg);
}

static void run_for_ever(struct taskpool *pool)
{
	static const char *const keys[] = { "a", "b", "c", "d" };
	struct tally *running = malloc(sizeof(*running));

	tally_init(running);
	for (size_t i = 0; i < LENGTH(keys); i++)
		expect(taskpool_submit(pool, keys[i], first, running) == 0);
	tally_wait(running, LENGTH(keys));
	for (int64_t until = now() + 20 * MILLISECOND; now() < until;)
		pause_shortly();
}

static void exit_inside(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	exit(0);
}

static void await_child(pid_t child)
{
	int status;

	expect(child > 0 && waitpid(child, &status, 0) == child);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The child ends as programs do, and what it does before is not in its parent's trace. */
static void fork_and_exit(void)
{
	pid_t child = fork();

	if (child == 0) {
		expect(taskpool_trace_stop() == -EINVAL);
		if (CHILD_HAS_THREADS && CHILD_HAS_MALLOC)
			run_jobs(new_pool("child", 2));
		exit(0);
	}
	await_child(child);
}

static void fork_inside(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	fork_and_exit();
}

static void trace_to(const char *path)
{
	struct taskpool *pool = new_pool("own", 2);

	run_jobs(pool);
	expect(taskpool_trace_start(path) == 0);
	run_jobs(pool);
	expect(taskpool_trace_stop() == 0);
	run_jobs(pool);
	taskpool_free(pool);
}

static void run(const char *mode)
{
	struct taskpool *pool = NULL;

	if (strcmp(mode, "none") == 0)
		return;
	pool = strcmp(mode, "default") == 0 ? taskpool_default() : new_pool("traced", 4);
	run_jobs(pool);
	if (strcmp(mode, "exit") == 0 || strcmp(mode, "exit-in-job") == 0)
		run_for_ever(pool);
	if (strcmp(mode, "exit-in-job") == 0)
		expect(taskpool_submit(pool, NULL, exit_inside, NULL) == 0);
	while (strcmp(mode, "exit-in-job") == 0)
		pause();
	if (strcmp(mode, "exit") == 0)
		exit(0);
	if (strcmp(mode, "fork") == 0)
		fork_and_exit();
	if (strcmp(mode, "fork-in-job") == 0)
		expect(taskpool_submit(pool, NULL, fork_inside, NULL) == 0);
	if (strcmp(mode, "stop") == 0)
		expect(taskpool_trace_stop() == 0);
	run_jobs(pool);
	taskpool_free(pool);
}

int main(int argc, char **argv)
{
#ifdef SANITIZED_ADDRESS
	parent = getpid();
#endif
	if (argc == 2 && strcmp(argv[1], "quiet") == 0) {
		run_quietly();
	} else if (argc == 2) {
		run(argv[1]);
	} else if (argc == 3) { /* never stopped */
		expect(taskpool_trace_start(argv[2]) == 0);
		run_jobs(new_pool("start", 2));
	} else if (argc == 4) {
		trace_to(argv[2]);
		trace_to(argv[3]);
	}
	return 0;
}
