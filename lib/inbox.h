/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_INBOX_H
#define TPI_INBOX_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "job.h"
#include "util.h"
#include "word.h"

#define TPI_POSITIONS 0x3fffffffu /* of the ring: 30 bits */

/*
 * The way from the submitting threads into a shard: a ring of records that one producer at a time fills and the
 * holder of the shard's lock empties, and the count that bounds the queue.
 *
 * The producers' lock and the ring's tail are one word (tail << 2 | sleepers << 1 | locked), so that one exchange
 * publishes the record, drops the lock, and orders the record before the look at who sleeps (see crew.h). A submit
 * that has returned is visible to whoever empties the ring: no slot is ever claimed and still unwritten.
 *
 * Invariants: drained <= tail <= drained + ring size (positions of 30 bits, modulo 2^30);
 *             left <= accepted, and accepted - left <= capacity but for what was let in past the bound.
 */
struct tpi_inbox {
	struct tpi_record *ring;
	uint32_t mask;           /* ring size - 1 */
	uint32_t capacity;       /* jobs that may wait */
	_Atomic uint32_t sparse; /* mask: which submits are timed; 0: all. Written under the shard's lock */

	alignas(TPI_LINE) struct tpi_word word;
	/* Guarded by the producers' lock. */
	uint64_t accepted;     /* jobs let in, ever */
	uint64_t left_seen;    /* a past value of left */
	uint32_t drained_seen; /* a past value of drained */
	bool closed;           /* the pool stops */
	/* Written without it. */
	_Atomic uint64_t gone; /* accepted jobs whose submitter has left the pool alone since */

	/* Written under the shard's lock. */
	alignas(TPI_LINE) _Atomic uint64_t left; /* jobs that have left the queue, ever */
	_Atomic uint32_t drained;                /* head of the ring */
};

enum tpi_put {
	TPI_PUT_DONE,
	TPI_PUT_FULL,   /* capacity jobs wait */
	TPI_PUT_CROWDED, /* there is room in the queue, but not in the ring: somebody must drain it */
	TPI_PUT_CLOSED,
	TPI_PUT_NO_MEMORY,
	TPI_PUT_FORKED   /* accepted, but a callback forked, and this is the child */
};

int tpi_inbox_init(struct tpi_inbox *inbox, uint32_t capacity);

/* Destroy frees memory only, retire what the system holds for the lock: a forked child must not touch that. */
void tpi_inbox_destroy(struct tpi_inbox *inbox);
void tpi_inbox_retire(struct tpi_inbox *inbox);

/* Publishes a record: DONE, FULL, CROWDED or CLOSED. */
enum tpi_put tpi_inbox_put(struct tpi_inbox *inbox, const struct tpi_record *record);

/* Counts a job that goes into the shard by its lock: DONE, FULL or CLOSED. */
enum tpi_put tpi_inbox_admit(struct tpi_inbox *inbox, bool past_bound);

/* From now on everything is refused. */
void tpi_inbox_close(struct tpi_inbox *inbox);

/* Jobs accepted so far. */
uint64_t tpi_inbox_accepted(struct tpi_inbox *inbox);

/*
 * A job may run, and free its pool, before its submit has returned. So a submitter says when it has touched the pool
 * for the last time, and who frees a closed pool waits until all have.
 */
static inline void tpi_inbox_farewell(struct tpi_inbox *inbox)
{
	/* Pairs with the load in tpi_inbox_settle. */
	atomic_fetch_add_explicit(&inbox->gone, 1, memory_order_release);
}

void tpi_inbox_settle(struct tpi_inbox *inbox);

/* Where the ring ends; everything before it is written. Sequentially consistent: see crew.h. */
static inline uint32_t tpi_inbox_tail(struct tpi_inbox *inbox)
{
	/* Pairs with the exchange in leave (inbox.c). */
	return atomic_load(&inbox->word.value) >> 2;
}

/* Whether records wait in the ring; exact under the shard's lock as far as they were published before. */
static inline bool tpi_inbox_pending(struct tpi_inbox *inbox)
{
	/* Pairs with the store in tpi_shard_drain: who sees the ring empty sees what became of its records. */
	uint32_t drained = atomic_load_explicit(&inbox->drained, memory_order_acquire);

	return tpi_inbox_tail(inbox) != drained;
}

/* Whether the submit that comes next is one of those whose times are taken. */
static inline bool tpi_inbox_timed(struct tpi_inbox *inbox)
{
	uint32_t sparse = atomic_load_explicit(&inbox->sparse, memory_order_relaxed);

	return sparse == 0 ||
	       (atomic_load_explicit(&inbox->word.value, memory_order_relaxed) >> 2 & sparse) == 0;
}

#endif
