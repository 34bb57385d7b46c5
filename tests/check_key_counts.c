/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool_key_stats and taskpool_hot_keys: what waits, for how long, and where most of it is.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"
#include "suite.h"

#define GUARD 0xa5

/* ---- One key ---- */

START_TEST(a_key_never_seen_has_no_counts)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct taskpool_key_stats stats = { .size = sizeof(stats), .queued = 7, .running = 7, .oldest_wait = 7 };

	ck_assert_int_eq(taskpool_key_stats(pool, "key", 3, &stats), 0);
	ck_assert_uint_eq(stats.queued + stats.running, 0);
	ck_assert_int_eq(stats.oldest_wait, 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(jobs_of_a_key_are_counted_in_every_state)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct taskpool_task task = make_task("key", forbidden_job, NULL);
	struct taskpool_key_stats stats;
	struct taskpool_job *job;
	struct gate gate;

	gate_init(&gate);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(taskpool_submit(pool, "key", i ? nothing_job : gate_job, &gate), 0);
	ck_assert_int_eq(taskpool_submit(pool, "other", nothing_job, NULL), 0);
	task.delay = INT64_MAX;
	submit_probe_task(pool, &task, &job);
	stats = read_key_stats(pool, "key");
	ck_assert_uint_eq(stats.queued, 6);
	ck_assert_uint_eq(stats.running, 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	tally_wait(&gate.entered, 1);
	stats = read_key_stats(pool, "key");
	ck_assert_uint_eq(stats.queued, 5);
	ck_assert_uint_eq(stats.running, 1);
	ck_assert_int_gt(stats.oldest_wait, 0);
	ck_assert_int_eq(taskpool_job_cancel(job), 0);
	ck_assert_uint_eq(read_key_stats(pool, "key").queued, 4);
	gate_open(&gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	stats = read_key_stats(pool, "key");
	ck_assert_uint_eq(stats.queued + stats.running, 0);
	ck_assert_int_eq(stats.oldest_wait, 0);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_job_that_runs_does_not_wait)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_key_stats stats;
	struct gate gate;

	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &gate), 0);
	tally_wait(&gate.entered, 1);
	stats = read_key_stats(pool, "key");
	ck_assert_uint_eq(stats.queued, 0);
	ck_assert_uint_eq(stats.running, 1);
	ck_assert_int_eq(stats.oldest_wait, 0);
	gate_open(&gate);
	taskpool_free(pool);
}
END_TEST

START_TEST(the_oldest_wait_grows_and_is_that_of_the_next_when_the_oldest_goes)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	struct taskpool_job *oldest;
	int64_t begin[2], seen, wait;
	struct probe probes[2];

	begin[0] = now();
	submit_probe(pool, "key", forbidden_job, &probes[0], &oldest);
	wait = read_key_stats(pool, "key").oldest_wait;
	seen = now();
	ck_assert_int_le(wait, seen - begin[0]);
	for (unsigned i = 0; i < 3; i++) {
		pass(seen, (i + 1) * 10 * MILLISECOND);
		wait = read_key_stats(pool, "key").oldest_wait;
		ck_assert_int_ge(wait, (i + 1) * 10 * MILLISECOND);
		ck_assert_int_le(wait, now() - begin[0]);
	}
	begin[1] = now();
	submit_probe(pool, "key", forbidden_job, &probes[1], NULL);
	ck_assert_int_ge(read_key_stats(pool, "key").oldest_wait, 30 * MILLISECOND);
	ck_assert_int_eq(taskpool_job_cancel(oldest), 0);
	wait = read_key_stats(pool, "key").oldest_wait;
	ck_assert_int_le(wait, now() - begin[1]);
	taskpool_job_unref(oldest);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_delayed_job_waits_since_its_submission)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct taskpool_task task = make_task("key", forbidden_job, NULL);
	int64_t seen;

	task.delay = INT64_MAX;
	submit_probe_task(pool, &task, NULL);
	ck_assert_uint_eq(read_key_stats(pool, "key").queued, 1);
	seen = now();
	pass(seen, 10 * MILLISECOND);
	ck_assert_int_ge(read_key_stats(pool, "key").oldest_wait, 10 * MILLISECOND);
	taskpool_free(pool);
}
END_TEST

