/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "stress_jobs.h"

struct play play;
uint64_t round_seed;
_Atomic unsigned long defects;

void report_defect(int line, const char *what)
{
	if (defects++ < 10)
		fprintf(stderr, "line %d: %s does not hold; repeat with --rounds 1 --seed %llu\n", line, what,
			(unsigned long long)round_seed);
}

static taskpool_run_fn job_run;
static taskpool_end_fn job_end;

struct taskpool_task job_task(struct job *job, int64_t timeout)
{
	struct taskpool_task task = make_task(NULL, job_run, job);

	if (!job->key->is_null) {
		task.key = job->key->bytes;
		task.key_len = job->key->length;
	}
	task.end = job_end;
	task.timeout = timeout;
	return task;
}

int64_t random_timeout(uint64_t *state)
{
	switch (random_below(state, 8)) {
	case 0:
		return 0;
	case 1:
		return 1 + random_below(state, 200000);
	default:
		return TASKPOOL_FOREVER;
	}
}

void note_result(struct job *job, int error, int64_t timeout)
{
	job->accepted = error == 0;
	if (error == 0 && ++play.accepted == play.stop_after)
		tally_add(&play.stop_now);
	check(error == 0 || error == -EAGAIN || error == -ETIMEDOUT || error == -ECANCELED);
	check(error != -EAGAIN || timeout == 0);
	check(error != -ETIMEDOUT || timeout > 0);
	check(error != -ECANCELED || play.stopped);
}

static void submit_child(struct job *parent)
{
	struct job *child = parent->child;
	uint64_t state = round_seed + (uintptr_t)(child - play.job[0]);
	int64_t timeout = random_timeout(&state);
	struct taskpool_task task;
	int error;

	child->key = parent->key;
	if (random_below(&state, 2))
		child->key = &play.key[random_below(&state, play.keys)];
	if (child->key == parent->key && !child->key->is_null) {
		child->lane = INSIDE_LANE;
		child->number = child->key->children++;
	}
	task = job_task(child, timeout);
	error = taskpool_submit_task(play.pool, &task, NULL);
	check(error != -ETIMEDOUT); /* inside a job nothing waits */
	note_result(child, error, timeout);
}

static void check_context(struct taskpool_context *context, const struct key *key)
{
	unsigned worker = taskpool_context_worker(context);
	const void *bytes;
	size_t length;

	bytes = taskpool_context_key(context, &length);
	check(taskpool_current() == context);
	check(taskpool_context_pool(context) == play.pool);
	check(worker < play.options.workers);
	check((bytes == NULL) == key->is_null);
	if (key->is_null)
		return;
	check(length == key->length && memcmp(bytes, key->bytes, length) == 0);
	if (play.options.placement == TASKPOOL_PINNED && play.options.hash == TASKPOOL_HASH_FNV1A)
		check(worker == fnv1a(bytes, length) % play.options.workers);
}

static void work(struct taskpool_context *context, unsigned kind)
{
	struct pollfd poll_fd = { .events = POLLIN };

	switch (kind) {
	case 0:
		sched_yield();
		break;
	case 1:
		taskpool_context_sleep(context, 20000);
		break;
	case 2:
		for (unsigned i = 0; i < 2000 && !taskpool_context_canceled(context); i++)
			;
		break;
	case 3:
		check(taskpool_wait(play.pool, TASKPOOL_FOREVER) == -EDEADLK);
		break;
	case 4:
		check(taskpool_stop(play.pool) == -EDEADLK);
		break;
	case 5:
		poll_fd.fd = taskpool_context_fd(context);
		check(poll_fd.fd >= 0);
		if (taskpool_context_canceled(context))
			check(poll(&poll_fd, 1, 60 * 1000) == 1);
		break;
	}
}

static void job_run(struct taskpool_context *context, void *arg)
{
	struct job *job = arg;
	struct key *key = job->key;

	check(job->ran++ == 0);
	if (!key->is_null) {
		check(!key->is_inside);
		key->is_inside = true;
	}
	if (!key->is_null && job->lane != NO_LANE) {
		check(key->next[job->lane] <= job->number);
		key->next[job->lane] = job->number + 1;
	}
	check_context(context, key);
	work(context, job->work);
	if (job->child)
		submit_child(job);
}

static void job_end(void *arg, int outcome)
{
	struct job *job = arg;

	check(outcome == TASKPOOL_RAN || outcome == TASKPOOL_CANCELED);
	check(job->ran == (outcome == TASKPOOL_RAN));
	check(outcome == TASKPOOL_RAN || play.stopped);
	check(taskpool_current() == NULL);
	if (outcome == TASKPOOL_RAN && !job->key->is_null) {
		check(job->key->is_inside);
		job->key->is_inside = false;
	}
	job->outcome = outcome;
	check(job->ended++ == 0);
	play.ended++;
}

/* `ended` is read first: what the job and its parent wrote is visible from there on. */
void check_job(struct job *job, bool all_ran)
{
	unsigned ended = job->ended;

	check(ended == job->accepted);
	check(job->outcome == (ended == 0 ? 0 : job->ran ? TASKPOOL_RAN : TASKPOOL_CANCELED));
	check(!all_ran || !job->accepted || job->ran);
}
