/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <sched.h>

#include "alloc.h"
#include "clock.h"
#include "inbox.h"

#define LOCKED 1u
#define SLEEPERS 2u

/* Longer than this a ring gains nothing: a producer that finds it full drains it into the shard by itself. */
#define RING_MAX 4096u

#define SPINS 40

int tpi_inbox_init(struct tpi_inbox *inbox, uint32_t capacity)
{
	uint32_t size = tpi_pow2(capacity < RING_MAX ? capacity : RING_MAX);
	int error = tpi_word_init(&inbox->word, 0);

	if (error != 0)
		return error;
	inbox->ring = tpi_alloc(size * sizeof(*inbox->ring));
	if (inbox->ring == NULL) {
		tpi_word_destroy(&inbox->word);
		return -ENOMEM;
	}
	inbox->mask = size - 1;
	inbox->capacity = capacity;
	return 0;
}

void tpi_inbox_destroy(struct tpi_inbox *inbox)
{
	tpi_release(inbox->ring);
}

void tpi_inbox_retire(struct tpi_inbox *inbox)
{
	tpi_word_destroy(&inbox->word);
}

static uint32_t enter_slowly(struct tpi_inbox *inbox)
{
	uint32_t seen;

	for (int i = 0; i < SPINS; i++) {
		tpi_relax();
		seen = atomic_load_explicit(&inbox->word.value, memory_order_relaxed) & ~(LOCKED | SLEEPERS);
		if (atomic_compare_exchange_strong_explicit(&inbox->word.value, &seen, seen | LOCKED,
							    memory_order_acquire, memory_order_relaxed))
			return seen >> 2;
	}
	seen = atomic_load_explicit(&inbox->word.value, memory_order_relaxed);
	for (;;) {
		if (!(seen & LOCKED)) {
			/* Others may still sleep: the one who leaves must look. */
			if (atomic_compare_exchange_weak_explicit(&inbox->word.value, &seen, seen | LOCKED | SLEEPERS,
								  memory_order_acquire, memory_order_relaxed))
				return seen >> 2;
			continue;
		}
		if (!(seen & SLEEPERS) &&
		    !atomic_compare_exchange_weak_explicit(&inbox->word.value, &seen, seen | SLEEPERS,
							   memory_order_relaxed, memory_order_relaxed))
			continue;
		tpi_word_wait(&inbox->word, seen | SLEEPERS, TPI_NEVER);
		seen = atomic_load_explicit(&inbox->word.value, memory_order_relaxed);
	}
}

/* Takes the producers' lock and returns the tail. */
static inline uint32_t enter(struct tpi_inbox *inbox)
{
	uint32_t seen = atomic_load_explicit(&inbox->word.value, memory_order_relaxed) & ~(LOCKED | SLEEPERS);

	/* Pairs with the exchange in leave. */
	if (atomic_compare_exchange_strong_explicit(&inbox->word.value, &seen, seen | LOCKED, memory_order_acquire,
						    memory_order_relaxed))
		return seen >> 2;
	return enter_slowly(inbox);
}

/* Drops the producers' lock; a tail one further publishes the record. Sequentially consistent: see crew.h. */
static inline void leave(struct tpi_inbox *inbox, uint32_t tail)
{
	if (atomic_exchange(&inbox->word.value, (tail & TPI_POSITIONS) << 2) & SLEEPERS)
		tpi_word_wake(&inbox->word, 1);
}

/* The rest: under the producers' lock. */

static inline bool has_room(struct tpi_inbox *inbox)
{
	if (inbox->accepted - inbox->left_seen < inbox->capacity)
		return true;
	/* Pairs with the store in tpi_shard_leave (shard.c): the slots of what has left are free. */
	inbox->left_seen = atomic_load_explicit(&inbox->left, memory_order_acquire);
	return inbox->accepted - inbox->left_seen < inbox->capacity;
}

static inline bool ring_full(struct tpi_inbox *inbox, uint32_t tail)
{
	if (((tail - inbox->drained_seen) & TPI_POSITIONS) <= inbox->mask)
		return false;
	/* Pairs with the store in tpi_shard_drain: the records before it were copied out. */
	inbox->drained_seen = atomic_load_explicit(&inbox->drained, memory_order_acquire);
	return ((tail - inbox->drained_seen) & TPI_POSITIONS) > inbox->mask;
}

enum tpi_put tpi_inbox_put(struct tpi_inbox *inbox, const struct tpi_record *record)
{
	uint32_t tail = enter(inbox);
	enum tpi_put refusal = TPI_PUT_DONE;

	if (inbox->closed)
		refusal = TPI_PUT_CLOSED;
	else if (!has_room(inbox))
		refusal = TPI_PUT_FULL;
	else if (ring_full(inbox, tail))
		refusal = TPI_PUT_CROWDED;
	if (refusal != TPI_PUT_DONE) {
		leave(inbox, tail);
		return refusal;
	}
	inbox->ring[tail & inbox->mask] = *record;
	inbox->accepted++;
	leave(inbox, tail + 1);
	return TPI_PUT_DONE;
}

enum tpi_put tpi_inbox_admit(struct tpi_inbox *inbox, bool past_bound)
{
	uint32_t tail = enter(inbox);
	enum tpi_put result = TPI_PUT_DONE;

	if (inbox->closed)
		result = TPI_PUT_CLOSED;
	else if (!past_bound && !has_room(inbox))
		result = TPI_PUT_FULL;
	else
		inbox->accepted++;
	leave(inbox, tail);
	return result;
}

void tpi_inbox_close(struct tpi_inbox *inbox)
{
	uint32_t tail = enter(inbox);

	inbox->closed = true;
	leave(inbox, tail);
}

uint64_t tpi_inbox_accepted(struct tpi_inbox *inbox)
{
	uint32_t tail = enter(inbox);
	uint64_t accepted = inbox->accepted;

	leave(inbox, tail);
	return accepted;
}

void tpi_inbox_settle(struct tpi_inbox *inbox)
{
	uint64_t accepted = tpi_inbox_accepted(inbox);

	/* Pairs with the addition in tpi_inbox_farewell. What is waited for is a few instructions of another thread. */
	while (atomic_load_explicit(&inbox->gone, memory_order_acquire) != accepted)
		sched_yield();
}
