/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Medians, extremes and percentiles.
 */
#include "stats.h"

#include <stdlib.h>
#include <string.h>

#include "bench.h"

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void bench_sort(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
}

double bench_percentile(const double *sorted, size_t count, double percent)
{
	size_t at = (size_t)((double)count * percent / 100);

	return count == 0 ? 0 : sorted[at < count ? at : count - 1];
}

struct spread bench_spread(const double *values, size_t count)
{
	double sorted[BENCH_MAX_ROUNDS];

	if (count == 0 || count > BENCH_MAX_ROUNDS)
		return (struct spread){ 0, 0, 0 };
	memcpy(sorted, values, count * sizeof(*values));
	bench_sort(sorted, count);
	return (struct spread){
		(sorted[(count - 1) / 2] + sorted[count / 2]) / 2, sorted[0], sorted[count - 1]
	};
}
