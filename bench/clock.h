/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Time as the workloads need it: reading it, pausing until a moment, keeping a core busy for a while.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>

int64_t bench_now(void); /* nanoseconds, CLOCK_MONOTONIC */
void bench_sleep_until(int64_t moment);
void bench_busy(int64_t duration);

/* The calling thread's sleeps end on time rather than up to 50 us late. Call it after the pool's threads exist. */
void bench_sleep_precisely(void);

#endif
