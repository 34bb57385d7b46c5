/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <sched.h>

#include "clock.h"
#include "pool.h"
#include "room.h"

/*
 * Waiting for room goes through three phases. A queue that moves frees half of itself within microseconds: that is
 * worth spinning for a little, then yielding to the workers, then a short sleep until half is free, so that the two
 * sides trade in bulk and not by the job. If it does not come soon the jobs are long ones, and the thread asks to hear
 * of every place that becomes free: it registers under the shard's lock, looks again, and sleeps, so none is missed.
 */

#define SPINS 8
#define RELAX_PER_SPIN 8
#define YIELDS 20
#define LAZY_NS 1000000

static bool loose(const struct tpi_submission *submission)
{
	return submission->record.flags & TPI_LOOSE;
}

static bool half_left(const struct tpi_shard *shard, uint64_t since)
{
	/* A hint: the try that follows decides. */
	return atomic_load_explicit(&shard->inbox.left, memory_order_relaxed) - since >= shard->inbox.capacity / 2;
}

static void linger(const struct tpi_shard *shard, bool parallel)
{
	uint64_t since = atomic_load_explicit(&shard->inbox.left, memory_order_relaxed);

	for (int i = 0; parallel && i < SPINS && !half_left(shard, since); i++)
		for (int j = 0; j < RELAX_PER_SPIN; j++)
			tpi_relax();
	for (int i = 0; i < YIELDS && !half_left(shard, since); i++)
		sched_yield();
}

/* The limit makes up for a worker that frees the last place of the half and then misses this thread. */
static void doze(struct tpi_shard *shard, int64_t deadline)
{
	int64_t limit = tpi_deadline(LAZY_NS);
	/* Pairs with the addition in tpi_shard_room_changed. */
	uint32_t seen = atomic_load_explicit(&shard->room.value, memory_order_acquire);
	uint64_t left = atomic_load_explicit(&shard->inbox.left, memory_order_relaxed);

	atomic_fetch_add_explicit(&shard->lazy, 1, memory_order_relaxed);
	if (atomic_load_explicit(&shard->inbox.left, memory_order_relaxed) == left)
		tpi_word_wait(&shard->room, seen, deadline < limit ? deadline : limit);
	atomic_fetch_sub_explicit(&shard->lazy, 1, memory_order_relaxed);
}

/* Registers for every place that becomes free where the job may go, or signs off again. */
static void enroll(struct tpi_submission *submission, int change)
{
	struct taskpool *pool = submission->pool;
	unsigned first = loose(submission) ? 0 : submission->shard;
	unsigned end = loose(submission) ? pool->crew.count : first + 1;

	for (unsigned i = first; i < end; i++) {
		struct tpi_shard *shard = &pool->shards[i];

		tpi_lock_take(&shard->lock);
		*(loose(submission) ? &shard->eager_anywhere : &shard->eager) += (uint32_t)change;
		tpi_lock_drop(&shard->lock);
	}
}

static enum tpi_put watch(struct tpi_submission *submission, int64_t deadline)
{
	struct taskpool *pool = submission->pool;
	struct tpi_word *word = loose(submission) ? &pool->anywhere : &pool->shards[submission->shard].room;
	enum tpi_put result;
	bool in_time = true;

	enroll(submission, 1);
	for (;;) {
		/* Pairs with the additions in tpi_shard_leave and tpi_shard_room_changed. */
		uint32_t seen = atomic_load_explicit(&word->value, memory_order_acquire);

		result = tpi_submission_try(submission);
		if (result != TPI_PUT_FULL || !in_time)
			break;
		in_time = tpi_word_wait(word, seen, deadline);
	}
	if (result != TPI_PUT_FORKED)
		enroll(submission, -1);
	return result;
}

static enum tpi_put wait_for_room(struct tpi_submission *submission, int64_t deadline)
{
	struct taskpool *pool = submission->pool;
	struct tpi_shard *shard = &pool->shards[submission->shard];
	enum tpi_put result = TPI_PUT_FULL;

	if (!loose(submission)) {
		linger(shard, pool->crew.parallel);
		result = tpi_submission_try(submission);
		if (result == TPI_PUT_FULL) {
			doze(shard, deadline);
			result = tpi_submission_try(submission);
		}
	}
	return result == TPI_PUT_FULL ? watch(submission, deadline) : result;
}

enum tpi_put tpi_room_wait(struct tpi_submission *submission, int64_t deadline)
{
	struct taskpool *pool = submission->pool;
	int64_t since = tpi_now();
	enum tpi_put result;

	atomic_fetch_add_explicit(&pool->blocked, 1, memory_order_relaxed);
	result = wait_for_room(submission, deadline);
	if (result != TPI_PUT_FORKED)
		atomic_fetch_add_explicit(&pool->blocked_time, (uint64_t)(tpi_now() - since), memory_order_relaxed);
	return result;
}
