/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <string.h>

#include "probe.h"

struct taskpool_task probe_task(const char *key, taskpool_run_fn *run, struct probe *probe)
{
	struct taskpool_task task = make_task(key, run, probe);

	gate_init(&probe->gate);
	tally_init(&probe->ended);
	probe->outcome = 0;
	task.end = probe_end;
	return task;
}

void submit_probe_task(struct taskpool *pool, const struct taskpool_task *task, struct taskpool_job **job)
{
	int error = taskpool_submit_task(pool, task, job);

	if (error)
		die("taskpool_submit_task: %d", error);
}

void submit_probe(struct taskpool *pool, const char *key, taskpool_run_fn *run, struct probe *probe,
		  struct taskpool_job **job)
{
	struct taskpool_task task = probe_task(key, run, probe);

	submit_probe_task(pool, &task, job);
}

void probe_end(void *arg, int outcome)
{
	struct probe *probe = arg;

	expect(outcome != 0);
	expect(tally_read(&probe->ended) == 0);
	probe->outcome = outcome;
	probe->ended_by = pthread_self();
	tally_add(&probe->ended);
}

void held_probe_end(void *arg, int outcome)
{
	struct probe *probe = arg;

	gate_job(NULL, &probe->gate);
	probe_end(probe, outcome);
}

int probe_outcome(struct probe *probe)
{
	return tally_read(&probe->ended) ? probe->outcome : 0;
}

int probe_await(struct probe *probe)
{
	tally_wait(&probe->ended, 1);
	return probe->outcome;
}

unsigned probe_runs(struct probe *probe)
{
	return tally_read(&probe->gate.entered);
}

/* ---- Calls that block ---- */

static void *make_call(void *arg)
{
	struct call *call = arg;

	call->id = thread_id();
	call->result = call->make(call->arg);
	return NULL;
}

void call_begin(struct call *call, int (*make)(void *arg), void *arg)
{
	call->make = make;
	call->arg = arg;
	call->id = 0;
	call->thread = spawn(make_call, call);
	while (call->id == 0 && count_threads())
		pause_shortly();
	await_asleep(call->id);
}

int call_end(struct call *call)
{
	pthread_join(call->thread, NULL);
	return call->result;
}

int wait_for_job(void *job)
{
	return taskpool_job_wait(job, TASKPOOL_FOREVER);
}

int cancel_job(void *job)
{
	return taskpool_job_cancel(job);
}

/* ---- Calls on keys ---- */

static int call_wait(struct taskpool *pool, const void *key, size_t len)
{
	return taskpool_key_wait(pool, key, len, 0);
}

static int call_limit(struct taskpool *pool, const void *key, size_t len)
{
	return taskpool_key_limit(pool, key, len, SECOND, 1);
}

static int call_stats(struct taskpool *pool, const void *key, size_t len)
{
	struct taskpool_key_stats stats = { .size = sizeof(stats) };

	return taskpool_key_stats(pool, key, len, &stats);
}

key_call *const key_calls[] = { taskpool_key_pause, taskpool_key_resume, taskpool_key_cancel,
				call_wait,          call_limit,          call_stats };

/* ---- Looking in, and time ---- */

struct taskpool_stats read_stats(struct taskpool *pool)
{
	struct taskpool_stats stats = { .size = sizeof(stats) };
	int error = taskpool_stats(pool, &stats);

	if (error)
		die("taskpool_stats: %d", error);
	return stats;
}

struct taskpool_key_stats read_key_stats(struct taskpool *pool, const char *key)
{
	struct taskpool_key_stats stats = { .size = sizeof(stats) };
	int error = taskpool_key_stats(pool, key, strlen(key), &stats);

	if (error)
		die("taskpool_key_stats: %d", error);
	return stats;
}

void key_at(char key[32], const char *prefix, struct taskpool *pool, unsigned home)
{
	unsigned number = 0;

	key_at_home(key, prefix, &number, taskpool_workers(pool), home);
}

void run_others(struct taskpool *pool, unsigned home)
{
	unsigned number = 0;
	char key[32];

	for (unsigned i = 0; i < 4; i++) {
		key_at_home(key, "another ", &number, taskpool_workers(pool), home);
		expect(taskpool_submit(pool, key, nothing_job, NULL) == 0);
		expect(taskpool_key_wait(pool, key, strlen(key), DEADLINE) == 0);
	}
}

void pass(int64_t begin, int64_t duration)
{
	while (now() < begin + duration)
		pause_shortly();
}
