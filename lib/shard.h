/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_SHARD_H
#define TPI_SHARD_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "inbox.h"
#include "lock.h"
#include "slab.h"
#include "strand.h"
#include "waiter.h"

#define TPI_ANNOUNCED 4

/*
 * One worker's home: the keys that hash to it and their waiting jobs. The home worker, a thief, or anybody who must
 * look at a key takes the lock, and first drains the inbox: then it sees every job accepted before.
 *
 * Invariants under the lock: a strand is in the ready list just when it has jobs and nobody runs it; a strand is in
 * the table just while it has a job waiting or running; jobs in strands + records in the ring = accepted - left.
 */
struct tpi_shard {
	alignas(TPI_LINE) struct tpi_lock lock;

	/* Everything down to `inbox` is guarded by the lock, but for the atomics, which it guards for writing. */
	_Atomic uint32_t ready;      /* strands in the ready list: whoever looks for work reads it */
	struct tpi_strand *last_ready; /* a circle */
	struct tpi_table table;
	struct tpi_strand loose;     /* the jobs without a key */
	struct tpi_slab jobs;
	uint64_t entered;            /* jobs that came into a strand, ever */
	uint64_t ended[5];           /* of them, by their outcome; [0] is not used */
	uint64_t waiting;            /* jobs in strands */
	uint64_t peak;               /* the most that ever waited */
	uint64_t overflow;           /* jobs accepted past a bound */
	struct tpi_waiter *waiters;
	uint64_t epoch;
	uint32_t key_turn;
	uint32_t takes;              /* since the inbox was drained */
	uint32_t quick;              /* timed jobs that were short, less the long ones */
	bool halted;                 /* no job starts any more */

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

int tpi_shard_init(struct tpi_shard *shard, uint32_t capacity, uint32_t workers, uint32_t key_turn);

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

/*
 * Takes the lock and puts the record's job into its strand, past the bound or not: DONE, FULL (the worker's bound or
 * `key_capacity`), CLOSED or NO_MEMORY. For what the ring cannot do.
 */
enum tpi_put tpi_shard_enter(struct tpi_shard *shard, struct tpi_record *record, uint32_t key_capacity,
			     bool past_bound);

/* ---- Under the lock ---- */

/* Moves what waits in the ring into the strands. */
void tpi_shard_drain(struct tpi_shard *shard);

/* A job counted in the queue has ended without running. */
void tpi_shard_evicted(struct tpi_shard *shard, struct tpi_job *job, int outcome);

/* Takes every waiting job out of its strand; returns them, those of a key in their order, or NULL. */
struct tpi_job *tpi_shard_evict_all(struct tpi_shard *shard);

/* Begins to wait for all jobs that have not ended; counts itself into the gathering if there are any. */
void tpi_shard_watch(struct tpi_shard *shard, struct tpi_waiter *waiter);
void tpi_shard_unwatch(struct tpi_shard *shard, struct tpi_waiter *waiter);

/* Jobs that have entered and not ended. */
static inline uint64_t tpi_shard_unended(const struct tpi_shard *shard)
{
	return shard->entered - shard->ended[TASKPOOL_RAN] - shard->ended[TASKPOOL_CANCELED] -
	       shard->ended[TASKPOOL_EXPIRED] - shard->ended[TASKPOOL_REPLACED];
}

/* `count` jobs do not wait any more: there is room for as many. */
void tpi_shard_leave(struct tpi_shard *shard, uint64_t count);

/* A job that entered in this epoch has ended. */
void tpi_shard_count_end(struct tpi_shard *shard, uint64_t epoch, int outcome);

void tpi_shard_give_back(struct tpi_shard *shard, struct tpi_job *job);

/* Wakes all who sleep for room, to look again. */
void tpi_shard_room_changed(struct tpi_shard *shard);

#endif
