/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_EVICT_H
#define TPI_EVICT_H

#include <stdbool.h>
#include <stdint.h>

#include "handle.h"
#include "job.h"
#include "self.h"
#include "shard.h"

struct tpi_crew;

/*
 * Jobs that somebody takes out of their queue in order to end them without running: by a cancel, a stop, a ttl, a
 * replacement. Under the shard's lock they leave the queue, so nobody else can reach them; then their ends are called
 * with no lock held. Where they were a barrier stays until all of them have ended: what stands behind it in the key's
 * order does not start before. Jobs without a key need none.
 *
 * All of it is on the stack of the thread that does it. Guarded by the shard's lock, but for what only that thread
 * uses.
 */
struct tpi_eviction {
	struct tpi_job barrier;
	struct tpi_eviction *next;   /* among those of the shard */
	struct tpi_shard *shard;
	struct tpi_strand *strand;
	struct tpi_frame frame;
	struct tpi_job *jobs;        /* still to be ended, as a chain that NULL ends; they count as queued */
	struct tpi_call call;        /* of the one in hand */
	struct taskpool_job *handle;
	uint64_t epoch;
	bool in_hand;
	bool early;                  /* their room is free once they are in hand, else once they have ended */
	int outcome;                 /* of all of them */
	uint32_t unended;
	uint32_t ended;
};

/* ---- Under the shard's lock ---- */

/* Takes out one waiting job with a handle. */
void tpi_evict_one(struct tpi_eviction *eviction, struct tpi_shard *shard, struct taskpool_job *handle, int outcome);

/* Takes a job out of eviction->strand in favour of another, which uses its block (returned): it ends REPLACED. */
struct tpi_job *tpi_evict_newest(struct tpi_eviction *eviction, struct tpi_shard *shard, struct tpi_job *newest);

/* Takes out all jobs of the strand, delayed ones too. False: there are none. */
bool tpi_evict_strand(struct tpi_eviction *eviction, struct tpi_shard *shard, struct tpi_strand *strand, int outcome);

/* ---- Without it ---- */

/*
 * Calls the ends of what was taken out, on this thread. False: one of them forked, and this is the child, in which
 * nothing of the pool may be touched any more.
 */
bool tpi_evict_end(struct tpi_eviction *eviction, struct tpi_crew *crew, struct taskpool *pool);

#endif
