/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "meter.h"

static uint64_t value(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void tpi_meter_time(struct tpi_meter *meter, int64_t wait, int64_t run)
{
	uint64_t ran = value(&meter->ran), weight = ran - value(&meter->counted);
	unsigned wait_bucket = tpi_meter_bucket(wait), run_bucket = tpi_meter_bucket(run);

	tpi_meter_add(&meter->wait_time[wait_bucket], weight);
	tpi_meter_add(&meter->run_time[run_bucket], weight);
	tpi_meter_add(&meter->wait_sum, weight * (uint64_t)(wait > 0 ? wait : 0));
	tpi_meter_add(&meter->run_sum, weight * (uint64_t)(run > 0 ? run : 0));
	atomic_store_explicit(&meter->last_wait, wait_bucket, memory_order_relaxed);
	atomic_store_explicit(&meter->last_run, run_bucket, memory_order_relaxed);
	atomic_store_explicit(&meter->counted, ran, memory_order_relaxed);
}

void tpi_meter_sum(const struct tpi_meter *meter, uint64_t wait_time[TPI_BUCKETS], uint64_t run_time[TPI_BUCKETS])
{
	uint64_t counted = value(&meter->counted), ran = value(&meter->ran);
	uint64_t rest = ran > counted ? ran - counted : 0; /* the worker goes on meanwhile */

	for (unsigned i = 0; i < TPI_BUCKETS; i++) {
		wait_time[i] += value(&meter->wait_time[i]);
		run_time[i] += value(&meter->run_time[i]);
	}
	wait_time[atomic_load_explicit(&meter->last_wait, memory_order_relaxed)] += rest;
	run_time[atomic_load_explicit(&meter->last_run, memory_order_relaxed)] += rest;
}
