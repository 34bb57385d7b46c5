/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "ends_jobs.h"

struct play play;
_Thread_local unsigned canceled_here;

static taskpool_run_fn job_run;
static taskpool_end_fn job_end;

/* ---- Chance ---- */

struct field *random_field(uint64_t *state)
{
	return &play.field[random_below(state, play.fields)];
}

struct key *random_key(struct field *field, uint64_t *state)
{
	return &field->key[random_below(state, field->keys)];
}

struct job *random_job(uint64_t *state)
{
	unsigned i = random_below(state, play.jobs);

	return &play.job[random_below(state, play.submitters)][random_below(state, 5) ? i : MAX_JOBS + i];
}

void choose_job(struct job *job, uint64_t *state)
{
	job->field = random_field(state);
	job->key = random_below(state, 8) ? random_key(job->field, state) : &job->field->key[MAX_KEYS];
	job->work = random_below(state, 60);
	job->child_in_end = random_below(state, 2);
	job->with_handle = random_below(state, 2);
	job->timeout = TASKPOOL_FOREVER;
	if (random_below(state, 4) == 0)
		job->timeout = random_below(state, 2) ? 0 : 1 + random_below(state, 200000);
	if (random_below(state, 6) == 0)
		job->delay = 1 + random_below(state, 300000);
	if (random_below(state, 6) == 0)
		job->ttl = 1 + random_below(state, random_below(state, 2) ? 2000 : 500000);
	if (random_below(state, 5) == 0 && !job->key->is_null)
		job->flags = TASKPOOL_REPLACE;
}

/* ---- Submitting ---- */

static struct taskpool_task job_task(struct job *job)
{
	struct taskpool_task task = make_task(NULL, job_run, job);

	if (!job->key->is_null) {
		task.key = job->key->bytes;
		task.key_len = job->key->length;
	}
	task.end = job_end;
	task.flags = job->flags;
	task.timeout = job->timeout;
	task.delay = job->delay;
	task.ttl = job->ttl;
	job->submitted = now();
	return task;
}

static void note_result(struct job *job, int error)
{
	job->accepted = error == 0;
	if (error == 0) {
		job->key->accepted++;
		job->field->accepted++;
	}
	check(error == 0 || error == -EAGAIN || error == -ETIMEDOUT || error == -ECANCELED);
	check(error != -EAGAIN || job->timeout == 0);
	check(error != -ETIMEDOUT || job->timeout > 0);
	check(error != -ECANCELED || job->field->stopped);
}

static void submit_one(struct job *job)
{
	struct taskpool_task task = job_task(job);
	struct taskpool_job *handle = NULL;
	int error = taskpool_submit_task(job->field->pool, &task, job->with_handle ? &handle : NULL);

	check((handle != NULL) == (job->with_handle && error == 0));
	note_result(job, error);
	job->handle = handle;
}

/* Which of the submitter's own jobs come before this one. */
static void take_place(struct job *job, struct job *(*last)[MAX_KEYS])
{
	struct job **mine = &last[job->field - play.field][job->key - job->field->key];

	if (job->key->is_null || job->delay > 0)
		return;
	job->previous = *mine;
	*mine = job;
}

static void lose_place(struct job *job, struct job *(*last)[MAX_KEYS])
{
	struct job **mine = &last[job->field - play.field][job->key - job->field->key];

	if (!job->key->is_null && *mine == job)
		*mine = job->previous;
}

unsigned submit_jobs(struct job *jobs, unsigned count, struct job *(*last)[MAX_KEYS])
{
	struct taskpool_task tasks[MAX_BATCH];
	size_t accepted = 0;
	int error;

	for (unsigned i = 0; i < count; i++) { /* a batch has one pool */
		if (i > 0 && jobs[i].field != jobs[0].field)
			count = i;
		else
			take_place(&jobs[i], last);
	}
	if (count == 1) {
		submit_one(jobs);
	} else {
		for (unsigned i = 0; i < count; i++)
			tasks[i] = job_task(&jobs[i]);
		error = taskpool_submit_batch(jobs[0].field->pool, tasks, count, &accepted);
		check((error == 0) == (accepted == count));
		for (unsigned i = 0; i < accepted; i++)
			note_result(&jobs[i], 0);
		if (error)
			note_result(&jobs[accepted], error);
	}
	for (unsigned i = count; i-- > 0;)
		if (!jobs[i].accepted)
			lose_place(&jobs[i], last);
	return count;
}

/* ---- What jobs and other threads do to jobs and keys ---- */

void cancel_job(struct job *job)
{
	struct taskpool_job *handle = job->handle;
	unsigned before = canceled_here;
	int error;

	if (!handle)
		return;
	job->field->cancels = true;
	error = taskpool_job_cancel(handle);
	check(error == 0 || error == -EBUSY || error == -EALREADY);
	check(canceled_here - before == (error == 0));
	if (error == 0) {
		check(job->ended == 1 && job->outcome == TASKPOOL_CANCELED && job->ender == &canceled_here);
		check(taskpool_job_outcome(handle) == TASKPOOL_CANCELED);
		check(taskpool_job_wait(handle, 0) == 0);
	}
	if (error == -EBUSY)
		job->was_busy = true;
}

void cancel_key(struct field *field, struct key *key)
{
	unsigned before = canceled_here;
	int count;

	field->cancels = true;
	count = taskpool_key_cancel(field->pool, key->bytes, key->length);
	check(count >= 0 && canceled_here - before == (unsigned)count);
}

void pause_key(struct field *field, struct key *key)
{
	pthread_mutex_lock(&field->lock);
	if (!field->closing) {
		check(taskpool_key_pause(field->pool, key->bytes, key->length) == 0);
		key->pauses++;
	}
	pthread_mutex_unlock(&field->lock);
}

