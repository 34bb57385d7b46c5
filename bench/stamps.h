/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Stamps: when a job was submitted and when it started, and the delays that follow from many of them.
 */
#ifndef BENCH_STAMPS_H
#define BENCH_STAMPS_H

#include <stddef.h>
#include <stdint.h>

struct taskpool_context;

struct stamp {
	int64_t submitted, started;
};

/* A job whose argument is its stamp. */
void bench_stamp(struct taskpool_context *context, void *arg);

/* Sorted delays in microseconds, to be freed; NULL: a job never ran. */
double *bench_delays(const struct stamp *stamps, size_t count);

#endif
