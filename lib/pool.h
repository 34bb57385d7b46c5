/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_POOL_H
#define TPI_POOL_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <taskpool.h>

#include "crew.h"
#include "fork.h"
#include "lock.h"
#include "options.h"
#include "waiter.h"
#include "worker.h"

enum tpi_pool_state {
	TPI_POOL_NEW,
	TPI_POOL_STARTED,
	TPI_POOL_STOPPED, /* or stopping: a start has no chance any more */
};

/* How the threads that start_all made go on, and those that run a manual pool. */
enum tpi_gate { TPI_GATE_SHUT, TPI_GATE_OPEN, TPI_GATE_HOME };

/*
 * Life: the owner holds one reference, each worker's thread one, and so does a call that may outlast a taskpool_free
 * made inside it (by the `end` of a job that it cancels). Whoever drops the last one frees.
 */
struct taskpool {
	struct tpi_crew crew;
	struct tpi_shard *shards;
	struct tpi_worker *workers;
	pthread_t *threads;

	/* Constant. */
	struct taskpool_options options; /* `name` points to the next one */
	char name[TPI_NAME_MAX + 1];
	uint64_t seed[2];
	unsigned generation;
	bool eternal; /* the default pool: free only stops it */

	alignas(TPI_LINE) struct tpi_lock life; /* guards the three after it; held over the start and the joins */
	_Atomic int state;                      /* enum tpi_pool_state; may be read without */
	bool joined;
	unsigned started;                       /* threads that were made */

	struct tpi_word gate;  /* enum tpi_gate */
	struct tpi_word alive; /* workers that have not come home */
	struct tpi_word vacated; /* of a manual pool: grows when a thread leaves a worker's place */
	_Atomic uint64_t random; /* the same: what draws among the ready keys */
	_Atomic unsigned next_shard;
	_Atomic unsigned references;

	/* What submits leave behind; relaxed counters. */
	alignas(TPI_LINE) _Atomic unsigned next_loose; /* where the next job without a key goes */
	struct tpi_word anywhere;                      /* changes when there is room somewhere, see shard.h */
	_Atomic uint64_t rejected, blocked, blocked_time;
};

/* What every call does first: 0, -EINVAL or -EOWNERDEAD. */
static inline int tpi_pool_check(const struct taskpool *pool)
{
	if (pool == NULL)
		return -EINVAL;
	return pool->generation == tpi_fork_now() ? 0 : -EOWNERDEAD;
}

/* The key's home shard, and its hash for the tables. */
unsigned tpi_pool_home(const struct taskpool *pool, const void *key, size_t len, uint64_t *tag);

/* A pool in every respect but that free only stops it, if `eternal`. */
int tpi_pool_new(struct taskpool **pool, const struct taskpool_options *options, bool eternal);

void tpi_pool_hold(struct taskpool *pool);

/* May free the pool. */
void tpi_pool_drop(struct taskpool *pool);

/* Lets those go on who wait for the start. */
void tpi_pool_open_gate(struct taskpool *pool, enum tpi_gate gate);

/* Refuses new jobs from now on. */
void tpi_pool_close(struct taskpool *pool);

/*
 * Closes, cancels what runs, ends what waits, sends the workers home. False: an end forked, and this is the child, in
 * which nothing of the pool may be touched any more.
 */
bool tpi_pool_cancel(struct taskpool *pool);

/* Of a closed pool: waits until all jobs have ended. 0 or -ETIMEDOUT. */
int tpi_pool_drain(struct taskpool *pool, int64_t deadline);

/* Of a canceled one: waits for the workers' threads. */
void tpi_pool_join(struct taskpool *pool);

#endif
