/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_METER_H
#define TPI_METER_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "util.h"

#define TPI_BUCKETS 64

/*
 * What a worker counts of itself. Only the worker writes, anybody reads. A job whose times are taken is counted in the
 * histograms for the untimed ones before it as well.
 */
struct tpi_meter {
	alignas(TPI_LINE) _Atomic uint64_t ran;
	_Atomic uint64_t stolen;
	_Atomic uint64_t counted; /* of the jobs that ran: those in the histograms */
	_Atomic uint32_t last_wait, last_run; /* the buckets that were last counted in */
	_Atomic uint64_t wait_sum, run_sum; /* nanoseconds */
	_Atomic uint64_t wait_time[TPI_BUCKETS];
	_Atomic uint64_t run_time[TPI_BUCKETS];
};

static inline void tpi_meter_add(_Atomic uint64_t *counter, uint64_t count)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + count,
			      memory_order_relaxed);
}

/* The bucket i with 2^i <= ns < 2^(i+1). */
static inline unsigned tpi_meter_bucket(int64_t ns)
{
	return ns > 1 ? 63u - (unsigned)__builtin_clzll((unsigned long long)ns) : 0;
}

/* A timed job, after it was counted in `ran`. */
void tpi_meter_time(struct tpi_meter *meter, int64_t wait, int64_t run);

/* Adds the histograms; the untimed jobs since the last timed one are counted where that was. */
void tpi_meter_sum(const struct tpi_meter *meter, uint64_t wait_time[TPI_BUCKETS], uint64_t run_time[TPI_BUCKETS]);

#endif
