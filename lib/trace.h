/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_TRACE_H
#define TPI_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

/*
 * The trace of all pools of the process. It is a file of events, of which one or none is open. A lane is introduced
 * where it first appears in a trace. When it is completed, nothing is appended, whoever still runs.
 */

/* A hint: whether it pays to take times and call tpi_trace_job. */
extern _Atomic bool tpi_tracing;

static inline bool tpi_traced(void)
{
	return __builtin_expect(atomic_load_explicit(&tpi_tracing, memory_order_relaxed), false);
}

/* A number for a pool, from 1 on; none is given twice in a process. */
unsigned tpi_trace_pool_number(void);

/*
 * A job of the lane's worker that has ended, for the trace if there is one. Called by the worker without a lock; once
 * it has returned, a stop of the trace does not miss the job. `key` NULL: it has none; `submitted` 0: not known. Times
 * are CLOCK_MONOTONIC ns; `outcome` is an enum taskpool_outcome. Leaves errno alone.
 */
void tpi_trace_job(struct tpi_lane *lane, const void *key, size_t key_len, int64_t submitted, int64_t started,
		   int64_t ended, int outcome);

/* The first call starts the trace that the environment asks for; it cannot fail. */
void tpi_trace_environment(void);

#endif
