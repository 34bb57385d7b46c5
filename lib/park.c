/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "clock.h"
#include "park.h"

/* After so much sleep the home worker has the jobs of its shard timed one by one again. */
#define CALM_NS 1000000

/* Whether the shard has something runnable, with everything drained that was published before. */
static bool runnable(struct tpi_crew *crew, struct tpi_shard *shard)
{
	bool found;

	if (tpi_shard_due(shard))
		return true;
	if (!tpi_inbox_pending(&shard->inbox))
		return atomic_load(&shard->ready) != 0;
	tpi_lock_take(&shard->lock);
	tpi_shard_drain(shard);
	found = atomic_load_explicit(&shard->ready, memory_order_relaxed) != 0;
	tpi_crew_release(crew, shard);
	return found;
}

bool tpi_crew_anything_left(struct tpi_crew *crew, unsigned worker)
{
	bool found = tpi_crew_stopping(crew) || runnable(crew, &crew->shards[worker]);

	for (unsigned i = 0; !found && !crew->pinned && i < crew->count; i++)
		found = i != worker && runnable(crew, &crew->shards[i]);
	return found;
}

/* Until the word is something else than TPI_ASLEEP: true; or the deadline passes: false. */
static bool sleep_in(struct tpi_berth *berth, int64_t deadline)
{
	bool in_time = true;

	/* Pairs with the stores in tpi_berth_drop and remind (crew.c). */
	while (in_time && atomic_load_explicit(&berth->word.value, memory_order_acquire) == TPI_ASLEEP)
		in_time = tpi_word_wait(&berth->word, TPI_ASLEEP, deadline);
	return in_time;
}

/* How long the worker may sleep: sets its alarm. False: it was woken meanwhile. */
static bool set_alarm(struct tpi_crew *crew, unsigned worker, int64_t deadline, int64_t *alarm)
{
	struct tpi_berth *berth = &crew->berths[worker];
	bool parked;

	tpi_lock_take(&crew->lock);
	parked = atomic_load_explicit(&berth->parked, memory_order_relaxed);
	if (parked) {
		atomic_store_explicit(&berth->word.value, TPI_ASLEEP, memory_order_relaxed);
		berth->alarm = TPI_NEVER;
		if (berth == crew->oldest)
			berth->alarm = atomic_load_explicit(&crew->due, memory_order_relaxed);
		*alarm = berth->alarm < deadline ? berth->alarm : deadline;
	}
	tpi_lock_drop(&crew->lock);
	return parked;
}

/* Leaves the berth, unless somebody else was faster: either way the worker searches. */
static void rise(struct tpi_crew *crew, struct tpi_berth *berth)
{
	tpi_lock_take(&crew->lock);
	if (atomic_load_explicit(&berth->parked, memory_order_relaxed))
		tpi_berth_drop(crew, berth);
	tpi_lock_drop(&crew->lock);
}

/* The first millisecond after a time of many short jobs; see turn.c. */
static void calm_down(struct tpi_crew *crew, unsigned worker, int64_t deadline)
{
	int64_t calm = tpi_deadline(CALM_NS), alarm;

	if (!tpi_shard_hurried(&crew->shards[worker]) ||
	    !set_alarm(crew, worker, calm < deadline ? calm : deadline, &alarm))
		return;
	if (!sleep_in(&crew->berths[worker], alarm) && alarm == calm)
		tpi_shard_calm(&crew->shards[worker]);
}

bool tpi_crew_park(struct tpi_crew *crew, unsigned worker, int64_t deadline)
{
	struct tpi_berth *berth = &crew->berths[worker];
	int64_t alarm = TPI_NEVER;

	tpi_lock_take(&crew->lock);
	atomic_store_explicit(&berth->word.value, TPI_ASLEEP, memory_order_relaxed);
	tpi_berth_push(crew, berth);
	/* Pairs with the load in tpi_crew_offer. */
	atomic_fetch_add(&crew->state, TPI_IDLE - TPI_SEARCHING);
	tpi_lock_drop(&crew->lock);

	if (tpi_crew_anything_left(crew, worker)) {
		rise(crew, berth);
		return true;
	}
	calm_down(crew, worker, deadline);
	while (set_alarm(crew, worker, deadline, &alarm)) {
		if (!sleep_in(berth, alarm)) {
			rise(crew, berth);
			return alarm < deadline;
		}
	}
	return true;
}
