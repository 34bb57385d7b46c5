/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>

#include "alloc.h"
#include "clock.h"
#include "crew.h"

#define IDLE 1u
#define SEARCHING 0x10000u

/* After so much sleep the home worker has the jobs of its shard timed one by one again. */
#define CALM_NS 1000000

static uint32_t idle_in(uint32_t state)
{
	return state & 0xffff;
}

static uint32_t searching_in(uint32_t state)
{
	return state >> 16;
}

int tpi_crew_init(struct tpi_crew *crew, struct tpi_shard *shards, unsigned count, bool pinned)
{
	int error = tpi_lock_init(&crew->lock);
	unsigned made;

	if (error != 0)
		return error;
	crew->shards = shards;
	crew->count = count;
	crew->pinned = pinned;
	crew->parallel = tpi_processors() > 1;
	crew->berths = tpi_alloc(count * sizeof(*crew->berths));
	if (crew->berths == NULL)
		error = -ENOMEM;
	for (made = 0; error == 0 && made < count; made++) {
		crew->berths[made].newer = crew->berths[made].older = NULL;
		atomic_init(&crew->berths[made].parked, false);
		error = tpi_word_init(&crew->berths[made].word, 1);
	}
	if (error == 0)
		return 0;
	for (; made > 1; made--) /* the last one failed */
		tpi_word_destroy(&crew->berths[made - 2].word);
	tpi_release(crew->berths);
	tpi_lock_destroy(&crew->lock);
	return error;
}

void tpi_crew_destroy(struct tpi_crew *crew, bool forked)
{
	for (unsigned i = 0; !forked && i < crew->count; i++)
		tpi_word_destroy(&crew->berths[i].word);
	if (!forked)
		tpi_lock_destroy(&crew->lock);
	tpi_release(crew->berths);
}

/* The stack of sleepers, under the crew's lock. */

static void push(struct tpi_crew *crew, struct tpi_berth *berth)
{
	berth->newer = NULL;
	berth->older = crew->newest;
	if (crew->newest != NULL)
		crew->newest->newer = berth;
	crew->newest = berth;
	atomic_store(&berth->parked, true); /* then the worker looks again; pairs with the load in tpi_crew_offer */
}

static void drop(struct tpi_crew *crew, struct tpi_berth *berth)
{
	if (berth->newer != NULL)
		berth->newer->older = berth->older;
	else
		crew->newest = berth->older;
	if (berth->older != NULL)
		berth->older->newer = berth->newer;
	atomic_store_explicit(&berth->parked, false, memory_order_relaxed);
	/* Pairs with the load in tpi_crew_park. */
	atomic_store_explicit(&berth->word.value, 1, memory_order_release);
	atomic_fetch_add(&crew->state, SEARCHING - IDLE);
}

/* Wakes the given worker if it sleeps; else, unless the pool is PINNED, any one. */
static void wake(struct tpi_crew *crew, struct tpi_berth *berth)
{
	tpi_lock_take(&crew->lock);
	if (!atomic_load_explicit(&berth->parked, memory_order_relaxed))
		berth = crew->pinned ? NULL : crew->newest;
	/* Another waker may have been faster: one searcher is enough. */
	if (!crew->pinned && searching_in(atomic_load_explicit(&crew->state, memory_order_relaxed)) != 0)
		berth = NULL;
	if (berth != NULL)
		drop(crew, berth);
	tpi_lock_drop(&crew->lock);
	if (berth != NULL)
		tpi_word_wake(&berth->word, 1);
}

void tpi_crew_offer(struct tpi_crew *crew, unsigned shard, uint64_t tag)
{
	uint32_t state;

	if (crew->pinned) {
		/* Pairs with the store in push. */
		if (atomic_load(&crew->berths[shard].parked))
			wake(crew, &crew->berths[shard]);
		return;
	}
	/* Pairs with the additions in tpi_crew_park, tpi_crew_found and drop. */
	state = atomic_load(&crew->state);
	if (idle_in(state) == 0 || searching_in(state) != 0)
		return;
	if (tag != 0 && tpi_shard_announces(&crew->shards[shard], tag))
		return;
	wake(crew, &crew->berths[shard]);
}

