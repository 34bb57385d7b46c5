/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Medians, extremes and percentiles.
 */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stddef.h>

struct spread {
	double median, min, max;
};

struct spread bench_spread(const double *values, size_t count); /* zeros for none */

void bench_sort(double *values, size_t count);
double bench_percentile(const double *sorted, size_t count, double percent);

#endif
