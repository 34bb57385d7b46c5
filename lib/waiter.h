/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_WAITER_H
#define TPI_WAITER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "word.h"

/*
 * Waiting for the jobs that a shard holds now, and for no later one. Each job carries the shard's epoch at its entry;
 * a waiter takes the current epoch as its mark, begins a new one, and counts the unended jobs: all of them have an
 * epoch up to the mark, all later ones have a later one. A job that ends looks at the waiters only if there are any.
 */

struct tpi_strand;

/* One thread's wait over all shards, or for one key. */
struct tpi_gathering {
	_Atomic uint32_t open; /* waiters that still count, and 1 while they are being set up */
	struct tpi_word done;  /* 1: none is left */
};

struct tpi_waiter {
	struct tpi_waiter *next;
	struct tpi_gathering *gathering;
	struct tpi_strand *strand; /* only jobs of this one count; NULL: all */
	uint64_t remaining; /* under the shard's lock, as all of this */
	uint64_t mark;
	bool listed;
};

int tpi_gathering_init(struct tpi_gathering *gathering);
void tpi_gathering_destroy(struct tpi_gathering *gathering);

/* One of the parts counted in `open` is over. */
void tpi_gathering_part(struct tpi_gathering *gathering);

static inline bool tpi_gathering_over(const struct tpi_gathering *gathering)
{
	/* Pairs with the store in tpi_gathering_part. */
	return atomic_load_explicit(&gathering->done.value, memory_order_acquire) != 0;
}

/* False: the deadline passed before all parts were over. */
bool tpi_gathering_wait(struct tpi_gathering *gathering, int64_t deadline);

#endif
