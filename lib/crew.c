/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>

#include "agenda.h"
#include "alloc.h"
#include "bell.h"
#include "park.h"

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
	crew->bell = -1;
	atomic_init(&crew->dormant, true);
	atomic_init(&crew->due, TPI_NEVER);
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
	if (crew->bell >= 0)
		tpi_bell_close(crew->bell);
	for (unsigned i = 0; !forked && i < crew->count; i++)
		tpi_word_destroy(&crew->berths[i].word);
	if (!forked)
		tpi_lock_destroy(&crew->lock);
	tpi_release(crew->berths);
}

/* The stack of sleepers, under the crew's lock. */

void tpi_berth_push(struct tpi_crew *crew, struct tpi_berth *berth)
{
	berth->newer = NULL;
	berth->older = crew->newest;
	berth->alarm = TPI_NEVER;
	if (crew->newest != NULL)
		crew->newest->newer = berth;
	else
		crew->oldest = berth;
	crew->newest = berth;
	atomic_store(&berth->parked, true); /* then the worker looks again; pairs with the load in tpi_crew_offer */
}

/* Has a sleeper look at the time: it may have to wake earlier than it thinks. */
static void remind(struct tpi_berth *berth)
{
	atomic_store_explicit(&berth->word.value, TPI_REMINDED, memory_order_release);
	tpi_word_wake(&berth->word, 1);
}

void tpi_berth_drop(struct tpi_crew *crew, struct tpi_berth *berth)
{
	if (berth->newer != NULL)
		berth->newer->older = berth->older;
	else
		crew->newest = berth->older;
	if (berth->older != NULL)
		berth->older->newer = berth->newer;
	else
		crew->oldest = berth->newer;
	atomic_store_explicit(&berth->parked, false, memory_order_relaxed);
	/* Pairs with the load in sleep_in (park.c). */
	atomic_store_explicit(&berth->word.value, TPI_AWAKE, memory_order_release);
	atomic_fetch_add(&crew->state, TPI_SEARCHING - TPI_IDLE);
	/* The timekeeper leaves. */
	if (berth->older == NULL && crew->oldest != NULL &&
	    atomic_load_explicit(&crew->due, memory_order_relaxed) != TPI_NEVER)
		remind(crew->oldest);
}

/* The berth if its worker sleeps; else, unless the pool is PINNED, any other. Rather not the timekeeper. */
static struct tpi_berth *choose(struct tpi_crew *crew, struct tpi_berth *berth)
{
	if (!atomic_load_explicit(&berth->parked, memory_order_relaxed))
		return crew->pinned ? NULL : crew->newest;
	if (!crew->pinned && berth == crew->oldest &&
	    atomic_load_explicit(&crew->due, memory_order_relaxed) != TPI_NEVER)
		return crew->newest;
	return berth;
}

static void disarm(struct tpi_crew *crew)
{
	if (crew->armed)
		atomic_fetch_sub(&crew->state, TPI_IDLE);
	crew->armed = false;
}

static void ring(struct tpi_crew *crew)
{
	if (crew->armed)
		tpi_bell_set(crew->bell, 0);
	disarm(crew);
}

/* The loop is not to be told of what is paused, limited or delayed: it could do nothing about it. */
static void ring_for_work(struct tpi_crew *crew)
{
	if (atomic_load_explicit(&crew->dormant, memory_order_acquire) || !tpi_crew_anything_left(crew, 0))
		return;
	tpi_lock_take(&crew->lock);
	ring(crew);
	tpi_lock_drop(&crew->lock);
}

static void wake(struct tpi_crew *crew, struct tpi_berth *berth)
{
	bool enough, loop;

	tpi_lock_take(&crew->lock);
	/* Another waker may have been faster: one searcher is enough. */
	enough = !crew->pinned && searching_in(atomic_load_explicit(&crew->state, memory_order_relaxed)) != 0;
	berth = enough ? NULL : choose(crew, berth);
	if (berth != NULL)
		tpi_berth_drop(crew, berth);
	loop = berth == NULL && !enough && crew->armed;
	tpi_lock_drop(&crew->lock);
	if (berth != NULL)
		tpi_word_wake(&berth->word, 1);
	if (loop)
		ring_for_work(crew);
}

/* ---- Time ---- */

/* Under the crew's lock: nothing is due before that. Who keeps the time hears of it if that is sooner than it thinks. */
static void set_due(struct tpi_crew *crew, int64_t due)
{
	atomic_store_explicit(&crew->due, due, memory_order_relaxed);
	if (crew->armed)
		tpi_bell_set(crew->bell, due);
	if (crew->oldest != NULL && due < crew->oldest->alarm)
		remind(crew->oldest);
}

static void sooner(struct tpi_crew *crew, const struct tpi_shard *shard)
{
	int64_t due = atomic_load_explicit(&shard->next_due, memory_order_relaxed);

	tpi_lock_take(&crew->lock);
	if (due < atomic_load_explicit(&crew->due, memory_order_relaxed))
		set_due(crew, due);
	tpi_lock_drop(&crew->lock);
}

