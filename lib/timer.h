/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_TIMER_H
#define TPI_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

/*
 * Moments in their order, equal ones in that of their setting: a pairing heap (Fredman, Sedgewick, Sleator, Tarjan).
 * To set costs a comparison, to take the first out O(log n) over time, and no memory but what is in each timer.
 * The shard's lock guards all of it.
 */
struct tpi_timer {
	int64_t due;
	uint64_t number;          /* 0: not set */
	struct tpi_timer *child;  /* the first one */
	struct tpi_timer *next;   /* among the children of one parent */
	struct tpi_timer *before; /* the one whose `next` or `child` this is; NULL: the root */
};

struct tpi_timers {
	struct tpi_timer *first;
	uint64_t last_number;
};

/* The timer must not be set. TPI_NEVER leaves it so. */
void tpi_timer_set(struct tpi_timers *timers, struct tpi_timer *timer, int64_t due);

/* Nothing happens to one that is not set. */
void tpi_timer_cancel(struct tpi_timers *timers, struct tpi_timer *timer);

/* TPI_NEVER: none is set. */
static inline int64_t tpi_timers_due(const struct tpi_timers *timers)
{
	return timers->first != NULL ? timers->first->due : TPI_NEVER;
}

#endif
