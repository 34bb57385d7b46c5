/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_CREW_H
#define TPI_CREW_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lock.h"
#include "shard.h"
#include "util.h"
#include "word.h"

/*
 * Who sleeps, who looks for work, and who is woken.
 *
 * `state` counts the idle workers (asleep, or about to be) and the searching ones (awake without work). A FLOATING
 * pool keeps this invariant: while a shard is promising and somebody is idle, somebody searches, or a thread stands
 * between its change and its look at `state`. Four steps could break it, and each looks again after itself:
 *
 *   publish   the job is in the ring (or its strand ready), then the submitter looks at `state`: if somebody is idle
 *             and nobody searches it wakes one, who searches from then on.
 *   park      the worker is counted idle and no longer searching, then it looks into every shard once more.
 *   found     the worker no longer searches, then it looks whether more is left, and if so wakes the next.
 *   wake      moves one worker from idle to searching, at once.
 *
 * Each pair (publish against park, publish against found) is the store-then-load pattern: both sides write with a
 * sequentially consistent operation and read with one afterwards, so at least one of them sees the other. A worker
 * that goes from job to job never makes an unpromising shard promising, so it needs no look.
 *
 * The announcement: of a key that runs while others idle, the submit need not wake anyone, since the runner looks for
 * its next job. The runner withdraws the announcement and then looks into the ring once more before it lets the key
 * go: the same pattern again. A key is announced only while nothing else in its shard waits to be noticed: otherwise
 * an offer still under way, which the rest counts on, would be called off by the announcement of its own key. The
 * announcement is a 64-bit seeded hash; two keys that share it (about one pair in 10^19) could at worst miss a wake-up
 * of each other, never run as one.
 *
 * Time makes a shard promising without anybody's doing. `due` is the earliest time of all shards' timers. Whoever is
 * busy looks at it after each job. Of those who sleep one is the timekeeper, the oldest sleeper, since that one is
 * woken last: it sleeps until `due` only, then searches. Who sets an earlier timer tells it; when it is woken for
 * another reason the next oldest takes over. All of this is done under the crew's lock: a timer is published in its
 * shard before its setter takes that lock, so one of the two sees the other. Whoever finds a timer due sees to it, in
 * a PINNED pool as well: then what became ready is offered to its home worker.
 *
 * In a PINNED pool only the home worker may run a job: publish looks whether that one is parked; the searching are
 * counted, but it does not matter.
 *
 * Lock order, all of the library: waits (waits.h) -> shard -> producers' lock of the inbox; shard -> context; life
 * (pool.h) -> shard; life -> crew. Nothing is taken under the crew's lock, the context's or the producers'.
 */

/* Where one worker sleeps. */
struct tpi_berth {
	alignas(TPI_LINE) struct tpi_word word; /* see park.h; written under the crew's lock */
	struct tpi_berth *newer, *older;        /* in the stack of sleepers; under the crew's lock */
	int64_t alarm;                          /* when it wakes by itself; under the crew's lock */
	_Atomic bool parked;                    /* written under the crew's lock */
};

struct tpi_crew {
	struct tpi_shard *shards;
	struct tpi_berth *berths;
	unsigned count;       /* of each, and of the workers */
	bool pinned;
	bool parallel;        /* there is more than one processor: spinning makes sense */
	_Atomic bool stopping; /* workers without work go home */
	_Atomic int64_t due;   /* no timer is due before that; written under the crew's lock */

	alignas(TPI_LINE) _Atomic uint32_t state; /* searching << 16 | idle */

	alignas(TPI_LINE) struct tpi_lock lock;
	struct tpi_berth *newest; /* the one that fell asleep last is woken first: its cache is warm */
	struct tpi_berth *oldest; /* the timekeeper */
	int bell;                 /* the descriptor for event loops; -1: nobody asked for it */
	bool armed;               /* the event loop sleeps: it is counted idle */
	_Atomic bool dormant;     /* the pool was not started: nothing rings */
};

/* The shards are the caller's, made beforehand. 0 or a negative errno. */
int tpi_crew_init(struct tpi_crew *crew, struct tpi_shard *shards, unsigned count, bool pinned);

/* `forked`: frees memory only. */
void tpi_crew_destroy(struct tpi_crew *crew, bool forked);

static inline bool tpi_crew_stopping(const struct tpi_crew *crew)
{
	/* Pairs with the store in tpi_crew_stop. */
	return atomic_load_explicit(&crew->stopping, memory_order_acquire);
}

/* A guess, for those who may be wrong: those who must not be look at `state` as described above. */
static inline bool tpi_crew_idlers(const struct tpi_crew *crew)
{
	return (atomic_load_explicit(&crew->state, memory_order_relaxed) & 0xffff) != 0;
}

/* A job of the key with this tag (0: of no key) has become visible in the shard: wakes a worker if one is needed. */
void tpi_crew_offer(struct tpi_crew *crew, unsigned shard, uint64_t tag);

/*
 * Drops the shard's lock after anything that may have set a timer or made a strand ready, and tells whom it concerns.
 */
void tpi_crew_tell(struct tpi_crew *crew, struct tpi_shard *shard);

static inline void tpi_crew_release(struct tpi_crew *crew, struct tpi_shard *shard)
{
	if (shard->stirred || shard->news)
		tpi_crew_tell(crew, shard);
	else
		tpi_lock_drop(&shard->lock);
}

/* ---- By workers ---- */

/* Whether a timer is due. */
static inline bool tpi_crew_late(const struct tpi_crew *crew)
{
	int64_t due = atomic_load_explicit(&crew->due, memory_order_relaxed);

	return due != TPI_NEVER && due <= tpi_now();
}

/* Finds out anew when the next timer is due, after those that were have been seen to. */
void tpi_crew_retime(struct tpi_crew *crew);

/* This worker has no work and searches from now on. */
void tpi_crew_search(struct tpi_crew *crew);

/* It found some; wakes the next one if more is left. */
void tpi_crew_found(struct tpi_crew *crew);

/* It stops searching because the pool stops. */
void tpi_crew_give_up(struct tpi_crew *crew);

/* Whether it is the only one that searches: the others need not look for long. */
bool tpi_crew_alone(struct tpi_crew *crew);

/*
 * It found none, and sleeps until there may be some, the pool stops, or the deadline passes; then it searches again.
 * False: the deadline passed.
 */
bool tpi_crew_park(struct tpi_crew *crew, unsigned worker, int64_t deadline);

/* ---- The event loop of a manual pool: a sleeper that is woken last, by its descriptor. It never searches ---- */

/* The descriptor, made on first use, or a negative errno. */
int tpi_crew_bell(struct tpi_crew *crew);

/* The loop will sleep again: rings at once if there is something to run. */
void tpi_crew_arm_bell(struct tpi_crew *crew);

/* ---- By whoever stops the pool ---- */

void tpi_crew_stop(struct tpi_crew *crew);

#endif
