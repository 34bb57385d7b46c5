/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_SHARD_H
#define TPI_SHARD_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "inbox.h"
#include "lock.h"
#include "rule.h"
#include "slab.h"
#include "strand.h"
#include "timer.h"
#include "waiter.h"

#define TPI_ANNOUNCED 4

/* So many keys may be held by nothing but evictions under way before the room of what they end is kept until then. */
#define TPI_EVICTIONS 64

/*
 * One worker's home: the keys that hash to it and their waiting jobs. The home worker, a thief, or anybody who must
 * look at a key takes the lock, and first drains the inbox: then it sees every job accepted before.
 *
 * Invariants under the lock: a strand is in the ready list just when its queue begins with a job that may start and
 * nobody runs it; it is in the table just while it has a job that has not ended; jobs in strands, delayed ones and
 * those in the hands of an eviction too, + records in the ring = accepted - left.
 */
struct tpi_eviction;

struct tpi_shard {
	alignas(TPI_LINE) struct tpi_lock lock;

	/* Everything down to `inbox` is guarded by the lock, but for the atomics, which it guards for writing. */
	_Atomic uint32_t ready;      /* strands in the ready list: whoever looks for work reads it */
	struct tpi_strand *last_ready; /* a circle */
	struct tpi_table table;
	struct tpi_strand loose;     /* the jobs without a key */
	struct tpi_slab jobs;
	struct tpi_rules rules;
	struct tpi_timers entries;   /* of delayed jobs: when they take their place */
	struct tpi_timers openings;  /* of rules: when a limited key may start again, or an idle one be forgotten */
	struct tpi_timers expiries;  /* of jobs with a ttl */
	struct taskpool_job *delayed; /* of those without a key */
	struct tpi_eviction *evictions; /* under way */
	uint32_t evicting;           /* of these, those that gave the room of their jobs away at once */
	uint64_t entered;            /* jobs that were accepted and drained, ever */
	uint64_t ended[5];           /* of them, by their outcome; [0] is not used */
	uint64_t waiting;            /* jobs in strands and delayed ones */
	uint64_t peak;               /* the most that ever waited */
	uint64_t overflow;           /* jobs accepted past a bound */
	struct tpi_waiter *waiters;
	uint64_t epoch;
	uint32_t key_turn;
	uint32_t takes;              /* since the inbox was drained */
	uint32_t quick;              /* timed jobs that were short, less the long ones */
	int64_t interval;            /* the pool's limit for each key; 0: none */
	uint32_t burst;
	bool halted;                 /* no job starts any more */
	bool stirred;                /* a timer was set or canceled: see tpi_crew_release */
	bool news;                   /* a strand has become ready without a submit that offers it: the same */
	_Atomic int64_t next_due;    /* of all timers; TPI_NEVER */

	/* Who sleeps until there is room; see room.h. */
	struct tpi_word room;        /* grows when a job leaves the queue and somebody wants to know */
	uint32_t eager;              /* threads that want to know of every job that leaves */
	uint32_t eager_anywhere;     /* the same for those that wait for room in any shard */
	struct tpi_word *anywhere;   /* what these sleep on */
	_Atomic uint32_t lazy;       /* threads content to hear when half of the queue is free; they write it */

	/* The keys that run, by their tags, as far as somebody idles; see crew.h. */
	_Atomic uint64_t announced[TPI_ANNOUNCED];

	struct tpi_inbox inbox;
};

/* `options` as read by tpi_options_read. */
int tpi_shard_init(struct tpi_shard *shard, const struct taskpool_options *options);

/* Nobody uses the shard any more; jobs that still wait are forgotten. */
void tpi_shard_destroy(struct tpi_shard *shard);

/*
 * The same in a forked child, where other threads may have been anywhere at the fork: nothing is woken, and if the
 * lock was taken then what hangs on the strands is left alone, since it may be half-changed.
 */
void tpi_shard_abandon(struct tpi_shard *shard);

/* Whether only some submits are timed, since the jobs are short and many; and the end of it. */
bool tpi_shard_hurried(struct tpi_shard *shard);
void tpi_shard_calm(struct tpi_shard *shard);

/* Whether a timer is due; without the lock. */
static inline bool tpi_shard_due(struct tpi_shard *shard)
{
	int64_t due = atomic_load_explicit(&shard->next_due, memory_order_relaxed);

	return due != TPI_NEVER && due <= tpi_now();
}

/* Whether there may be something to take; without the lock. Sequentially consistent: see crew.h. */
static inline bool tpi_shard_promising(struct tpi_shard *shard)
{
	return tpi_inbox_pending(&shard->inbox) || atomic_load(&shard->ready) != 0;
}

/* Whether a key with this tag is known to run; without the lock. Sequentially consistent: see crew.h. */
static inline bool tpi_shard_announces(struct tpi_shard *shard, uint64_t tag)
{
	return atomic_load(&shard->announced[tag % TPI_ANNOUNCED]) == tag;
}

/* ---- Under the lock ---- */

/* Moves what waits in the ring into the strands; agenda.h has more than this. */
void tpi_shard_drain(struct tpi_shard *shard);

/*
 * The strand of the record's key, made if there is none; `spare` (may be NULL) is used for that rather than the slab.
 */
struct tpi_strand *tpi_shard_strand(struct tpi_shard *shard, struct tpi_record *record, struct tpi_strand **spare);

/* A job of the strand that was accepted waits from now on. */
void tpi_shard_count_entry(struct tpi_shard *shard, struct tpi_strand *strand, struct tpi_job *job);

/*
 * Begins to wait for jobs: of waiter->strand, or all. `unended` is how many of them there are; counts itself into the
 * gathering if there are any.
 */
void tpi_shard_watch(struct tpi_shard *shard, struct tpi_waiter *waiter, uint64_t unended);
void tpi_shard_unwatch(struct tpi_shard *shard, struct tpi_waiter *waiter);

/* Jobs that have entered and not ended. */
static inline uint64_t tpi_shard_unended(const struct tpi_shard *shard)
{
	return shard->entered - shard->ended[TASKPOOL_RAN] - shard->ended[TASKPOOL_CANCELED] -
	       shard->ended[TASKPOOL_EXPIRED] - shard->ended[TASKPOOL_REPLACED];
}

/* `count` jobs do not wait any more: there is room for as many. */
void tpi_shard_leave(struct tpi_shard *shard, uint64_t count);

/* A job of the strand that was accepted in this epoch has ended. */
void tpi_shard_count_end(struct tpi_shard *shard, const struct tpi_strand *strand, uint64_t epoch, int outcome);

void tpi_shard_give_back(struct tpi_shard *shard, struct tpi_job *job);

/* Wakes all who sleep for room, to look again. */
void tpi_shard_room_changed(struct tpi_shard *shard);

#endif
