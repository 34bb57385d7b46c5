/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_TURN_H
#define TPI_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "handle.h"
#include "job.h"
#include "self.h"
#include "shard.h"
#include "strand.h"

/*
 * A strand in a worker's hands, and its job that runs. The strand is this worker's alone until it lets go of it.
 * Written under the shard's lock, where others may read who runs a key.
 */
struct tpi_turn {
	struct tpi_shard *shard;
	struct tpi_strand *strand;
	struct tpi_call call;
	uint64_t epoch;
	struct taskpool_job *handle; /* NULL: the job has none */
	int64_t taken;  /* when it was started, if its key has a rule */
	int64_t begun;  /* when run was called, if that was timed; written by the worker */
	int outcome;    /* TASKPOOL_RAN, or EXPIRED: then only its end is called */
	uint32_t jobs;  /* started in this turn */
	bool announced; /* see crew.h */
	/* Constant: who runs it. */
	struct tpi_frame *frame;
	struct taskpool_context *context;
};

/* ---- Under the shard's lock ---- */

/*
 * Starts the first job of the ready strand that has waited longest. `idlers`: somebody sleeps, so the key that runs is
 * announced. False: there is none.
 */
bool tpi_turn_take(struct tpi_shard *shard, struct tpi_turn *turn, bool idlers);

/* The same, of a given ready strand. */
void tpi_turn_take_strand(struct tpi_shard *shard, struct tpi_turn *turn, struct tpi_strand *strand);

/* The job in hand has ended; `ns` is how long it ran, or -1 if it was not timed. Its handle is to be parted with. */
void tpi_turn_end(struct tpi_shard *shard, const struct tpi_turn *turn, int64_t ns);

/* Then: starts the next job of the same strand, or lets go of the strand and returns false. `idlers` as above. */
bool tpi_turn_proceed(struct tpi_shard *shard, struct tpi_turn *turn, bool idlers);

/* Or: lets go of the strand, whatever it has. */
void tpi_turn_release(struct tpi_shard *shard, struct tpi_turn *turn);

#endif
