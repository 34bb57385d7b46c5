/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Latency: from the call of submit to the first instruction of the job. On an idle pool, with a pause before each
 * submit that is long enough for workers to go to sleep; and on one that is half busy, with jobs arriving at random.
 */
#include "bench.h"
#include "clock.h"
#include "keys.h"
#include "machine.h"
#include "stamps.h"
#include "stats.h"

enum { JOBS_PER_SAMPLE = 500, PAUSE = 200000, WORK = 100000 };

static void stamp_and_work(struct taskpool_context *context, void *arg)
{
	bench_stamp(context, arg);
	bench_busy(WORK);
}

struct arrivals {
	bench_job *job;
	int64_t interval; /* on average */
	bool random;      /* anything between 0 and twice the interval; else a pause of the interval */
};

static void submit_spaced(const struct adapter *adapter, void *pool, unsigned key_count,
	const struct arrivals *arrivals, struct stamp *stamps, size_t count)
{
	bench_key *keys = bench_keys(key_count);
	uint64_t random = 88172645463325252U;
	int64_t moment = bench_now();

	for (size_t i = 0; i < count; i++) {
		const uint64_t chance = bench_random(&random);

		if (arrivals->random)
			moment += (int64_t)((chance >> 32) % (uint64_t)(2 * arrivals->interval));
		else
			moment = bench_now() + arrivals->interval;
		bench_sleep_until(moment);
		stamps[i].submitted = bench_now();
		adapter->submit(pool, keys[chance % key_count], BENCH_KEY_LEN, arrivals->job, &stamps[i]);
	}
}

static const char *measure(const struct adapter *adapter, const struct cell *cell, const struct arrivals *arrivals,
	size_t count, double metric[BENCH_METRICS])
{
	struct stamp *stamps = bench_zeroed(count, sizeof(*stamps));
	void *pool = adapter->create(cell->workers, cell->capacity);
	double *delays;

	if (!pool)
		return "cannot be created";
	bench_sleep_precisely();
	submit_spaced(adapter, pool, cell->keys, arrivals, stamps, count);
	adapter->destroy(pool);
	delays = bench_delays(stamps, count);
	if (!delays)
		return "a job was lost";
	metric[0] = bench_percentile(delays, count, 50);
	metric[1] = bench_percentile(delays, count, 99);
	metric[2] = bench_percentile(delays, count, 99.9);
	return NULL;
}

static const char *latency(const struct adapter *adapter, const struct cell *cell, unsigned long jobs,
	double metric[BENCH_METRICS])
{
	const struct arrivals arrivals = { bench_stamp, PAUSE, false };

	return measure(adapter, cell, &arrivals, jobs / JOBS_PER_SAMPLE, metric);
}

static const char *loaded(const struct adapter *adapter, const struct cell *cell, unsigned long jobs,
	double metric[BENCH_METRICS])
{
	const int64_t cores = bench_cores() < cell->workers ? bench_cores() : cell->workers;
	const struct arrivals arrivals = { stamp_and_work, 2 * WORK / cores, true };

	return measure(adapter, cell, &arrivals, jobs / JOBS_PER_SAMPLE, metric);
}

static size_t cells(struct cell grid[BENCH_MAX_CELLS])
{
	grid[0] = (struct cell){ .workers = 1, .keys = 1000, .producers = 1, .capacity = 100 };
	grid[1] = (struct cell){ .workers = 8, .keys = 1000, .producers = 1, .capacity = 100 };
	return 2;
}

const struct workload workload_latency = {
	.name = "latency",
	.about = "submit to first instruction of the job, one job per 200 us, all workers asleep",
	.metric = { "p50 us", "p99 us", "p99.9 us" },
	.decides = 0,
	.cells = cells,
	.run = latency
};

const struct workload workload_loaded = {
	.name = "loaded",
	.about = "submit to first instruction of the job, jobs of 100 us at random times that keep half of the cores busy",
	.metric = { "p50 us", "p99 us", "p99.9 us" },
	.decides = 1,
	.cells = cells,
	.run = loaded
};