void tpi_crew_search(struct tpi_crew *crew)
{
	atomic_fetch_add(&crew->state, SEARCHING);
}

void tpi_crew_give_up(struct tpi_crew *crew)
{
	atomic_fetch_sub(&crew->state, SEARCHING);
}

bool tpi_crew_alone(struct tpi_crew *crew)
{
	return searching_in(atomic_load_explicit(&crew->state, memory_order_relaxed)) <= 1;
}

void tpi_crew_found(struct tpi_crew *crew)
{
	uint32_t state;

	/* Pairs with the load in tpi_crew_offer: who saw a searcher and woke nobody is seen by the look below. */
	state = atomic_fetch_sub(&crew->state, SEARCHING) - SEARCHING;
	if (crew->pinned || searching_in(state) != 0 || idle_in(state) == 0)
		return;
	for (unsigned i = 0; i < crew->count; i++)
		if (tpi_shard_promising(&crew->shards[i])) {
			wake(crew, &crew->berths[i]);
			return;
		}
}

/* Whether the shard has something runnable, with everything drained that was published before. */
static bool runnable(struct tpi_shard *shard)
{
	bool found;

	if (!tpi_inbox_pending(&shard->inbox))
		return atomic_load(&shard->ready) != 0;
	tpi_lock_take(&shard->lock);
	tpi_shard_drain(shard);
	found = atomic_load_explicit(&shard->ready, memory_order_relaxed) != 0;
	tpi_lock_drop(&shard->lock);
	return found;
}

/* The last look before sleep. */
static bool anything_left(struct tpi_crew *crew, unsigned worker)
{
	bool found = tpi_crew_stopping(crew) || runnable(&crew->shards[worker]);

	for (unsigned i = 0; !found && !crew->pinned && i < crew->count; i++)
		found = i != worker && runnable(&crew->shards[i]);
	return found;
}

/* Until somebody else drops the berth, or the deadline. */
static void sleep_in(struct tpi_berth *berth, int64_t deadline)
{
	bool in_time = true;

	/* Pairs with the store in drop. */
	while (in_time && atomic_load_explicit(&berth->word.value, memory_order_acquire) == 0)
		in_time = tpi_word_wait(&berth->word, 0, deadline);
}

void tpi_crew_park(struct tpi_crew *crew, unsigned worker)
{
	struct tpi_berth *berth = &crew->berths[worker];

	tpi_lock_take(&crew->lock);
	atomic_store_explicit(&berth->word.value, 0, memory_order_relaxed);
	push(crew, berth);
	/* Pairs with the load in tpi_crew_offer. */
	atomic_fetch_add(&crew->state, IDLE - SEARCHING);
	tpi_lock_drop(&crew->lock);

	if (anything_left(crew, worker)) {
		tpi_lock_take(&crew->lock);
		if (atomic_load_explicit(&berth->parked, memory_order_relaxed))
			drop(crew, berth);
		tpi_lock_drop(&crew->lock);
		return;
	}
	if (tpi_shard_hurried(&crew->shards[worker])) {
		sleep_in(berth, tpi_deadline(CALM_NS));
		tpi_shard_calm(&crew->shards[worker]);
	}
	sleep_in(berth, TPI_NEVER);
}

void tpi_crew_stop(struct tpi_crew *crew)
{
	/* Pairs with the load in tpi_crew_stopping: a worker either sees it before it sleeps, or is woken below. */
	atomic_store(&crew->stopping, true);
	for (unsigned i = 0; i < crew->count; i++) {
		struct tpi_berth *berth = &crew->berths[i];

		tpi_lock_take(&crew->lock);
		if (atomic_load_explicit(&berth->parked, memory_order_relaxed))
			drop(crew, berth);
		tpi_lock_drop(&crew->lock);
		tpi_word_wake(&berth->word, 1);
	}
}
