/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "alloc.h"
#include "clock.h"
#include "internal.h"
#include "pool.h"

static void watch(struct tpi_shard *shard, struct tpi_waiter *waiter, struct tpi_gathering *gathering)
{
	waiter->gathering = gathering;
	tpi_lock_take(&shard->lock);
	tpi_shard_watch(shard, waiter);
	tpi_lock_drop(&shard->lock);
}

/* After this no worker knows of the waiter or its gathering. */
static void unwatch(struct tpi_shard *shard, struct tpi_waiter *waiter)
{
	tpi_lock_take(&shard->lock);
	tpi_shard_unwatch(shard, waiter);
	tpi_lock_drop(&shard->lock);
}

/* Waits for the jobs that these shards hold at the moment. */
static int gather(struct tpi_shard *shards, struct tpi_waiter *waiters, unsigned count, int64_t deadline)
{
	struct tpi_gathering gathering;
	int error = tpi_gathering_init(&gathering);

	if (error != 0)
		return error;
	for (unsigned i = 0; i < count; i++)
		watch(&shards[i], &waiters[i], &gathering);
	tpi_gathering_part(&gathering);
	if (!tpi_gathering_wait(&gathering, deadline))
		error = -ETIMEDOUT;
	for (unsigned i = 0; i < count; i++)
		unwatch(&shards[i], &waiters[i]);
	tpi_gathering_destroy(&gathering);
	return error;
}

/*
 * Nothing comes in any more, so it does not matter when each shard's turn is, and one waiter will do. One that cannot
 * be set up, for which POSIX leaves room, waits for nothing: a stop goes on to wait for the threads.
 */
int tpi_pool_drain(struct taskpool *pool, int64_t deadline)
{
	struct tpi_waiter waiter;

	for (unsigned i = 0; i < pool->options.workers; i++)
		if (gather(&pool->shards[i], &waiter, 1, deadline) == -ETIMEDOUT)
			return -ETIMEDOUT;
	return 0;
}

TPI_EXPORT int taskpool_wait(struct taskpool *pool, int64_t timeout)
{
	struct tpi_waiter few[16], *waiters = few;
	unsigned count;
	int error = tpi_pool_check(pool);

	if (error != 0)
		return error;
	if (tpi_inside(pool))
		return -EDEADLK;
	count = pool->options.workers;
	if (count > sizeof(few) / sizeof(few[0]))
		waiters = tpi_alloc(count * sizeof(*waiters));
	if (waiters == NULL)
		return -ENOMEM;
	error = gather(pool->shards, waiters, count, tpi_deadline(timeout));
	if (waiters != few)
		tpi_release(waiters);
	return error;
}