void tpi_crew_tell(struct tpi_crew *crew, struct tpi_shard *shard)
{
	bool earlier = shard->stirred && tpi_shard_retime(shard);
	bool news = shard->news && atomic_load_explicit(&shard->ready, memory_order_relaxed) != 0;

	shard->news = false;
	/* Once more, now in the order that tpi_crew_offer needs. */
	if (news)
		atomic_store(&shard->ready, atomic_load_explicit(&shard->ready, memory_order_relaxed));
	tpi_lock_drop(&shard->lock);
	if (earlier)
		sooner(crew, shard);
	if (news)
		tpi_crew_offer(crew, (unsigned)(shard - crew->shards), 0);
}

void tpi_crew_retime(struct tpi_crew *crew)
{
	int64_t due = TPI_NEVER;

	tpi_lock_take(&crew->lock);
	for (unsigned i = 0; i < crew->count; i++) {
		int64_t next = atomic_load_explicit(&crew->shards[i].next_due, memory_order_relaxed);

		due = next < due ? next : due;
	}
	set_due(crew, due);
	tpi_lock_drop(&crew->lock);
}

void tpi_crew_offer(struct tpi_crew *crew, unsigned shard, uint64_t tag)
{
	uint32_t state;

	if (crew->pinned) {
		/* Pairs with the store in tpi_berth_push. */
		if (atomic_load(&crew->berths[shard].parked))
			wake(crew, &crew->berths[shard]);
		return;
	}
	/* Pairs with the additions in tpi_crew_park, tpi_crew_found and tpi_berth_drop. */
	state = atomic_load(&crew->state);
	if (idle_in(state) == 0 || searching_in(state) != 0)
		return;
	if (tag != 0 && tpi_shard_announces(&crew->shards[shard], tag))
		return;
	wake(crew, &crew->berths[shard]);
}

void tpi_crew_search(struct tpi_crew *crew)
{
	atomic_fetch_add(&crew->state, TPI_SEARCHING);
}

void tpi_crew_give_up(struct tpi_crew *crew)
{
	atomic_fetch_sub(&crew->state, TPI_SEARCHING);
}

bool tpi_crew_alone(struct tpi_crew *crew)
{
	return searching_in(atomic_load_explicit(&crew->state, memory_order_relaxed)) <= 1;
}

void tpi_crew_found(struct tpi_crew *crew)
{
	uint32_t state;

	/* Pairs with the load in tpi_crew_offer: who saw a searcher and woke nobody is seen by the look below. */
	state = atomic_fetch_sub(&crew->state, TPI_SEARCHING) - TPI_SEARCHING;
	if (crew->pinned || searching_in(state) != 0 || idle_in(state) == 0)
		return;
	for (unsigned i = 0; i < crew->count; i++)
		if (tpi_shard_promising(&crew->shards[i])) {
			wake(crew, &crew->berths[i]);
			return;
		}
}

/* ---- The event loop ---- */

int tpi_crew_bell(struct tpi_crew *crew)
{
	bool fresh;

	tpi_lock_take(&crew->lock);
	fresh = crew->bell < 0;
	if (fresh)
		crew->bell = tpi_bell_open();
	if (crew->bell < 0) {
		int error = crew->bell;

		crew->bell = -1;
		tpi_lock_drop(&crew->lock);
		return error;
	}
	tpi_lock_drop(&crew->lock);
	if (fresh)
		tpi_crew_arm_bell(crew);
	return crew->bell;
}

void tpi_crew_arm_bell(struct tpi_crew *crew)
{
	bool wanted;

	tpi_lock_take(&crew->lock);
	wanted = crew->bell >= 0;
	if (wanted) {
		bool stopping = tpi_crew_stopping(crew);

		tpi_bell_set(crew->bell, stopping ? TPI_NEVER : atomic_load_explicit(&crew->due, memory_order_relaxed));
		if (!crew->armed && !stopping) {
			crew->armed = true;
			/* Then it looks again; pairs with the load in tpi_crew_offer. */
			atomic_fetch_add(&crew->state, TPI_IDLE);
		}
	}
	tpi_lock_drop(&crew->lock);
	if (wanted)
		ring_for_work(crew);
}

void tpi_crew_stop(struct tpi_crew *crew)
{
	/* Pairs with the load in tpi_crew_stopping: a worker either sees it before it sleeps, or is woken below. */
	atomic_store(&crew->stopping, true);
	tpi_lock_take(&crew->lock);
	disarm(crew);
	if (crew->bell >= 0)
		tpi_bell_set(crew->bell, TPI_NEVER);
	tpi_lock_drop(&crew->lock);
	for (unsigned i = 0; i < crew->count; i++) {
		struct tpi_berth *berth = &crew->berths[i];

		tpi_lock_take(&crew->lock);
		if (atomic_load_explicit(&berth->parked, memory_order_relaxed))
			tpi_berth_drop(crew, berth);
		tpi_lock_drop(&crew->lock);
		tpi_word_wake(&berth->word, 1);
	}
}
