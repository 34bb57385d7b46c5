/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_LOCK_H
#define TPI_LOCK_H

#include <stdbool.h>

#include "word.h"

/*
 * A mutex of one word: 0 free, 1 taken, 2 taken and somebody may sleep. Two atomic operations where nobody else wants
 * it. The algorithm is the third mutex of Ulrich Drepper's "Futexes Are Tricky".
 */
struct tpi_lock {
	struct tpi_word word;
};

static inline int tpi_lock_init(struct tpi_lock *lock)
{
	return tpi_word_init(&lock->word, 0);
}

static inline void tpi_lock_destroy(struct tpi_lock *lock)
{
	tpi_word_destroy(&lock->word);
}

void tpi_lock_take_slowly(struct tpi_lock *lock);

static inline bool tpi_lock_try(struct tpi_lock *lock)
{
	uint32_t free = 0;

	/* Pairs with the exchange in tpi_lock_drop. */
	return atomic_compare_exchange_strong_explicit(&lock->word.value, &free, 1, memory_order_acquire,
						       memory_order_relaxed);
}

static inline void tpi_lock_take(struct tpi_lock *lock)
{
	if (!tpi_lock_try(lock))
		tpi_lock_take_slowly(lock);
}

static inline void tpi_lock_drop(struct tpi_lock *lock)
{
	/* Pairs with the acquiring operations of tpi_lock_try and tpi_lock_take_slowly. */
	if (atomic_exchange_explicit(&lock->word.value, 0, memory_order_release) == 2)
		tpi_word_wake(&lock->word, 1);
}

#endif
