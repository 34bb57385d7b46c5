/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include "config.h"

#include "dpkg-run.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct run {
	const struct run_settings *settings;
	struct job *jobs;
	size_t count;
	atomic_ulong plain;
};

struct job {
	struct run *run;
	const struct dpkg_line *line;
	int64_t submitted, delay;
	bool slow;
};

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void work(struct taskpool_context *context, const struct job *job)
{
	const struct run_settings *settings = job->run->settings;

	if (job->slow) {
		taskpool_context_sleep(context, settings->slow);
	} else if (settings->work > 0) {
		for (int64_t end = now() + settings->work; now() < end;)
			;
	}
}

/*
 * The package's state has neither a lock nor an atomic field. The key is the package's name: so its jobs run one at a
 * time, in the order of the log, and each sees what the one before has written, on whichever worker it ran.
 */
static void run_line(struct taskpool_context *context, void *arg)
{
	struct job *job = arg;
	const struct dpkg_line *line = job->line;

	job->delay = now() - job->submitted;
	if (!line->package) { /* no key: nothing orders these jobs, the count must be atomic */
		work(context, job);
		atomic_fetch_add(&job->run->plain, 1);
		return;
	}
	dpkg_state_enter(&line->package->state, line->nth, line->holes);
	work(context, job);
	dpkg_state_leave(&line->package->state, line->nth, line->event);
}

static int submit_all(struct taskpool *pool, struct run *run)
{
	struct taskpool_task task = TASKPOOL_TASK_INIT;
	int error = 0;

	task.run = run_line;
	for (size_t i = 0; error == 0 && i < run->count; i++) {
		struct job *job = &run->jobs[i];
		const struct dpkg_package *package = job->line->package;

		task.key = package ? package->key : NULL;
		task.key_len = package ? package->key_len : 0;
		task.arg = job;
		job->submitted = now();
		error = taskpool_submit_task(pool, &task, NULL);
	}
	return error;
}

static int run_pool(struct run *run, struct run_result *result)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;
	int64_t begin;
	int error;

	options.workers = run->settings->workers;
	options.queue_capacity = run->settings->capacity;
	options.placement = run->settings->placement;
	options.name = "replay";
	error = taskpool_new_with(&pool, &options);
	if (error < 0)
		return error;
	error = taskpool_start(pool);
	begin = now();
	if (error == 0)
		error = submit_all(pool, run);
	if (error == 0)
		error = taskpool_wait(pool, TASKPOOL_FOREVER);
	result->wall = now() - begin;
	result->workers = taskpool_workers(pool);
	result->stats.size = sizeof(result->stats);
	if (error == 0)
		error = taskpool_stats(pool, &result->stats);
	taskpool_free(pool);
	return error;
}

/* "libc6" means libc6 of every architecture. */
static bool is_slow(const struct dpkg_package *package, const char *name)
{
	size_t len = name ? strlen(name) : 0;

	return package && name && strncmp(package->key, name, len) == 0 &&
		(package->key[len] == '\0' || package->key[len] == ':');
}

static void make_jobs(struct run *run, const struct dpkg_logs *logs)
{
	struct job *job = run->jobs;

	for (size_t i = 0; i < logs->count; i++) {
		for (size_t j = 0; j < logs->logs[i].count; j++, job++) {
			job->run = run;
			job->line = &logs->logs[i].lines[j];
			job->slow = is_slow(job->line->package, run->settings->slow_package);
		}
	}
	for (size_t i = 1; run->settings->break_order && i < run->count; i += 2) {
		struct job first = run->jobs[i - 1];

		run->jobs[i - 1] = run->jobs[i];
		run->jobs[i] = first;
	}
}

static int by_size(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static int measure_delays(const struct run *run, struct run_result *result)
{
	int64_t *delays = malloc((run->count + 1) * sizeof(*delays));
	size_t count = 0;

	if (!delays)
		return -ENOMEM;
	for (size_t i = 0; i < run->count; i++) {
		if (!run->jobs[i].slow)
			delays[count++] = run->jobs[i].delay;
	}
	result->slow_jobs = run->count - count;
	if (count > 0) {
		qsort(delays, count, sizeof(*delays), by_size);
		result->median = delays[(count - 1) / 2];
		result->p99 = delays[(count - 1) * 99 / 100];
		result->worst = delays[count - 1];
	}
	free(delays);
	return 0;
}

static void add_up(struct dpkg_logs *logs, struct run_result *result)
{
	for (size_t i = 0; i < DPKG_TABLE; i++) {
		for (struct dpkg_package *package = logs->table[i]; package; package = package->next) {
			result->overtaken += package->state.overtaken;
			result->overlapped += package->state.overlapped;
			result->illegal += package->state.illegal;
			result->lost += package->lines - package->state.seen;
		}
	}
}

int run_replay(struct dpkg_logs *logs, const struct run_settings *settings, struct run_result *result)
{
	struct run run = { .settings = settings };
	int error;

	memset(result, 0, sizeof(*result));
	for (size_t i = 0; i < logs->count; i++)
		run.count += logs->logs[i].count;
	for (size_t i = 0; i < DPKG_TABLE; i++) {
		for (struct dpkg_package *package = logs->table[i]; package; package = package->next)
			memset(&package->state, 0, sizeof(package->state));
	}
	atomic_init(&run.plain, 0);
	run.jobs = calloc(run.count + 1, sizeof(*run.jobs));
	if (!run.jobs)
		return -ENOMEM;
	make_jobs(&run, logs);
	error = run_pool(&run, result);
	if (error == 0)
		error = measure_delays(&run, result);
	result->jobs = run.count;
	result->plain = atomic_load(&run.plain);
	add_up(logs, result);
	free(run.jobs);
	return error;
}
