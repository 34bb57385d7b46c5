/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Head of line: one slow key has a job of 5 ms every 6 ms; how long do the jobs of 1,000 other keys wait behind it? A
 * system that binds a key to one queue lets an eighth of them wait for milliseconds.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "bench.h"
#include "clock.h"
#include "keys.h"
#include "stamps.h"
#include "stats.h"

enum { JOBS_PER_SAMPLE = 50, INTERVAL = 50000, SLOW_INTERVAL = 6000000, SLOW_WORK = 5000000 };

struct slow {
	const struct adapter *adapter;
	void *pool;
	atomic_bool over;
};

static void sleep_long(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	bench_sleep_until(bench_now() + SLOW_WORK);
}

static void *submit_slow(void *arg)
{
	struct slow *slow = arg;
	int64_t moment = bench_now();

	while (!atomic_load_explicit(&slow->over, memory_order_relaxed)) {
		slow->adapter->submit(slow->pool, "slow", 4, sleep_long, NULL);
		moment += SLOW_INTERVAL;
		bench_sleep_until(moment);
	}
	return NULL;
}

static void submit_others(const struct adapter *adapter, void *pool, unsigned count, struct stamp *stamps, size_t jobs)
{
	bench_key *keys = bench_keys(count);
	uint64_t random = 88172645463325252U;
	int64_t moment = bench_now();

	bench_sleep_precisely();
	for (size_t i = 0; i < jobs; i++) {
		moment += INTERVAL;
		bench_sleep_until(moment);
		stamps[i].submitted = bench_now();
		adapter->submit(pool, keys[bench_random(&random) % count], BENCH_KEY_LEN, bench_stamp, &stamps[i]);
	}
}

static const char *headofline(const struct adapter *adapter, const struct cell *cell, unsigned long jobs,
	double metric[BENCH_METRICS])
{
	const size_t count = jobs / JOBS_PER_SAMPLE;
	struct stamp *stamps = bench_zeroed(count, sizeof(*stamps));
	struct slow slow = { adapter, adapter->create(cell->workers, cell->capacity), false };
	pthread_t thread;
	double *delays;

	if (!slow.pool || pthread_create(&thread, NULL, submit_slow, &slow) != 0)
		return "cannot be created";
	submit_others(adapter, slow.pool, cell->keys, stamps, count);
	atomic_store_explicit(&slow.over, true, memory_order_relaxed);
	pthread_join(thread, NULL);
	adapter->destroy(slow.pool);
	delays = bench_delays(stamps, count);
	if (!delays)
		return "a job was lost";
	metric[0] = bench_percentile(delays, count, 50);
	metric[1] = bench_percentile(delays, count, 90);
	metric[2] = bench_percentile(delays, count, 99);
	return NULL;
}

static size_t cells(struct cell grid[BENCH_MAX_CELLS])
{
	grid[0] = (struct cell){ .workers = 8, .keys = 1000, .producers = 1, .capacity = 100 };
	return 1;
}

const struct workload workload_headofline = {
	.name = "headofline",
	.about = "delay of 1,000 keys, one job per 50 us, while another key has a job of 5 ms every 6 ms",
	.metric = { "p50 us", "p90 us", "p99 us" },
	.decides = 2,
	.cells = cells,
	.run = headofline
};
