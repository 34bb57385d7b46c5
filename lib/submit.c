/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <limits.h>
#include <string.h>

#include "clock.h"
#include "enter.h"
#include "internal.h"
#include "manual.h"
#include "pool.h"
#include "probes.h"
#include "room.h"
#include "trace.h"

/* Fills in the record and names the home shard (any, without a key). False: no memory. */
static bool address(struct tpi_submission *submission)
{
	const struct taskpool_task *task = submission->task;
	struct tpi_record *record = &submission->record;

	record->call = (struct tpi_call){task->run, task->end, task->arg, 0};
	record->tag = 0;
	record->key_len = 0;
	record->flags = 0;
	if (task->key == NULL) {
		record->flags = TPI_LOOSE;
		return true;
	}
	submission->shard = tpi_pool_home(submission->pool, task->key, task->key_len, &record->tag);
	return tpi_record_set_key(record, task->key, task->key_len);
}

static bool loose(const struct tpi_submission *submission)
{
	return submission->record.flags & TPI_LOOSE;
}

/* Whether the ring will not do. */
static bool special(const struct tpi_submission *submission)
{
	const struct taskpool_options *options = &submission->pool->options;

	return submission->handle != NULL || submission->task->flags != 0 ||
	       (!loose(submission) && (options->key_capacity != UINT_MAX || options->key_interval > 0));
}

/* By the shard's lock. */
static enum tpi_put enter(struct tpi_submission *submission, bool past_bound)
{
	struct taskpool *pool = submission->pool;
	const struct taskpool_task *task = submission->task;
	struct tpi_shard *shard = &pool->shards[submission->shard];
	struct tpi_eviction eviction;
	struct tpi_entry entry = {.record = &submission->record, .handle = submission->handle, .eviction = &eviction,
				  .key_capacity = past_bound ? UINT_MAX : pool->options.key_capacity};
	enum tpi_put result;

	entry.replace = task->flags & TASKPOOL_REPLACE && task->delay == 0;
	if (!tpi_entry_prepare(&entry, past_bound,
			       !loose(submission) && (task->delay > 0 || pool->options.key_interval > 0)))
		return TPI_PUT_NO_MEMORY;
	tpi_lock_take(&shard->lock);
	result = tpi_shard_enter(shard, &entry);
	tpi_crew_release(&pool->crew, shard);
	tpi_entry_release(&entry);
	if (result != TPI_PUT_DONE || !entry.replaced)
		return result;
	tpi_pool_hold(pool);
	submission->held = true;
	return tpi_evict_end(&eviction, &pool->crew, pool) ? TPI_PUT_DONE : TPI_PUT_FORKED;
}

static enum tpi_put put(struct tpi_submission *submission, unsigned number)
{
	struct taskpool *pool = submission->pool;
	struct tpi_shard *shard = &pool->shards[number];
	enum tpi_put result;

	submission->shard = number;
	if (special(submission))
		return enter(submission, false);
	submission->record.call.stamp = tpi_inbox_timed(&shard->inbox) || tpi_traced() ? tpi_now() : 0;
	while ((result = tpi_inbox_put(&shard->inbox, &submission->record)) == TPI_PUT_CROWDED) {
		tpi_lock_take(&shard->lock);
		tpi_shard_drain(shard);
		tpi_crew_release(&pool->crew, shard);
	}
	return result;
}

enum tpi_put tpi_submission_try(struct tpi_submission *submission)
{
	struct taskpool *pool = submission->pool;
	unsigned first;
	enum tpi_put result = TPI_PUT_FULL;

	if (!loose(submission))
		return put(submission, submission->shard);
	first = atomic_fetch_add_explicit(&pool->next_loose, 1, memory_order_relaxed);
	for (unsigned i = 0; result == TPI_PUT_FULL && i < pool->crew.count; i++)
		result = put(submission, (first % pool->crew.count + i) % pool->crew.count);
	return result;
}

/* Where the queue is full: refuses, goes past the bound, or waits. */
static enum tpi_put insist(struct tpi_submission *submission, int64_t timeout)
{
	struct taskpool *pool = submission->pool;

	if (timeout == 0)
		return TPI_PUT_FULL;
	return tpi_inside(pool) ? enter(submission, true) : tpi_room_wait(submission, tpi_deadline(timeout));
}

