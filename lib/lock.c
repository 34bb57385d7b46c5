/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "clock.h"
#include "lock.h"
#include "util.h"

#define SPINS 40

void tpi_lock_take_slowly(struct tpi_lock *lock)
{
	/* What a lock of this library guards takes well under a microsecond: the owner is often just leaving. */
	for (int i = 0; i < SPINS; i++) {
		tpi_relax();
		if (atomic_load_explicit(&lock->word.value, memory_order_relaxed) == 0 && tpi_lock_try(lock))
			return;
	}
	/* Pairs with the exchange in tpi_lock_drop. */
	while (atomic_exchange_explicit(&lock->word.value, 2, memory_order_acquire) != 0)
		tpi_word_wait(&lock->word, 2, TPI_NEVER);
}
