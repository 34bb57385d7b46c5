/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "agenda.h"
#include "evict.h"
#include "waits.h"

/* All waits that are enlisted, in every pool of the process. */
static struct tpi_lock lock;
static struct tpi_wait *all;

static void reset(void)
{
	all = NULL;
	tpi_lock_init(&lock);
}

/* In a forked child nobody waits, and the lock is free whoever had it. */
__attribute__((constructor)) static void prepare(void)
{
	reset();
	tpi_fork_watch(reset);
}

/* ---- Frames of threads whose wait is not able ---- */

struct stuck {
	struct tpi_wait *wait;
	struct tpi_frame *frame;
};

static bool next_stuck(struct stuck *stuck)
{
	if (stuck->frame != NULL)
		stuck->frame = stuck->frame->outer;
	while (stuck->frame == NULL) {
		stuck->wait = stuck->wait != NULL ? stuck->wait->next : all;
		if (stuck->wait == NULL)
			return false;
		if (!stuck->wait->able)
			stuck->frame = stuck->wait->frames;
	}
	return true;
}

static bool is_stuck(const struct tpi_frame *frame)
{
	struct stuck stuck = {NULL, NULL};

	while (next_stuck(&stuck))
		if (stuck.frame == frame)
			return true;
	return false;
}

/* Not before the start, which may come; nor in a stop, which cancels what waits. While a pool drains it does. */
static bool depends_on_workers(struct taskpool *pool)
{
	return atomic_load_explicit(&pool->state, memory_order_relaxed) != TPI_POOL_NEW &&
	       !tpi_crew_stopping(&pool->crew);
}

/* Whether some worker is free now or some day: one that can end what has expired. */
static bool any_worker_comes(struct taskpool *pool)
{
	bool manual = pool->options.flags & TASKPOOL_MANUAL, any = false;

	if (!depends_on_workers(pool))
		return true;
	for (unsigned i = 0; i < pool->options.workers; i++) {
		struct tpi_worker *worker = &pool->workers[i];

		if (manual && !atomic_load_explicit(&worker->busy, memory_order_acquire))
			continue;
		any = true;
		if (!is_stuck(&worker->frame))
			return true;
	}
	return !any; /* a manual pool that nobody runs at the moment */
}

/* Whether one comes that may run a job of the shard. */
static bool worker_comes(struct taskpool *pool, struct tpi_shard *shard)
{
	if (!pool->crew.pinned || !depends_on_workers(pool))
		return any_worker_comes(pool);
	return !is_stuck(&pool->workers[shard - pool->shards].frame);
}

/* ---- Under a shard's lock: whether jobs are kept from ending; those up to the epoch `mark` matter ---- */

static bool frees_itself(const struct tpi_job *job)
{
	return job->handle != NULL && job->handle->expires != TPI_NEVER;
}

/*
 * Whether a job that matters stands in the queue after `place` (NULL: anywhere), or is delayed; one with a ttl only
 * matters if `mortal`.
 */
static bool any_waiting(struct tpi_shard *shard, struct tpi_strand *strand, const struct tpi_job *place,
			uint64_t mark, bool mortal)
{
	bool passed = place == NULL;
	struct tpi_job *job = strand->last;

	while (job != NULL) {
		job = job->next;
		if (passed && !job->barrier && job->epoch <= mark && (mortal || !frees_itself(job)))
			return true;
		passed = passed || job == place;
		if (job == strand->last)
			break;
	}
	if (!(strand->flags & TPI_STRAND_LOOSE) && !strand->ruled)
		return false;
	for (struct taskpool_job *handle = *tpi_shard_delayed(shard, strand); handle != NULL; handle = handle->next)
		if (handle->job->epoch <= mark && (mortal || !frees_itself(handle->job)))
			return true;
	return false;
}

static bool turn_keeps(struct tpi_shard *shard, const struct tpi_turn *turn, const struct tpi_strand *strand,
		       uint64_t mark)
{
	if (turn == NULL || turn->strand == NULL || turn->shard != shard ||
	    (strand != NULL && turn->strand != strand))
		return false;
	return turn->epoch <= mark || (!(turn->strand->flags & TPI_STRAND_LOOSE) &&
				       any_waiting(shard, turn->strand, NULL, mark, false));
}

static bool eviction_keeps(struct tpi_shard *shard, const struct tpi_eviction *eviction,
			   const struct tpi_strand *strand, uint64_t mark)
{
	if (eviction == NULL || eviction->shard != shard || (strand != NULL && eviction->strand != strand))
		return false;
	if (eviction->in_hand && eviction->epoch <= mark)
		return true;
	for (const struct tpi_job *job = eviction->jobs; job != NULL; job = job->next)
		if (job->epoch <= mark)
			return true;
	return !(eviction->strand->flags & TPI_STRAND_LOOSE) &&
	       any_waiting(shard, eviction->strand, &eviction->barrier, mark, false);
}

/* The same for one strand, or all (NULL). */
static bool any_waiting_in(struct tpi_shard *shard, struct tpi_strand *strand, uint64_t mark, bool mortal)
{
	if (strand != NULL)
		return any_waiting(shard, strand, NULL, mark, mortal);
	for (uint64_t i = 0; i <= shard->table.mask; i++)
		for (strand = shard->table.buckets[i]; strand != NULL; strand = strand->chain)
			if (any_waiting(shard, strand, NULL, mark, mortal))
				return true;
	return any_waiting(shard, &shard->loose, NULL, mark, mortal);
}