static int error_of(enum tpi_put result, int64_t timeout)
{
	switch (result) {
	case TPI_PUT_DONE: return 0;
	case TPI_PUT_CLOSED: return -ECANCELED;
	case TPI_PUT_NO_MEMORY: return -ENOMEM;
	case TPI_PUT_FORKED: return -EOWNERDEAD;
	default: return timeout == 0 ? -EAGAIN : -ETIMEDOUT;
	}
}

static int place(struct tpi_submission *submission)
{
	struct taskpool *pool = submission->pool;
	int64_t timeout = submission->task->timeout;
	enum tpi_put result = tpi_submission_try(submission);
	int error;

	if (result == TPI_PUT_FULL && timeout < 0 && tpi_manual_alone(pool) && !tpi_inside(pool))
		return -EDEADLK;
	if (result == TPI_PUT_FULL)
		result = insist(submission, timeout);
	error = error_of(result, timeout);
	if (error == 0) {
		TPI_PROBE_SUBMIT(pool, submission->task->key, submission->task->key_len);
		tpi_crew_offer(&pool->crew, submission->shard, submission->record.tag);
		tpi_inbox_farewell(&pool->shards[submission->shard].inbox);
		if (submission->held)
			tpi_pool_drop(pool);
	}
	return error;
}

/* With a handle, if the caller wants one (`job`) or the job needs it. */
static int submit(struct taskpool *pool, const struct taskpool_task *task, struct taskpool_job **job)
{
	struct tpi_submission submission; /* the record is written by address */
	int error = 0;

	submission.pool = pool;
	submission.task = task;
	submission.handle = NULL;
	submission.held = false;
	if (!address(&submission))
		return -ENOMEM;
	if (job != NULL || task->delay > 0 || task->ttl > 0) {
		submission.handle = tpi_handle_new(pool, task);
		error = submission.handle != NULL ? 0 : -ENOMEM;
	}
	if (error == 0)
		error = place(&submission);
	if (error == 0 && job != NULL)
		*job = submission.handle;
	else
		taskpool_job_unref(submission.handle);
	if (error == 0 || error == -EOWNERDEAD)
		return error;
	taskpool_job_unref(submission.handle); /* the pool's own reference */
	tpi_record_drop_key(&submission.record);
	atomic_fetch_add_explicit(&pool->rejected, error != -ENOMEM, memory_order_relaxed);
	return error;
}

TPI_EXPORT int taskpool_submit(struct taskpool *pool, const char *key, taskpool_run_fn *run, void *arg)
{
	struct taskpool_task task = TASKPOOL_TASK_INIT;
	int error = tpi_pool_check(pool);

	if (error != 0)
		return error;
	if (run == NULL)
		return -EINVAL;
	task.key = key;
	task.key_len = key != NULL ? strlen(key) : 0;
	task.run = run;
	task.arg = arg;
	return task.key_len <= TASKPOOL_KEY_MAX ? submit(pool, &task, NULL) : -ENAMETOOLONG;
}

TPI_EXPORT int taskpool_submit_task(struct taskpool *pool, const struct taskpool_task *caller,
				    struct taskpool_job **job)
{
	struct taskpool_task task;
	int error = tpi_pool_check(pool);

	if (error == 0)
		error = tpi_task_read(&task, caller);
	return error == 0 ? submit(pool, &task, job) : error;
}

TPI_EXPORT int taskpool_submit_batch(struct taskpool *pool, const struct taskpool_task *tasks, size_t count,
				     size_t *accepted)
{
	const unsigned char *place = (const unsigned char *)tasks;
	struct taskpool_task task;
	size_t done = 0, stride = 0, size;
	int error = tpi_pool_check(pool);

	if (error == 0 && tasks == NULL && count > 0)
		error = -EINVAL;
	for (; error == 0 && done < count; place += stride) {
		memcpy(&size, place, sizeof(size));
		if (stride != 0 && size != stride)
			error = -EINVAL;
		stride = size;
		if (error == 0)
			error = tpi_task_read(&task, (const struct taskpool_task *)(const void *)place);
		if (error == 0)
			error = submit(pool, &task, NULL);
		done += error == 0;
	}
	if (accepted != NULL)
		*accepted = done;
	return error;
}
