/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_WORKER_H
#define TPI_WORKER_H

#include <stdalign.h>
#include <stdbool.h>

#include "context.h"
#include "crew.h"
#include "meter.h"
#include "self.h"
#include "shard.h"
#include "trace.h"
#include "turn.h"
#include "util.h"

/* One thread of a pool. Its own alone, but for the meter, the context's cancellation and what the crew holds of it. */
struct tpi_worker {
	alignas(TPI_LINE) struct tpi_crew *crew;
	unsigned number;
	unsigned cursor;     /* the shard that last had something to steal */
	unsigned generation; /* of forks, when the pool was made */
	unsigned burst;      /* jobs since it last searched */
	_Atomic bool busy;   /* of a manual pool: a thread is in its place */
	/* The options worker_idle and worker_wake, and their argument. */
	void (*idle)(void *user, unsigned worker, void *data);
	void (*wake)(void *user, unsigned worker, void *data);
	void *user;
	struct tpi_turn turn;
	struct tpi_frame frame;
	struct tpi_lane lane;
	struct taskpool_context context;
	struct tpi_meter meter;
};

int tpi_worker_init(struct tpi_worker *worker, struct tpi_crew *crew, unsigned number, struct taskpool *pool);
void tpi_worker_destroy(struct tpi_worker *worker);

/*
 * Runs jobs on this thread until the pool stops. False: this is a forked child of a job, in which neither the pool nor
 * the worker may be touched any more.
 */
bool tpi_worker_run(struct tpi_worker *worker);

/* What it consists of, for threads that work now and then: see manual.c. */

/* Runs the job in hand, or ends it, and calls its end; `*ns` is how long it ran. False: a forked child. */
bool tpi_worker_perform(struct tpi_worker *worker, int64_t *ns);

/* Ends jobs whose ttl is over and sees to other timers, where any are due. False: a forked child. */
bool tpi_worker_tend(struct tpi_worker *worker);

#endif