/* Whether all jobs that the waiter counts can end. */
static bool waiter_able(struct taskpool *pool, struct tpi_shard *shard, const struct tpi_waiter *waiter)
{
	struct tpi_strand *strand = waiter->strand;
	struct stuck stuck = {NULL, NULL};

	if (!waiter->listed || waiter->remaining == 0)
		return true;
	while (next_stuck(&stuck))
		if (turn_keeps(shard, stuck.frame->turn, strand, waiter->mark) ||
		    eviction_keeps(shard, stuck.frame->eviction, strand, waiter->mark))
			return false;
	if (shard->halted)
		return true;
	return (any_worker_comes(pool) || !any_waiting_in(shard, strand, waiter->mark, true)) &&
	       (worker_comes(pool, shard) || !any_waiting_in(shard, strand, waiter->mark, false));
}

/* Whether a waiting job stands behind what the frame holds. */
static bool stands_behind(const struct taskpool_job *handle, const struct tpi_frame *frame)
{
	const struct tpi_eviction *eviction = frame->eviction;
	const struct tpi_job *job = handle->job;

	if (handle->strand->flags & TPI_STRAND_LOOSE)
		return false;
	if (frame->turn != NULL && frame->turn->strand == handle->strand)
		return true;
	if (eviction == NULL || eviction->strand != handle->strand)
		return false;
	while (!handle->delayed && job != handle->strand->last->next && job != &eviction->barrier)
		job = job->prev;
	return handle->delayed || job == &eviction->barrier;
}

static bool waiting_job_able(struct taskpool *pool, struct taskpool_job *handle)
{
	struct stuck stuck = {NULL, NULL};

	if (handle->shard->halted)
		return true;
	if (frees_itself(handle->job))
		return any_worker_comes(pool);
	while (next_stuck(&stuck))
		if (stands_behind(handle, stuck.frame))
			return false;
	return worker_comes(pool, handle->shard);
}

/* ---- Waits ---- */

static bool shard_able(struct taskpool *pool, struct tpi_shard *shard, const struct tpi_waiter *waiter)
{
	bool able;

	tpi_lock_take(&shard->lock);
	able = waiter_able(pool, shard, waiter);
	tpi_lock_drop(&shard->lock);
	return able;
}

static bool pool_able(const struct tpi_wait *wait)
{
	const struct tpi_waiter everything = {.listed = true, .remaining = 1, .mark = UINT64_MAX};
	bool able = true;

	for (unsigned i = 0; able && i < wait->pool->options.workers; i++)
		able = shard_able(wait->pool, &wait->pool->shards[i],
				  wait->kind == TPI_WAIT_DRAIN ? &everything : &wait->waiters[i]);
	return able;
}

static bool stop_able(const struct tpi_wait *wait)
{
	struct stuck stuck = {NULL, NULL};

	while (next_stuck(&stuck))
		if (stuck.frame->pool == wait->pool)
			return false;
	return true;
}

static bool job_able(struct taskpool_job *handle)
{
	bool able = true;

	if (!tpi_handle_visit(handle))
		return true;
	tpi_lock_take(&handle->shard->lock);
	if (handle->turn != NULL)
		able = !is_stuck(handle->turn->frame);
	else if (handle->holder != NULL)
		able = !is_stuck(handle->holder);
	else if (handle->job != NULL)
		able = waiting_job_able(handle->pool, handle);
	tpi_lock_drop(&handle->shard->lock);
	tpi_handle_leave(handle);
	return able;
}

static bool is_able(const struct tpi_wait *wait)
{
	switch (wait->kind) {
	case TPI_WAIT_KEY: return shard_able(wait->pool, wait->shard, wait->waiters);
	case TPI_WAIT_JOB: return job_able(wait->job);
	case TPI_WAIT_DRAIN:
	case TPI_WAIT_POOL: return pool_able(wait);
	default: return stop_able(wait);
	}
}

/* If `timely`, those with a timeout are able from the start: they end by themselves. */
static void find_able(bool timely)
{
	bool more = true;

	for (struct tpi_wait *wait = all; wait != NULL; wait = wait->next)
		wait->able = timely && wait->timeout > 0;
	while (more) {
		more = false;
		for (struct tpi_wait *wait = all; wait != NULL; wait = wait->next)
			if (!wait->able && is_able(wait))
				wait->able = more = true;
	}
}

static void unlink_wait(const struct tpi_wait *wait)
{
	struct tpi_wait **link = &all;

	while (*link != wait)
		link = &(*link)->next;
	*link = wait->next;
}

/* Whether this thread works for a TASKPOOL_STRICT pool. */
static bool is_strict(void)
{
	const struct tpi_frame *frame = tpi_frame_top();

	while (frame != NULL && !(frame->pool->options.flags & TASKPOOL_STRICT))
		frame = frame->outer;
	return frame != NULL;
}

bool tpi_wait_refusable(int64_t timeout)
{
	return timeout < 0 || (timeout > 0 && is_strict());
}

bool tpi_wait_enlist(struct tpi_wait *wait)
{
	bool able;

	if (!tpi_wait_refusable(wait->timeout) || tpi_frame_top() == NULL)
		return true;
	wait->frames = tpi_frame_top();
	tpi_lock_take(&lock);
	wait->next = all;
	all = wait;
	find_able(!is_strict());
	able = wait->able;
	if (!able)
		unlink_wait(wait);
	tpi_lock_drop(&lock);
	return able;
}

void tpi_wait_delist(struct tpi_wait *wait)
{
	if (wait->frames == NULL)
		return;
	tpi_lock_take(&lock);
	unlink_wait(wait);
	tpi_lock_drop(&lock);
}
