/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_READY_H
#define TPI_READY_H

#include "shard.h"

/*
 * A shard's list of strands that have jobs and that nobody runs, the one that has been ready longest first. Under the
 * shard's lock; only the length may be read without it.
 */

static inline bool tpi_none_ready(const struct tpi_shard *shard)
{
	return atomic_load_explicit(&shard->ready, memory_order_relaxed) == 0;
}

static inline void tpi_make_ready(struct tpi_shard *shard, struct tpi_strand *strand)
{
	uint32_t ready = atomic_load_explicit(&shard->ready, memory_order_relaxed);

	strand->state = TPI_STRAND_READY;
	if (ready == 0) {
		strand->next_ready = strand;
	} else {
		strand->next_ready = shard->last_ready->next_ready;
		shard->last_ready->next_ready = strand;
	}
	shard->last_ready = strand;
	atomic_store_explicit(&shard->ready, ready + 1, memory_order_relaxed);
}

/*
 * The strand to run from. Of jobs without a key the next one may be taken while this one runs: as long as there are
 * any their strand stays in the list, at its end, so that `ready` never looks like 0 to a worker about to sleep.
 */
static inline struct tpi_strand *tpi_pick_ready(struct tpi_shard *shard)
{
	uint32_t ready = atomic_load_explicit(&shard->ready, memory_order_relaxed);
	struct tpi_strand *first = shard->last_ready->next_ready;

	if (first->flags & TPI_STRAND_LOOSE && first->last != first->last->next) {
		shard->last_ready = first;
		return first;
	}
	shard->last_ready->next_ready = first->next_ready;
	atomic_store_explicit(&shard->ready, ready - 1, memory_order_relaxed);
	first->state = first->flags & TPI_STRAND_LOOSE ? TPI_STRAND_IDLE : TPI_STRAND_RUNNING;
	return first;
}

/* Takes a strand out of the list: the one that has been ready longest at once, others by a walk to their place. */
static inline void tpi_unmake_ready(struct tpi_shard *shard, struct tpi_strand *strand)
{
	uint32_t ready = atomic_load_explicit(&shard->ready, memory_order_relaxed);
	struct tpi_strand *before = shard->last_ready;

	while (before->next_ready != strand)
		before = before->next_ready;
	before->next_ready = strand->next_ready;
	if (shard->last_ready == strand)
		shard->last_ready = before;
	strand->state = TPI_STRAND_HELD;
	atomic_store_explicit(&shard->ready, ready - 1, memory_order_relaxed);
}

/* As tpi_pick_ready, but the strand that `index` others are ahead of. */
static inline struct tpi_strand *tpi_pick_nth(struct tpi_shard *shard, uint64_t index)
{
	struct tpi_strand *strand = shard->last_ready->next_ready;

	while (index-- > 0)
		strand = strand->next_ready;
	if (strand->flags & TPI_STRAND_LOOSE && strand->last != strand->last->next)
		return strand;
	tpi_unmake_ready(shard, strand);
	strand->state = strand->flags & TPI_STRAND_LOOSE ? TPI_STRAND_IDLE : TPI_STRAND_RUNNING;
	return strand;
}

#endif
