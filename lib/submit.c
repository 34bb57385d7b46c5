/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <limits.h>
#include <string.h>

#include "clock.h"
#include "hash.h"
#include "internal.h"
#include "pool.h"
#include "room.h"

/* Fills in the record and names the home shard (any, without a key). False: no memory for a long key. */
static bool address(struct tpi_submission *submission, const struct taskpool_task *task)
{
	struct taskpool *pool = submission->pool;
	struct tpi_record *record = &submission->record;
	uint64_t hash;

	record->call = (struct tpi_call){task->run, task->end, task->arg, 0};
	record->tag = 0;
	record->key_len = 0;
	record->flags = 0;
	if (task->key == NULL) {
		record->flags = TPI_LOOSE;
		return true;
	}
	if (pool->options.hash == TASKPOOL_HASH_SIPHASH) {
		record->tag = tpi_siphash(pool->seed, task->key, task->key_len);
		hash = record->tag >> 32;
	} else {
		record->tag = tpi_fold_hash(pool->seed, task->key, task->key_len);
		hash = pool->crew.count > 1 ? tpi_fnv1a(task->key, task->key_len) : 0;
	}
	submission->shard = (unsigned)((uint32_t)hash % pool->crew.count);
	return tpi_record_set_key(record, task->key, task->key_len);
}

static enum tpi_put put(struct tpi_submission *submission, unsigned number)
{
	struct taskpool *pool = submission->pool;
	struct tpi_shard *shard = &pool->shards[number];
	enum tpi_put result;

	submission->shard = number;
	if (pool->options.key_capacity != UINT_MAX && !(submission->record.flags & TPI_LOOSE)) {
		submission->record.call.stamp = tpi_now();
		return tpi_shard_enter(shard, &submission->record, pool->options.key_capacity, false);
	}
	submission->record.call.stamp = tpi_inbox_timed(&shard->inbox) ? tpi_now() : 0;
	while ((result = tpi_inbox_put(&shard->inbox, &submission->record)) == TPI_PUT_CROWDED) {
		tpi_lock_take(&shard->lock);
		tpi_shard_drain(shard);
		tpi_lock_drop(&shard->lock);
	}
	return result;
}

enum tpi_put tpi_submission_try(struct tpi_submission *submission)
{
	struct taskpool *pool = submission->pool;
	unsigned first;
	enum tpi_put result = TPI_PUT_FULL;

	if (!(submission->record.flags & TPI_LOOSE))
		return put(submission, submission->shard);
	first = atomic_fetch_add_explicit(&pool->next_loose, 1, memory_order_relaxed);
	for (unsigned i = 0; result == TPI_PUT_FULL && i < pool->crew.count; i++)
		result = put(submission, (first % pool->crew.count + i) % pool->crew.count);
	return result;
}

/* Where the queue is full: refuses, goes past the bound, or waits. */
static int insist(struct tpi_submission *submission, int64_t timeout)
{
	struct taskpool *pool = submission->pool;

	if (timeout == 0)
		return -EAGAIN;
	if (!tpi_inside(pool))
		return tpi_room_wait(submission, tpi_deadline(timeout));
	submission->record.call.stamp = tpi_now();
	switch (tpi_shard_enter(&pool->shards[submission->shard], &submission->record, UINT_MAX, true)) {
	case TPI_PUT_DONE: return 0;
	case TPI_PUT_CLOSED: return -ECANCELED;
	default: return -ENOMEM;
	}
}

static int submit(struct taskpool *pool, const struct taskpool_task *task)
{
	struct tpi_submission submission;
	int error = 0;

	submission.pool = pool;
	if (!address(&submission, task))
		return -ENOMEM;
	switch (tpi_submission_try(&submission)) {
	case TPI_PUT_DONE:
		break;
	case TPI_PUT_CLOSED:
		error = -ECANCELED;
		break;
	default:
		error = insist(&submission, task->timeout);
	}
	if (error == 0) {
		tpi_crew_offer(&pool->crew, submission.shard, submission.record.tag);
		tpi_inbox_farewell(&pool->shards[submission.shard].inbox);
		return 0;
	}
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
	return task.key_len <= TASKPOOL_KEY_MAX ? submit(pool, &task) : -ENAMETOOLONG;
}

TPI_EXPORT int taskpool_submit_task(struct taskpool *pool, const struct taskpool_task *caller,
				    struct taskpool_job **job)
{
	struct taskpool_task task;
	int error = tpi_pool_check(pool);

	if (error == 0)
		error = tpi_task_read(&task, caller);
	if (error == 0 && job != NULL)
		error = -ENOTSUP;
	return error == 0 ? submit(pool, &task) : error;
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
			error = submit(pool, &task);
		done += error == 0;
	}
	if (accepted != NULL)
		*accepted = done;
	return error;
}