bool resume_key(struct field *field, struct key *key)
{
	unsigned pauses = key->pauses;

	while (pauses > 0)
		if (atomic_compare_exchange_weak(&key->pauses, &pauses, pauses - 1)) {
			check(taskpool_key_resume(field->pool, key->bytes, key->length) == 0);
			return true;
		}
	return false;
}

/* Inside a job a wait may be refused. */
static void check_wait(int error, int64_t timeout, bool inside)
{
	check(error == 0 || (error == -ETIMEDOUT && timeout >= 0) || (error == -EDEADLK && inside));
}

void wait_timed(struct job *job, struct field *field, struct key *key, uint64_t *state, bool inside)
{
	int64_t timeout = random_below(state, 3) ? random_below(state, 100000) : 0;
	unsigned long accepted = field->accepted;
	unsigned of_key = key->accepted;
	struct taskpool_job *handle = job->handle;
	int error;

	switch (random_below(state, 3)) {
	case 0:
		if (!handle)
			break;
		error = taskpool_job_wait(handle, timeout);
		check_wait(error, timeout, inside);
		check(error != 0 || (job->ended == 1 && taskpool_job_outcome(handle) == job->outcome));
		break;
	case 1:
		error = taskpool_key_wait(field->pool, key->bytes, key->length, timeout);
		check_wait(error, timeout, inside);
		check(error != 0 || key->ended >= of_key);
		break;
	default:
		error = taskpool_wait(field->pool, timeout);
		check_wait(error, timeout, inside);
		check(error != 0 || field->ended >= accepted);
	}
}

static void wait_for_ever(struct job *job)
{
	struct taskpool_job *handle = job->handle;
	int error;

	if (!handle)
		return;
	error = taskpool_job_wait(handle, TASKPOOL_FOREVER);
	check_wait(error, TASKPOOL_FOREVER, true);
	check(error != 0 || job->ended == 1);
}

/* ---- Inside ---- */

static void work(struct taskpool_context *context, struct job *job)
{
	uint64_t state = round_seed + (uintptr_t)(job - play.job[0]);
	struct key *key = random_key(job->field, &state);
	struct job *other = random_job(&state);

	if (!job->key->is_null && random_below(&state, 2))
		key = job->key;
	switch (job->work) {
	case 0: case 1: case 2:
		sched_yield();
		break;
	case 3: case 4: case 5:
		taskpool_context_sleep(context, 20 * US);
		break;
	case 6: case 7:
		cancel_job(other);
		break;
	case 8:
		cancel_key(job->field, key);
		break;
	case 9: case 10:
		pause_key(job->field, key);
		break;
	case 11: case 12:
		wait_timed(other, job->field, key, &state, true);
		break;
	case 13:
		wait_for_ever(other);
		break;
	case 14:
		check(taskpool_key_limit(job->field->pool, key->bytes, key->length, 20 * US, 2) == 0);
		break;
	default:
		break;
	}
}

/* Into its own pool a job submits without waiting; into another one with little patience. */
static void submit_child(struct job *parent)
{
	struct job *child = parent->child;

	if (child->field != parent->field && child->timeout != 0)
		child->timeout = 50 * US;
	submit_one(child);
	check(child->accepted || child->field != parent->field || child->timeout == 0 || child->field->stopped);
}

static void job_run(struct taskpool_context *context, void *arg)
{
	struct job *job = arg;
	struct key *key = job->key;

	check(job->ran++ == 0);
	check(now() - job->submitted >= job->delay);
	if (!key->is_null) {
		check(!key->is_inside);
		key->is_inside = true;
	}
	for (const struct job *previous = job->previous; previous; previous = previous->previous)
		check(previous->ended == 1);
	check(taskpool_current() == context && taskpool_context_pool(context) == job->field->pool);
	work(context, job);
	if (job->child && !job->child_in_end)
		submit_child(job);
}

static void check_outcome(struct job *job, int outcome)
{
	check(outcome >= TASKPOOL_RAN && outcome <= TASKPOOL_REPLACED);
	check(job->ran == (outcome == TASKPOOL_RAN));
	check(outcome != TASKPOOL_CANCELED || job->field->cancels || job->field->stopped);
	check(outcome != TASKPOOL_EXPIRED || (job->ttl > 0 && now() - job->submitted >= job->ttl));
	check(outcome != TASKPOOL_REPLACED || (job->flags && job->delay == 0));
	check(taskpool_current() == NULL);
}

static void job_end(void *arg, int outcome)
{
	struct job *job = arg;
	struct key *key = job->key;

	check_outcome(job, outcome);
	if (job->child && job->child_in_end)
		submit_child(job);
	if (outcome == TASKPOOL_RAN && !key->is_null) {
		check(key->is_inside);
		key->is_inside = false;
	}
	if (outcome == TASKPOOL_CANCELED)
		canceled_here++;
	job->field->outcomes[outcome]++;
	job->ender = &canceled_here;
	job->outcome = outcome;
	check(job->ended++ == 0);
	key->ended++;
	job->field->ended++;
}

/* `ended` is read first: what the job and its parent wrote is visible from there on. */
void check_job(struct job *job)
{
	struct taskpool_job *handle = job->handle;
	unsigned ended = job->ended;

	check(ended == job->accepted);
	check(job->accepted || job->ran == 0);
	check((job->outcome != 0) == (ended == 1));
	check(!job->was_busy || job->outcome == TASKPOOL_RAN);
	if (!handle)
		return;
	check(taskpool_job_outcome(handle) == job->outcome);
	check(taskpool_job_wait(handle, TASKPOOL_FOREVER) == 0);
	check(taskpool_job_cancel(handle) == -EALREADY);
	taskpool_job_unref(handle);
}