START_TEST(key_stats_are_filled_up_to_the_callers_size)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	size_t known = sizeof(struct taskpool_key_stats);
	union {
		struct taskpool_key_stats stats;
		unsigned char bytes[sizeof(struct taskpool_key_stats) + 48];
	} filled;

	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	for (size_t size = 0; size <= known + 24; size += size < sizeof(size_t) ? 1 : 8) {
		memset(&filled, GUARD, sizeof(filled));
		filled.stats.size = size;
		ck_assert_int_eq(taskpool_key_stats(pool, "key", 3, &filled.stats),
				 size < sizeof(size_t) ? -EINVAL : 0);
		ck_assert_uint_eq(filled.stats.size, size);
		if (size >= offsetof(struct taskpool_key_stats, running))
			ck_assert_uint_eq(filled.stats.queued, 1);
		if (size >= offsetof(struct taskpool_key_stats, oldest_wait))
			ck_assert_uint_eq(filled.stats.running, 0);
		for (size_t i = sizeof(size_t); i < sizeof(filled); i++)
			if (i >= size)
				expect(filled.bytes[i] == GUARD);
			else if (i >= known)
				expect(filled.bytes[i] == 0);
	}
	taskpool_free(pool);
}
END_TEST

/* ---- The longest queues ---- */

/* Key `i` is "i" and the letter x as often as needed; it has i + 1 jobs. */
static size_t make_hot_key(char *key, unsigned i)
{
	size_t length = i % 2 ? 2 : 60 + i;

	memset(key, 'x', length);
	key[0] = (char)('0' + i);
	return length;
}

#define HOT 9

static void submit_hot_keys(struct taskpool *pool)
{
	char key[100];

	for (unsigned i = 0; i < HOT; i++)
		for (unsigned j = 0; j <= i; j++) {
			struct taskpool_task task = make_task(NULL, nothing_job, NULL);

			task.key = key;
			task.key_len = make_hot_key(key, i);
			task.delay = j % 3 == 2 ? INT64_MAX : 0; /* delayed jobs are queued as well */
			submit_probe_task(pool, &task, NULL);
		}
	ck_assert_int_eq(taskpool_submit(pool, NULL, nothing_job, NULL), 0);
}

static void check_hot_key(const struct taskpool_hot_key *hot, unsigned i)
{
	char key[100];
	size_t length = make_hot_key(key, i);

	ck_assert_uint_eq(hot->queued, i + 1);
	ck_assert_uint_eq(hot->key_len, length);
	ck_assert_mem_eq(hot->key, key, length < sizeof(hot->key) ? length : sizeof(hot->key));
}

