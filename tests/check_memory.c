/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Memory is bounded by workers and capacity: it does not grow with the keys ever seen.
 */
#include <config.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

#if defined(SANITIZED_THREAD) || defined(SANITIZED_ADDRESS) /* they keep records of their own */
#define MANY_KEYS 20000
#define ALLOWANCE LONG_MAX
#else
#define MANY_KEYS 1000000
#define ALLOWANCE (2 << 20) /* bytes; a million keys at two bytes each would show */
#endif

/* Resident bytes; 0 where the system does not tell. */
static long resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (file) {
		if (fscanf(file, "%*d %ld", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	return pages * sysconf(_SC_PAGESIZE);
}

/* One job for each of `count` keys that were never seen before, of `length` bytes. */
static void use_new_keys(struct taskpool *pool, unsigned count, int length)
{
	static unsigned number;
	char key[512];

	while (count--) {
		snprintf(key, sizeof(key), "%0*u", length, number++);
		expect(taskpool_submit(pool, key, nothing_job, NULL) == 0);
	}
	expect(taskpool_wait(pool, TASKPOOL_FOREVER) == 0);
}

static void check_flat(unsigned placement, unsigned hash, unsigned keys, int length)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool_stats stats = { .size = sizeof(stats) };
	struct taskpool *pool;
	long before, after;

	options.workers = 3;
	options.placement = placement;
	options.hash = hash;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	use_new_keys(pool, 20000, length);
	before = resident();
	use_new_keys(pool, keys, length);
	after = resident();
	ck_assert_int_lt(after - before, ALLOWANCE);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_int_eq(taskpool_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.ran, 20000 + keys);
	ck_assert_uint_eq(stats.keys_active, 0);
	taskpool_free(pool);
}

START_TEST(memory_is_flat_over_a_million_keys)
{
	check_flat((unsigned)_i, TASKPOOL_HASH_FNV1A, MANY_KEYS, 7);
}
END_TEST

START_TEST(memory_is_flat_over_many_long_keys)
{
	check_flat((unsigned)_i, TASKPOOL_HASH_SIPHASH, MANY_KEYS / 10, 300);
}
END_TEST

/* Jobs past the bound need memory, which is given back or used again. */
static struct tally children;

static void submit_past_bound(struct taskpool_context *context, void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 1000; i++)
		expect(taskpool_submit(taskpool_context_pool(context), "child", tally_job, &children) == 0);
}

START_TEST(memory_is_flat_over_many_jobs_past_the_bound)
{
	struct taskpool *pool = start_pool(2, 10, (unsigned)_i);
	long before = 0;

	tally_init(&children);
	for (unsigned i = 0; i < 200; i++) {
		ck_assert_int_eq(taskpool_submit(pool, "parent", submit_past_bound, NULL), 0);
		tally_wait(&children, 1000 * (i + 1));
		if (i == 20)
			before = resident();
	}
	ck_assert_int_lt(resident() - before, ALLOWANCE);
	taskpool_free(pool);
}
END_TEST

static void free_own_pool(struct taskpool_context *context, void *gate)
{
	gate_job(context, gate);
	taskpool_free(taskpool_context_pool(context));
}

START_TEST(memory_is_flat_over_many_pools)
{
	static struct gate gates[300]; /* one each: that its worker has left it is known of none */
	unsigned threads = settled_threads();
	long before = 0;

	for (unsigned i = 0; i < LENGTH(gates); i++) {
		struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

		use_new_keys(pool, 50, 100);
		gate_init(&gates[i]);
		if (i % 3 && threads) {
			expect(taskpool_submit(pool, "key", free_own_pool, &gates[i]) == 0);
			gate_open(&gates[i]);
			await_threads(threads);
		} else {
			taskpool_free(pool);
		}
		if (i == 50)
			before = resident();
	}
	ck_assert_int_lt(resident() - before, ALLOWANCE);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		memory_is_flat_over_a_million_keys,
		memory_is_flat_over_many_long_keys,
		memory_is_flat_over_many_jobs_past_the_bound,
		memory_is_flat_over_many_pools,
		NULL,
	};

	return run_suite("memory", NULL, placed);
}
