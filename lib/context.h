/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_CONTEXT_H
#define TPI_CONTEXT_H

#include <taskpool.h>

#include "lock.h"
#include "notify.h"
#include "strand.h"
#include "word.h"

/* One per worker, for one job after the other. */
struct taskpool_context {
	struct taskpool *pool;
	const struct tpi_strand *strand; /* of the running job */
	void *data;                      /* from worker_start */
	unsigned worker;
	struct tpi_word canceled;        /* 1: the job was told to stop; see tpi_context_renew */
	struct tpi_lock lock;            /* guards notify, and its being set with canceled */
	struct tpi_notify notify;        /* opened and closed by the worker only */
};

int tpi_context_init(struct taskpool_context *context, struct taskpool *pool, unsigned worker);
void tpi_context_destroy(struct taskpool_context *context);

/*
 * On the worker, for the next job, under the lock of the shard that it was taken from: who cancels the job finds it
 * under that lock, and a stop cancels all contexts after it has seen to it, under each shard's lock, that no job
 * starts.
 */
static inline void tpi_context_renew(struct taskpool_context *context)
{
	if (atomic_load_explicit(&context->canceled.value, memory_order_relaxed) != 0)
		atomic_store_explicit(&context->canceled.value, 0, memory_order_relaxed);
}

/* On the worker, around a job. */
void tpi_context_begin(struct taskpool_context *context, const struct tpi_strand *strand);
void tpi_context_end(struct taskpool_context *context);

/* Tells the job that runs, or is about to, to stop; from any thread that keeps it from ending, or stops the pool. */
void tpi_context_cancel(struct taskpool_context *context);

#endif
