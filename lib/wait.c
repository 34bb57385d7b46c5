/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "alloc.h"
#include "clock.h"
#include "evict.h"
#include "internal.h"
#include "key.h"
#include "manual.h"
#include "waits.h"

static void watch(struct taskpool *pool, struct tpi_shard *shard, struct tpi_waiter *waiter,
		  struct tpi_gathering *gathering)
{
	waiter->gathering = gathering;
	waiter->strand = NULL;
	tpi_lock_take(&shard->lock);
	tpi_shard_drain(shard);
	tpi_shard_watch(shard, waiter, tpi_shard_unended(shard));
	tpi_crew_release(&pool->crew, shard);
}

/* After this no worker knows of the waiter or its gathering. */
static void unwatch(struct tpi_shard *shard, struct tpi_waiter *waiter)
{
	tpi_lock_take(&shard->lock);
	tpi_shard_unwatch(shard, waiter);
	tpi_lock_drop(&shard->lock);
}

/* Sleeps until all is gathered: 0, -ETIMEDOUT or -EDEADLK. */
static int sleep_over(struct tpi_gathering *gathering, struct tpi_wait *wait)
{
	bool in_time;

	if (tpi_gathering_over(gathering))
		return 0;
	if (wait->timeout == 0)
		return -ETIMEDOUT;
	if ((tpi_wait_refusable(wait->timeout) && tpi_manual_alone(wait->pool)) || !tpi_wait_enlist(wait))
		return -EDEADLK;
	in_time = tpi_gathering_wait(gathering, tpi_deadline(wait->timeout));
	tpi_wait_delist(wait);
	return in_time ? 0 : -ETIMEDOUT;
}

/* Waits for the jobs that all shards hold at the moment. */
static int gather(struct taskpool *pool, struct tpi_waiter *waiters, int64_t timeout)
{
	struct tpi_wait wait = {.kind = TPI_WAIT_POOL, .timeout = timeout, .pool = pool, .waiters = waiters};
	struct tpi_gathering gathering;
	unsigned count = pool->options.workers;
	int error = tpi_gathering_init(&gathering);

	if (error != 0)
		return error;
	for (unsigned i = 0; i < count; i++)
		watch(pool, &pool->shards[i], &waiters[i], &gathering);
	tpi_gathering_part(&gathering);
	error = sleep_over(&gathering, &wait);
	for (unsigned i = 0; i < count; i++)
		unwatch(&pool->shards[i], &waiters[i]);
	tpi_gathering_destroy(&gathering);
	return error;
}

static bool drain_shard(struct taskpool *pool, struct tpi_shard *shard, int64_t deadline)
{
	struct tpi_waiter waiter;
	struct tpi_gathering gathering;
	bool in_time;

	if (tpi_gathering_init(&gathering) != 0)
		return true;
	watch(pool, shard, &waiter, &gathering);
	tpi_gathering_part(&gathering);
	in_time = tpi_gathering_wait(&gathering, deadline);
	unwatch(shard, &waiter);
	tpi_gathering_destroy(&gathering);
	return in_time;
}

/*
 * Nothing comes in any more, so it does not matter when each shard's turn is, and one waiter will do. One that cannot
 * be set up, for which POSIX leaves room, waits for nothing: a stop goes on to wait for the threads.
 */
int tpi_pool_drain(struct taskpool *pool, int64_t deadline)
{
	for (unsigned i = 0; i < pool->options.workers; i++)
		if (!drain_shard(pool, &pool->shards[i], deadline))
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
	error = gather(pool, waiters, timeout);
	if (waiters != few)
		tpi_release(waiters);
	return error;
}

/* Under the shard's lock: how many jobs of the key have not ended. False: one is in this thread's own hands. */
static bool count_key(const struct tpi_key *key, uint64_t *unended)
{
	const struct tpi_strand *strand = key->strand;
	bool running = strand->state == TPI_STRAND_RUNNING;
	bool mine = running && tpi_frame_mine(strand->runner->frame);

	*unended = strand->waiting + (running ? 1 : 0);
	for (struct tpi_eviction *eviction = key->shard->evictions; eviction != NULL; eviction = eviction->next)
		if (eviction->strand == strand) {
			*unended += eviction->unended;
			mine = mine || tpi_frame_mine(&eviction->frame);
		}
	return !mine;
}

static int wait_for_key(struct tpi_key *key, struct tpi_gathering *gathering, int64_t timeout)
{
	struct tpi_waiter waiter = {.gathering = gathering, .strand = key->strand};
	struct tpi_wait wait = {.kind = TPI_WAIT_KEY, .timeout = timeout,
				.pool = key->pool, .shard = key->shard, .waiters = &waiter};
	uint64_t unended;
	int error;

	if (!count_key(key, &unended))
		return tpi_key_leave(key, -EDEADLK);
	tpi_shard_watch(key->shard, &waiter, unended);
	tpi_key_leave(key, 0);
	tpi_gathering_part(gathering);
	error = sleep_over(gathering, &wait);
	unwatch(key->shard, &waiter);
	return error;
}

TPI_EXPORT int taskpool_key_wait(struct taskpool *pool, const void *bytes, size_t len, int64_t timeout)
{
	struct tpi_gathering gathering;
	struct tpi_key key;
	int error = tpi_key_enter(&key, pool, bytes, len);

	if (error != 0)
		return error;
	if (key.strand == NULL)
		return tpi_key_leave(&key, 0);
	error = tpi_gathering_init(&gathering);
	if (error != 0)
		return tpi_key_leave(&key, error);
	error = wait_for_key(&key, &gathering, timeout);
	tpi_gathering_destroy(&gathering);
	return error;
}
