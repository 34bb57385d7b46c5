/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_HANDLE_H
#define TPI_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <taskpool.h>

#include "job.h"
#include "timer.h"
#include "word.h"

struct tpi_frame;
struct tpi_shard;
struct tpi_strand;
struct tpi_turn;

/*
 * What few jobs have: a handle, a delay, a ttl. The caller's handle and the engine's notes are one block, counted: the
 * pool holds one reference until the job has ended, the caller one per taskpool_job_ref.
 *
 * A handle outlives its pool. Who must look into the pool through it visits: a visit either finds that the job has
 * ended, or keeps whoever ends it, and so the pool, from going on after the end. A visit must be short, and may not
 * begin with the shard's lock held.
 */
struct taskpool_job {
	_Atomic unsigned references;
	unsigned generation;      /* of forks */
	struct tpi_word outcome;  /* 0: it has not ended */
	_Atomic uint32_t sleepers; /* threads that sleep on it */
	_Atomic uint32_t visits;

	/* Constant once it is accepted; to be used by visitors only. */
	struct taskpool *pool;
	struct tpi_shard *shard;
	int64_t delay, ttl; /* as the task says */

	/* Guarded by the shard's lock. */
	struct tpi_strand *strand;
	struct tpi_job *job;          /* while it waits, or is delayed */
	struct tpi_turn *turn;        /* while a worker runs or ends it */
	struct tpi_frame *holder;     /* of the thread that took it out of the queue, while it ends it */
	int64_t expires;              /* TPI_NEVER: never */
	struct tpi_timer entry;       /* set: it is delayed until then */
	struct tpi_timer expiry;
	bool delayed;
	struct taskpool_job *next, *prev; /* among the delayed of its key */
};

/* With two references, the pool's and the caller's. NULL: no memory. */
struct taskpool_job *tpi_handle_new(struct taskpool *pool, const struct taskpool_task *task);

/* False, and no visit: it has ended. */
bool tpi_handle_visit(struct taskpool_job *handle);
void tpi_handle_leave(struct taskpool_job *handle);

/* Under the shard's lock: the job has ended, and whoever waits hears of it. */
void tpi_handle_settle(struct taskpool_job *handle, int outcome);

/* Then, without the lock: waits until the last visitor has left, and drops the pool's reference. */
void tpi_handle_part(struct taskpool_job *handle);

/* Sleeps until the job has ended. False: the deadline passed before. */
bool tpi_handle_wait(struct taskpool_job *handle, int64_t deadline);

/* The outcome, or 0. */
static inline int tpi_handle_outcome(struct taskpool_job *handle)
{
	/* Pairs with the store in tpi_handle_settle: who learns of the end sees what the job did. */
	return (int)atomic_load_explicit(&handle->outcome.value, memory_order_acquire);
}

#endif
