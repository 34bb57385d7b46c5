/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>

#include "agenda.h"
#include "alloc.h"
#include "bell.h"
#include "clock.h"
#include "crew.h"

#define IDLE 1u
#define SEARCHING 0x10000u

/* What a berth's word says. */
#define ASLEEP 0
#define AWAKE 1
#define REMINDED 2

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
	crew->bell = -1;
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

static void push(struct tpi_crew *crew, struct tpi_berth *berth)
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
	atomic_store_explicit(&berth->word.value, REMINDED, memory_order_release);
	tpi_word_wake(&berth->word, 1);
}

static void drop(struct tpi_crew *crew, struct tpi_berth *berth)
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
	/* Pairs with the load in sleep_in. */
	atomic_store_explicit(&berth->word.value, AWAKE, memory_order_release);
	atomic_fetch_add(&crew->state, SEARCHING - IDLE);
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
		atomic_fetch_sub(&crew->state, IDLE);
	crew->armed = false;
}

static void ring(struct tpi_crew *crew)
{
	if (crew->armed)
		tpi_bell_set(crew->bell, 0);
	disarm(crew);
}

static bool anything_left(struct tpi_crew *crew, unsigned worker);

/* The loop is not to be told of what is paused, limited or delayed: it could do nothing about it. */
static void ring_for_work(struct tpi_crew *crew)
{
	if (!anything_left(crew, 0))
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
		drop(crew, berth);
	loop = berth == NULL && !enough && crew->armed;
	tpi_lock_drop(&crew->lock);
	if (berth != NULL)
		tpi_word_wake(&berth->word, 1);
	if (loop)
		ring_for_work(crew);
}

/* ---- Time ---- */

static void sooner(struct tpi_crew *crew, const struct tpi_shard *shard)
{
	int64_t due = atomic_load_explicit(&shard->next_due, memory_order_relaxed);

	tpi_lock_take(&crew->lock);
	if (due < atomic_load_explicit(&crew->due, memory_order_relaxed)) {
		atomic_store_explicit(&crew->due, due, memory_order_relaxed);
		if (crew->armed)
			tpi_bell_set(crew->bell, due);
		if (crew->oldest != NULL && due < crew->oldest->alarm)
			remind(crew->oldest);
	}
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
	atomic_store_explicit(&crew->due, due, memory_order_relaxed);
	tpi_lock_drop(&crew->lock);
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

/* The last look before sleep. */
static bool anything_left(struct tpi_crew *crew, unsigned worker)
{
	bool found = tpi_crew_stopping(crew) || runnable(crew, &crew->shards[worker]);

	for (unsigned i = 0; !found && !crew->pinned && i < crew->count; i++)
		found = i != worker && runnable(crew, &crew->shards[i]);
	return found;
}

/* Until the word is something else than ASLEEP: true; or the deadline passes: false. */
static bool sleep_in(struct tpi_berth *berth, int64_t deadline)
{
	bool in_time = true;

	/* Pairs with the stores in drop and remind. */
	while (in_time && atomic_load_explicit(&berth->word.value, memory_order_acquire) == ASLEEP)
		in_time = tpi_word_wait(&berth->word, ASLEEP, deadline);
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
		atomic_store_explicit(&berth->word.value, ASLEEP, memory_order_relaxed);
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
		drop(crew, berth);
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
	atomic_store_explicit(&berth->word.value, ASLEEP, memory_order_relaxed);
	push(crew, berth);
	/* Pairs with the load in tpi_crew_offer. */
	atomic_fetch_add(&crew->state, IDLE - SEARCHING);
	tpi_lock_drop(&crew->lock);

	if (anything_left(crew, worker)) {
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

void tpi_crew_disarm_bell(struct tpi_crew *crew)
{
	tpi_lock_take(&crew->lock);
	disarm(crew);
	tpi_lock_drop(&crew->lock);
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
			atomic_fetch_add(&crew->state, IDLE);
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
			drop(crew, berth);
		tpi_lock_drop(&crew->lock);
		tpi_word_wake(&berth->word, 1);
	}
}
