/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <limits.h>
#ifdef HAVE_SYS_SINGLE_THREADED_H
#include <sys/single_threaded.h>
#endif

#include "agenda.h"
#include "clock.h"
#include "internal.h"
#include "manual.h"
#include "ready.h"

bool tpi_manual_alone(const struct taskpool *pool)
{
#ifdef HAVE_SYS_SINGLE_THREADED_H
	return pool->options.flags & TASKPOOL_MANUAL && __libc_single_threaded;
#else
	(void)pool;
	return false;
#endif
}

/* SplitMix64 (Steele, Lea, Flood): each draw is a function of the seed and of how many came before. */
static uint64_t draw(struct taskpool *pool)
{
	uint64_t z = atomic_fetch_add_explicit(&pool->random, 0x9e3779b97f4a7c15, memory_order_relaxed);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static uint64_t count_ready(struct taskpool *pool)
{
	uint64_t ready = 0;

	for (unsigned i = 0; i < pool->options.workers; i++) {
		struct tpi_shard *shard = &pool->shards[i];

		tpi_lock_take(&shard->lock);
		tpi_shard_refresh(shard);
		if (!shard->halted)
			ready += atomic_load_explicit(&shard->ready, memory_order_relaxed);
		tpi_crew_release(&pool->crew, shard);
	}
	return ready;
}

/* Takes a job of the `*index`th ready key, counting this shard's; false: they are fewer, and are subtracted. */
static bool take_nth(struct tpi_worker *worker, struct tpi_shard *shard, uint64_t *index)
{
	uint64_t ready;
	bool found;

	tpi_lock_take(&shard->lock);
	ready = shard->halted ? 0 : atomic_load_explicit(&shard->ready, memory_order_relaxed);
	found = *index < ready;
	if (found) {
		tpi_turn_take_strand(shard, &worker->turn, tpi_pick_nth(shard, *index));
		tpi_context_renew(&worker->context);
	} else {
		*index -= ready;
	}
	tpi_crew_release(worker->crew, shard);
	return found;
}

/* A job of a key that the seed picks; without a seed the shards take turns, and in each the keys. */
static bool take_any(struct taskpool *pool, struct tpi_worker *worker)
{
	uint64_t ready, index;

	while ((ready = count_ready(pool)) > 0) {
		unsigned count = pool->options.workers, first = 0;

		index = 0;
		if (pool->options.seed != 0)
			index = draw(pool) % ready;
		else
			first = atomic_fetch_add_explicit(&pool->next_shard, 1, memory_order_relaxed) % count;
		for (unsigned i = 0; i < count; i++)
			if (take_nth(worker, &pool->shards[(first + i) % count], &index))
				return true;
	}
	return false;
}

/* Sleeps until there may be a job. False: the time is over, or the pool stops. */
static bool await(struct taskpool *pool, struct tpi_worker *worker, int64_t deadline)
{
	struct tpi_crew *crew = &pool->crew;
	bool go_on;

	if (tpi_crew_stopping(crew) || (deadline != TPI_NEVER && deadline <= tpi_now()))
		return false;
	tpi_crew_search(crew);
	go_on = tpi_crew_park(crew, worker->number, deadline);
	tpi_crew_found(crew);
	return go_on;
}

static void finish(struct tpi_worker *worker, int64_t ns)
{
	struct tpi_shard *shard = worker->turn.shard;
	struct taskpool_job *handle = worker->turn.handle;

	tpi_lock_take(&shard->lock);
	tpi_turn_end(shard, &worker->turn, ns);
	tpi_turn_release(shard, &worker->turn);
	tpi_crew_release(worker->crew, shard);
	if (handle != NULL)
		tpi_handle_part(handle);
}

/* How many ran, or -EOWNERDEAD in a forked child. */
static int run_jobs(struct taskpool *pool, struct tpi_worker *worker, size_t max_jobs, int64_t deadline)
{
	size_t ran = 0;
	int64_t ns;

	while (ran < max_jobs) {
		if (!tpi_worker_tend(worker))
			return -EOWNERDEAD;
		if (take_any(pool, worker)) {
			ran += worker->turn.outcome == TASKPOOL_RAN;
			if (!tpi_worker_perform(worker, &ns))
				return -EOWNERDEAD;
			finish(worker, ns);
		} else if (ran > 0 || !await(pool, worker, deadline)) {
			break;
		}
	}
	return (int)ran;
}

/* A worker's place that nobody has. NULL: all are taken until the deadline. */
static struct tpi_worker *claim(struct taskpool *pool, int64_t deadline)
{
	bool in_time = true;

	for (;;) {
		/* Pairs with the addition in vacate. */
		uint32_t seen = atomic_load_explicit(&pool->vacated.value, memory_order_acquire);

		for (unsigned i = 0; i < pool->options.workers; i++)
			if (!atomic_exchange_explicit(&pool->workers[i].busy, true, memory_order_acq_rel))
				return &pool->workers[i];
		if (!in_time)
			return NULL;
		in_time = tpi_word_wait(&pool->vacated, seen, deadline);
	}
}

static void vacate(struct taskpool *pool, struct tpi_worker *worker)
{
	atomic_store_explicit(&worker->busy, false, memory_order_release);
	atomic_fetch_add_explicit(&pool->vacated.value, 1, memory_order_release);
	tpi_word_wake(&pool->vacated, TPI_WAKE_ALL); /* one alone might just give up */
}

/* Until the pool is started, or stopped. False: not by the deadline. */
static bool await_start(struct taskpool *pool, int64_t deadline)
{
	bool in_time = true;

	/* Pairs with the stores of tpi_pool_open_gate. */
	while (in_time && atomic_load_explicit(&pool->gate.value, memory_order_acquire) == TPI_GATE_SHUT)
		in_time = tpi_word_wait(&pool->gate, TPI_GATE_SHUT, deadline);
	return in_time;
}

/* What is left when a thread goes is for the next sleeper, or for the event loop. */
static void hand_over(struct taskpool *pool)
{
	for (unsigned i = 0; i < pool->options.workers; i++)
		if (tpi_shard_promising(&pool->shards[i])) {
			tpi_crew_offer(&pool->crew, i, 0);
			break;
		}
	tpi_crew_arm_bell(&pool->crew);
}

static int run_as_worker(struct taskpool *pool, size_t max_jobs, int64_t deadline)
{
	struct tpi_worker *worker = await_start(pool, deadline) ? claim(pool, deadline) : NULL;
	int ran;

	if (worker == NULL) {
		tpi_crew_arm_bell(&pool->crew); /* it may have rung for this call */
		return 0;
	}
	tpi_frame_push(&worker->frame, pool);
	ran = run_jobs(pool, worker, max_jobs, deadline);
	if (ran < 0)
		return ran;
	tpi_frame_pop(&worker->frame);
	vacate(pool, worker);
	hand_over(pool);
	return ran;
}

TPI_EXPORT int taskpool_run(struct taskpool *pool, size_t max_jobs, int64_t timeout)
{
	int error = tpi_pool_check(pool), ran;

	if (error != 0)
		return error;
	if (!(pool->options.flags & TASKPOOL_MANUAL))
		return -EINVAL;
	if (tpi_inside(pool))
		return -EDEADLK;
	tpi_pool_hold(pool);
	ran = run_as_worker(pool, max_jobs > 0 && max_jobs < INT_MAX ? max_jobs : INT_MAX, tpi_deadline(timeout));
	if (ran >= 0)
		tpi_pool_drop(pool);
	return ran;
}

TPI_EXPORT int taskpool_fd(struct taskpool *pool)
{
	int error = tpi_pool_check(pool);

	if (error != 0)
		return error;
	if (!(pool->options.flags & TASKPOOL_MANUAL))
		return -EINVAL;
	return tpi_crew_bell(&pool->crew);
}
