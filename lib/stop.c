/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "clock.h"
#include "evict.h"
#include "internal.h"
#include "manual.h"
#include "pool.h"
#include "stats.h"
#include "waits.h"

void tpi_pool_close(struct taskpool *pool)
{
	tpi_lock_take(&pool->life);
	if (atomic_load_explicit(&pool->state, memory_order_relaxed) == TPI_POOL_NEW) {
		tpi_crew_stop(&pool->crew); /* there is nobody to drain it */
		tpi_pool_open_gate(pool, TPI_GATE_HOME);
	}
	atomic_store_explicit(&pool->state, TPI_POOL_STOPPED, memory_order_relaxed);
	tpi_lock_drop(&pool->life);
	for (unsigned i = 0; i < pool->options.workers; i++) {
		struct tpi_shard *shard = &pool->shards[i];

		tpi_inbox_close(&shard->inbox);
		/* Who waits for room now finds the inbox closed. */
		tpi_lock_take(&shard->lock);
		tpi_shard_room_changed(shard);
		tpi_lock_drop(&shard->lock);
	}
	atomic_fetch_add_explicit(&pool->anywhere.value, 1, memory_order_release);
	tpi_word_wake(&pool->anywhere, TPI_WAKE_ALL);
}

static void halt(struct tpi_shard *shard)
{
	tpi_lock_take(&shard->lock);
	shard->halted = true;
	tpi_lock_drop(&shard->lock);
}

/* Some strand that has jobs waiting, from this bucket on; NULL: none. */
static struct tpi_strand *waiting_strand(struct tpi_shard *shard, uint64_t *bucket)
{
	for (; *bucket <= shard->table.mask; (*bucket)++)
		for (struct tpi_strand *strand = shard->table.buckets[*bucket]; strand != NULL; strand = strand->chain)
			if (strand->waiting > 0)
				return strand;
	return shard->loose.waiting > 0 ? &shard->loose : NULL;
}

/*
 * Each job is taken out of its queue by one thread only, so its end is called once, however many stop the pool. False:
 * a forked child, in which nothing of the pool may be touched any more.
 */
static bool evict(struct taskpool *pool, struct tpi_shard *shard)
{
	struct tpi_eviction eviction;
	struct tpi_strand *strand;
	uint64_t bucket = 0;

	for (;;) {
		tpi_lock_take(&shard->lock);
		tpi_shard_drain(shard);
		strand = waiting_strand(shard, &bucket);
		if (strand != NULL)
			tpi_evict_strand(&eviction, shard, strand, TASKPOOL_CANCELED);
		tpi_crew_release(&pool->crew, shard);
		if (strand == NULL)
			return true;
		if (!tpi_evict_end(&eviction, &pool->crew, pool))
			return false;
	}
}

bool tpi_pool_cancel(struct taskpool *pool)
{
	unsigned workers = pool->options.workers;

	tpi_pool_close(pool);
	tpi_crew_stop(&pool->crew);
	for (unsigned i = 0; i < workers; i++)
		halt(&pool->shards[i]);
	/* No job starts any more: what is canceled now is what runs. */
	for (unsigned i = 0; i < workers; i++)
		tpi_context_cancel(&pool->workers[i].context);
	for (unsigned i = 0; i < workers; i++)
		if (!evict(pool, &pool->shards[i]))
			return false;
	return true;
}

void tpi_pool_join(struct taskpool *pool)
{
	uint32_t alive;

	/* Pairs with the subtraction in worker_main (start.c). */
	while ((alive = atomic_load_explicit(&pool->alive.value, memory_order_acquire)) != 0)
		tpi_word_wait(&pool->alive, alive, TPI_NEVER);
	tpi_lock_take(&pool->life);
	for (unsigned i = 0; !pool->joined && i < pool->started; i++) {
		if (pthread_equal(pool->threads[i], pthread_self()))
			pthread_detach(pool->threads[i]);
		else
			pthread_join(pool->threads[i], NULL);
	}
	pool->joined = true;
	tpi_lock_drop(&pool->life);
}

TPI_EXPORT int taskpool_request_stop(struct taskpool *pool)
{
	int error = tpi_pool_check(pool);

	if (error != 0)
		return error;
	tpi_pool_hold(pool);
	if (!tpi_pool_cancel(pool))
		return -EOWNERDEAD;
	tpi_pool_drop(pool);
	return 0;
}

TPI_EXPORT int taskpool_stop(struct taskpool *pool)
{
	return taskpool_shutdown(pool, 0, TASKPOOL_FOREVER, NULL);
}

/* Drains for so long, cancels, and waits for what runs. -EOWNERDEAD: a forked child. */
static int shut_down(struct taskpool *pool, int64_t drain, int64_t cancel)
{
	int error;

	tpi_pool_close(pool);
	if (drain != 0 && !tpi_crew_stopping(&pool->crew))
		tpi_pool_drain(pool, tpi_deadline(drain));
	if (!tpi_pool_cancel(pool))
		return -EOWNERDEAD;
	/* The limit is for the jobs: without any the workers are on their way home. */
	error = tpi_pool_drain(pool, tpi_deadline(cancel));
	if (error == 0)
		tpi_pool_join(pool);
	return error;
}

/* Whether there are jobs to be drained and nobody but this thread to run them. */
static bool never_drains(struct taskpool *pool)
{
	return tpi_manual_alone(pool) && !tpi_crew_stopping(&pool->crew) &&
	       atomic_load_explicit(&pool->state, memory_order_relaxed) != TPI_POOL_NEW &&
	       tpi_pool_drain(pool, tpi_now()) != 0;
}

TPI_EXPORT int taskpool_shutdown(struct taskpool *pool, int64_t drain, int64_t cancel, struct taskpool_report *report)
{
	/* The timeout is below 0 if one of them is, and 0 if both are: more is not asked. */
	struct tpi_wait wait = {.kind = drain < 0 ? TPI_WAIT_DRAIN : TPI_WAIT_STOP,
				.timeout = drain < 0 || cancel == 0 ? drain : cancel, .pool = pool};
	int error = tpi_pool_check(pool);

	if (error != 0)
		return error;
	if (report != NULL && report->size < sizeof(report->size))
		return -EINVAL;
	if (tpi_inside(pool) || (drain < 0 && never_drains(pool)) || !tpi_wait_enlist(&wait))
		return -EDEADLK;
	tpi_pool_hold(pool);
	error = shut_down(pool, drain, cancel);
	if (error == -EOWNERDEAD)
		return error;
	tpi_wait_delist(&wait);
	if (report != NULL)
		tpi_stats_report(pool, report);
	tpi_pool_drop(pool);
	return error;
}
