/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Stamps and delays.
 */
#include "stamps.h"

#include <stdlib.h>

#include "clock.h"
#include "keys.h"
#include "stats.h"

void bench_stamp(struct taskpool_context *context, void *arg)
{
	(void)context;
	((struct stamp *)arg)->started = bench_now();
}

double *bench_delays(const struct stamp *stamps, size_t count)
{
	double *delays = bench_zeroed(count, sizeof(*delays));

	for (size_t i = 0; i < count; i++) {
		if (stamps[i].started == 0) {
			free(delays);
			return NULL;
		}
		delays[i] = (double)(stamps[i].started - stamps[i].submitted) / 1e3;
	}
	bench_sort(delays, count);
	return delays;
}