START_TEST(the_longest_queues_come_first)
{
	struct taskpool *pool = make_pool(3, 0, (unsigned)_i);

	submit_hot_keys(pool);
	for (size_t count = 0; count <= HOT + 3; count++) {
		struct taskpool_hot_key keys[HOT + 4];
		unsigned expected = (unsigned)(count < HOT ? count : HOT);

		memset(keys, GUARD, sizeof(keys));
		for (size_t i = 0; i < LENGTH(keys); i++)
			keys[i].size = sizeof(keys[i]);
		ck_assert_int_eq(taskpool_hot_keys(pool, keys, count), (int)expected);
		for (unsigned i = 0; i < expected; i++)
			check_hot_key(&keys[i], HOT - 1 - i);
		ck_assert_int_eq(keys[count].key[0], GUARD); /* not written */
		ck_assert_uint_eq(keys[count].size, sizeof(keys[0]));
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(a_pool_without_jobs_has_no_hot_keys)
{
	struct taskpool_hot_key key = { .size = sizeof(key), .queued = 77 };
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	ck_assert_int_eq(taskpool_hot_keys(pool, &key, 1), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_hot_keys(pool, &key, 1), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_int_eq(taskpool_hot_keys(pool, &key, 1), 0);
	ck_assert_uint_eq(key.queued, 77);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_busy_key_is_as_hot_as_its_queue_is_long)
{
	struct taskpool_hot_key keys[2] = { { .size = sizeof(keys[0]) }, { .size = sizeof(keys[0]) } };
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct gate gate;

	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(pool, "busy", gate_job, &gate), 0);
	tally_wait(&gate.entered, 1);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(taskpool_submit(pool, i < 2 ? "busy" : "idle", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_hot_keys(pool, keys, 2), 2);
	ck_assert_mem_eq(keys[0].key, "idle", 4);
	ck_assert_uint_eq(keys[0].queued, 3);
	ck_assert_mem_eq(keys[1].key, "busy", 4);
	ck_assert_uint_eq(keys[1].queued, 2);
	gate_open(&gate);
	taskpool_free(pool);
}
END_TEST

/* Arrays of a program with a shorter or longer struct. */
static void check_stride(struct taskpool *pool, size_t size)
{
	unsigned char *bytes = malloc((HOT + 1) * size);

	ck_assert_ptr_nonnull(bytes);
	memset(bytes, GUARD, (HOT + 1) * size);
	for (size_t i = 0; i < HOT; i++)
		memcpy(bytes + i * size, &size, sizeof(size));
	ck_assert_int_eq(taskpool_hot_keys(pool, (struct taskpool_hot_key *)(void *)bytes, HOT), HOT);
	for (unsigned i = 0; i < HOT; i++) {
		struct taskpool_hot_key key;

		memset(&key, 0, sizeof(key));
		memcpy(&key, bytes + i * size, size < sizeof(key) ? size : sizeof(key));
		ck_assert_uint_eq(key.size, size);
		if (size >= sizeof(key))
			check_hot_key(&key, HOT - 1 - i);
		else if (size >= offsetof(struct taskpool_hot_key, key_len))
			ck_assert_uint_eq(key.queued, HOT - i);
		for (size_t j = sizeof(key); j < size; j++)
			expect(bytes[i * size + j] == 0);
	}
	for (size_t i = HOT * size; i < (HOT + 1) * size; i++)
		expect(bytes[i] == GUARD);
	free(bytes);
}

START_TEST(the_first_elements_size_is_the_stride)
{
	struct taskpool *pool = make_pool(3, 0, (unsigned)_i);

	submit_hot_keys(pool);
	for (size_t size = sizeof(size_t); size <= sizeof(struct taskpool_hot_key) + 24; size += 8)
		check_stride(pool, size);
	taskpool_free(pool);
}
END_TEST

START_TEST(sizes_that_differ_are_refused)
{
	struct taskpool *pool = make_pool(3, 0, (unsigned)_i);
	struct taskpool_hot_key keys[HOT];

	submit_hot_keys(pool);
	for (size_t bad = 0; bad < HOT; bad++) {
		memset(keys, GUARD, sizeof(keys));
		for (size_t i = 0; i < HOT; i++)
			keys[i].size = sizeof(keys[0]);
		keys[bad].size = bad ? sizeof(keys[0]) - 8 : sizeof(size_t) - 1;
		ck_assert_int_eq(taskpool_hot_keys(pool, keys, HOT), -EINVAL);
		for (size_t i = 0; i < HOT; i++)
			ck_assert_int_eq(keys[i].key[0], GUARD);
	}
	ck_assert_int_eq(taskpool_hot_keys(pool, NULL, 1), -EINVAL);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_key_never_seen_has_no_counts,
		jobs_of_a_key_are_counted_in_every_state,
		a_job_that_runs_does_not_wait,
		the_oldest_wait_grows_and_is_that_of_the_next_when_the_oldest_goes,
		a_delayed_job_waits_since_its_submission,
		key_stats_are_filled_up_to_the_callers_size,
		the_longest_queues_come_first,
		a_pool_without_jobs_has_no_hot_keys,
		a_busy_key_is_as_hot_as_its_queue_is_long,
		the_first_elements_size_is_the_stride,
		sizes_that_differ_are_refused,
		NULL,
	};

	return run_suite("counts of keys", NULL, placed);
}
