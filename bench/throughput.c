/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Throughput: producers submit jobs over a set of keys as fast as the system takes them, then one last job per key; the
 * clock stops at the last of these. Every job checks that it is the next one of its producer under its key, so that a
 * job that is lost, doubled, out of order or run beside another of its key is found: the state is not atomic.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>

#include "bench.h"
#include "clock.h"
#include "keys.h"

enum { PRODUCERS = 2 };

/* A job's argument is a number, lest it read memory of its producer: key, producer, place in the key's order. */
enum { KEY_BITS = 17, SEQUENCE_BITS = 14, SEQUENCE_MASK = (1 << SEQUENCE_BITS) - 1 };

struct key_state {
	uint32_t ran[PRODUCERS];
};

struct producer {
	pthread_t thread;
	uint32_t *plan; /* the arguments of its jobs, in order */
	size_t count;
	uint32_t *per_key; /* how many of them each key gets */
};

/* One run per process: jobs find it here, their argument being full. */
static struct {
	const struct adapter *adapter;
	void *pool;
	bench_key *keys;
	struct key_state *state;
	unsigned state_shift;
	struct producer producer[PRODUCERS];
	pthread_barrier_t start;
	atomic_uint keys_left;
	atomic_bool wrong;
	int64_t ended; /* written by the last job, before `over` is posted */
	sem_t over;
} run;

static struct key_state *state_of(uint32_t key)
{
	return &run.state[(size_t)key << run.state_shift];
}

static void count_one(struct taskpool_context *context, void *arg)
{
	const uint32_t job = (uint32_t)(uintptr_t)arg;
	uint32_t *ran = &state_of(job >> (SEQUENCE_BITS + 1))->ran[job >> SEQUENCE_BITS & 1];

	(void)context;
	if ((*ran & SEQUENCE_MASK) != (job & SEQUENCE_MASK))
		atomic_store_explicit(&run.wrong, true, memory_order_relaxed);
	(*ran)++;
}

static void last_of_key(struct taskpool_context *context, void *arg)
{
	const uint32_t key = (uint32_t)(uintptr_t)arg;

	(void)context;
	for (unsigned p = 0; p < PRODUCERS; p++)
		if (run.producer[p].per_key && state_of(key)->ran[p] != run.producer[p].per_key[key])
			atomic_store_explicit(&run.wrong, true, memory_order_relaxed);
	if (atomic_fetch_sub_explicit(&run.keys_left, 1, memory_order_acq_rel) == 1) {
		run.ended = bench_now();
		sem_post(&run.over);
	}
}

static void *produce(void *arg)
{
	const struct producer *producer = arg;

	pthread_barrier_wait(&run.start);
	for (size_t i = 0; i < producer->count; i++) {
		const uint32_t job = producer->plan[i];

		run.adapter->submit(run.pool, run.keys[job >> (SEQUENCE_BITS + 1)], BENCH_KEY_LEN, count_one,
			(void *)(uintptr_t)job);
	}
	return NULL;
}

static void plan(unsigned index, const struct cell *cell, size_t count)
{
	struct producer *producer = &run.producer[index];
	uint64_t random = 88172645463325252U + index;

	producer->count = count;
	producer->plan = bench_zeroed(count, sizeof(*producer->plan));
	producer->per_key = bench_zeroed(cell->keys, sizeof(*producer->per_key));
	for (size_t i = 0; i < count; i++) {
		const uint32_t key = (uint32_t)(bench_random(&random) % cell->keys);
		const uint32_t place = producer->per_key[key]++ & SEQUENCE_MASK;

		producer->plan[i] = (key << 1 | index) << SEQUENCE_BITS | place;
	}
}

static void prepare(const struct adapter *adapter, const struct cell *cell, unsigned long jobs)
{
	/*
	 * Few keys: a cache line for each, as an object of its own would have, lest neighbours disturb each other. Many
	 * keys: packed, so that fetching their state is not what is measured.
	 */
	run.state_shift = cell->keys <= 4096 ? 3 : 0;
	run.state = bench_zeroed((size_t)cell->keys << run.state_shift, sizeof(*run.state));
	memset(run.state, 0, ((size_t)cell->keys << run.state_shift) * sizeof(*run.state));
	run.keys = bench_keys(cell->keys);
	for (unsigned p = 0; p < cell->producers; p++)
		plan(p, cell, jobs / cell->producers);
	atomic_init(&run.keys_left, cell->keys);
	pthread_barrier_init(&run.start, NULL, cell->producers + 1);
	sem_init(&run.over, 0, 0);
	run.adapter = adapter;
	run.pool = adapter->create(cell->workers, cell->capacity);
	if (!run.pool)
		bench_fail(adapter->name, "cannot be created");
}

static double cpu_nanoseconds(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e9 +
		(double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1e3;
}

static const char *throughput(const struct adapter *adapter, const struct cell *cell, unsigned long jobs,
	double metric[BENCH_METRICS])
{
	const double all = (double)(jobs / cell->producers * cell->producers + cell->keys);
	struct rusage before, after;
	int64_t started;

	if (cell->keys > 1U << KEY_BITS || cell->producers > PRODUCERS)
		return "the cell is outside the workload's limits";
	prepare(adapter, cell, jobs);
	for (unsigned p = 0; p < cell->producers; p++)
		if (pthread_create(&run.producer[p].thread, NULL, produce, &run.producer[p]) != 0)
			return "no thread for a producer";
	getrusage(RUSAGE_SELF, &before);
	started = bench_now();
	pthread_barrier_wait(&run.start);
	for (unsigned p = 0; p < cell->producers; p++)
		pthread_join(run.producer[p].thread, NULL);
	for (uintptr_t key = 0; key < cell->keys; key++)
		adapter->submit(run.pool, run.keys[key], BENCH_KEY_LEN, last_of_key, (void *)key);
	while (sem_wait(&run.over) < 0)
		;
	getrusage(RUSAGE_SELF, &after);
	adapter->destroy(run.pool);
	metric[0] = (double)(run.ended - started) / all;
	metric[1] = (cpu_nanoseconds(&after) - cpu_nanoseconds(&before)) / all;
	metric[2] = (double)(after.ru_nvcsw - before.ru_nvcsw) * 1e3 / all;
	return atomic_load(&run.wrong) ? "jobs lost, doubled, out of order or side by side" : NULL;
}

static size_t cells(struct cell grid[BENCH_MAX_CELLS])
{
	static const unsigned workers[] = { 1, 2, 8 }, keys[] = { 1, 64, 100000 }, capacity[] = { 100, 4096 };
	size_t count = 0;

	for (size_t c = 0; c < 2; c++)
		for (unsigned producers = 1; producers <= PRODUCERS; producers++)
			for (size_t k = 0; k < 3; k++)
				for (size_t w = 0; w < 3; w++)
					grid[count++] = (struct cell){ workers[w], keys[k], producers, capacity[c] };
	return count;
}

const struct workload workload_throughput = {
	.name = "throughput",
	.about = "time from the first submit to the end of the last job, per job; counts and order are checked",
	.metric = { "ns/job", "cpu ns/job", "switch/1k" },
	.decides = 0,
	.cells = cells,
	.run = throughput
};
