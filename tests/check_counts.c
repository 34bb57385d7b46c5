/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool_stats, taskpool_worker_stats: the numbers add up.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdio.h>

#include "suite.h"

static struct taskpool_stats look(struct taskpool *pool)
{
	struct taskpool_stats stats = { .size = sizeof(stats) };

	expect(taskpool_stats(pool, &stats) == 0);
	return stats;
}

static void check_identity(struct taskpool *pool)
{
	struct taskpool_stats stats = look(pool);

	ck_assert_uint_eq(stats.submitted, stats.ran + stats.canceled + stats.expired + stats.replaced + stats.queued +
						   stats.running);
	ck_assert_uint_eq(stats.expired + stats.replaced, 0);
}

static uint64_t sum_from(const uint64_t histogram[64], unsigned bucket)
{
	uint64_t sum = 0;

	for (unsigned i = bucket; i < 64; i++)
		sum += histogram[i];
	return sum;
}

/* The bucket that `nanoseconds` belong to. */
static unsigned bucket_of(int64_t nanoseconds)
{
	unsigned bucket = 0;

	while (nanoseconds >>= 1)
		bucket++;
	return bucket;
}

START_TEST(a_new_pool_has_counted_nothing)
{
	struct taskpool *pool = make_pool(3, 0, (unsigned)_i);
	struct taskpool_stats stats = look(pool);

	for (const uint64_t *word = &stats.submitted; word < &stats.run_time[64]; word++)
		ck_assert_uint_eq(*word, 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(jobs_are_counted_in_every_state)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct taskpool_stats stats;
	struct gate gate;

	gate_init(&gate);
	for (unsigned i = 0; i < 7; i++)
		ck_assert_int_eq(taskpool_submit(pool, "key", i ? nothing_job : gate_job, &gate), 0);
	stats = look(pool);
	ck_assert_uint_eq(stats.submitted, 7);
	ck_assert_uint_eq(stats.queued, 7);
	ck_assert_uint_eq(stats.peak_queued, 7);
	ck_assert_uint_eq(stats.keys_active, 1);
	ck_assert_int_eq(taskpool_start(pool), 0);
	tally_wait(&gate.entered, 1);
	stats = look(pool);
	ck_assert_uint_eq(stats.running, 1);
	ck_assert_uint_eq(stats.queued, 6);
	ck_assert_uint_eq(stats.ran, 0);
	ck_assert_uint_eq(stats.keys_active, 1);
	check_identity(pool);
	gate_open(&gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	stats = look(pool);
	ck_assert_uint_eq(stats.ran, 7);
	ck_assert_uint_eq(stats.running + stats.queued + stats.canceled, 0);
	ck_assert_uint_eq(stats.peak_queued, 7);
	check_identity(pool);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_uint_eq(look(pool).keys_active, 0);
	check_identity(pool);
	taskpool_free(pool);
}
END_TEST

START_TEST(canceled_and_rejected_jobs_are_counted)
{
	struct taskpool *pool = make_pool(1, 5, (unsigned)_i);
	struct taskpool_stats stats;

	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(taskpool_submit(pool, i % 2 ? "a" : NULL, forbidden_job, NULL), 0);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(submit_timed(pool, "a", forbidden_job, NULL, 0), -EAGAIN);
	ck_assert_int_eq(submit_timed(pool, "a", forbidden_job, NULL, MILLISECOND), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_int_eq(taskpool_submit(pool, "a", forbidden_job, NULL), -ECANCELED);
	stats = look(pool);
	ck_assert_uint_eq(stats.submitted, 5);
	ck_assert_uint_eq(stats.canceled, 5);
	ck_assert_uint_eq(stats.rejected, 5);
	ck_assert_uint_eq(stats.blocked, 1);
	ck_assert_int_ge(stats.blocked_time, MILLISECOND);
	ck_assert_uint_eq(stats.ran + stats.queued + stats.running, 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(refused_arguments_are_not_counted)
{
	struct taskpool *pool = make_pool(1, 5, (unsigned)_i);
	struct taskpool_stats stats;

	ck_assert_int_eq(taskpool_submit(pool, "a", NULL, NULL), -EINVAL);
	stats = look(pool);
	ck_assert_uint_eq(stats.submitted + stats.rejected, 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(active_keys_are_counted)
{
	struct taskpool *pool = make_pool(3, 0, (unsigned)_i);
	char key[32];

	for (unsigned i = 0; i < 60; i++) {
		snprintf(key, sizeof(key), "%u", i % 20);
		ck_assert_int_eq(taskpool_submit(pool, key, nothing_job, NULL), 0);
	}
	ck_assert_uint_eq(look(pool).keys_active, 20);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_uint_eq(look(pool).keys_active, 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(histograms_count_every_job_that_ran)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_stats stats;
	char key[32];

	for (unsigned i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "%u", i % 40);
		expect(taskpool_submit(pool, i % 7 ? key : NULL, nothing_job, NULL) == 0);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	stats = look(pool);
	ck_assert_uint_eq(stats.ran, 5000);
	ck_assert_uint_eq(sum_from(stats.wait_time, 0), 5000);
	ck_assert_uint_eq(sum_from(stats.run_time, 0), 5000);
	taskpool_free(pool);
}
END_TEST

static void nap(struct taskpool_context *context, void *arg)
{
	(void)arg;
	ck_assert_int_eq(taskpool_context_sleep(context, 10 * MILLISECOND), 0);
}

static void check_naps(struct taskpool *pool)
{
	int64_t begin = now(), total;
	struct taskpool_stats stats;

	for (unsigned i = 0; i < 6; i++)
		ck_assert_int_eq(taskpool_submit(pool, "key", nap, NULL), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	stats = look(pool);
	total = now() - begin;
	/* Each ran for 10 ms or more, and all but the first waited that long for the one before it. */
	ck_assert_uint_eq(sum_from(stats.run_time, bucket_of(10 * MILLISECOND)), 6);
	ck_assert_uint_eq(sum_from(stats.run_time, bucket_of(total) + 1), 0);
	ck_assert_uint_eq(sum_from(stats.wait_time, bucket_of(total) + 1), 0);
	ck_assert_uint_ge(sum_from(stats.wait_time, bucket_of(10 * MILLISECOND)), 5);
	taskpool_free(pool);
}

/* Jobs under a bound per key go another way into the pool. */
START_TEST(slow_jobs_are_in_the_buckets_of_slow_jobs)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	check_naps(make_pool(2, 0, (unsigned)_i));
	options.placement = (unsigned)_i;
	options.key_capacity = 10;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	check_naps(pool);
}
END_TEST

START_TEST(workers_add_up_to_the_pool)
{
	struct taskpool *pool = start_pool(3, 0, (unsigned)_i);
	struct taskpool_worker_stats sum = { 0 };
	struct taskpool_stats stats;
	char key[32];

	for (unsigned i = 0; i < 3000; i++) {
		snprintf(key, sizeof(key), "%u", i % 40);
		expect(taskpool_submit(pool, i % 7 ? key : NULL, nothing_job, NULL) == 0);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	stats = look(pool);
	for (unsigned i = 0; i < 3; i++) {
		struct taskpool_worker_stats worker = { .size = sizeof(worker) };

		ck_assert_int_eq(taskpool_worker_stats(pool, i, &worker), 0);
		sum.ran += worker.ran;
		sum.stolen += worker.stolen;
		sum.queued += worker.queued;
	}
	ck_assert_uint_eq(sum.ran, stats.ran);
	ck_assert_uint_eq(sum.stolen, stats.stolen);
	ck_assert_uint_eq(sum.queued, 0);
	if (_i == TASKPOOL_PINNED)
		ck_assert_uint_eq(stats.stolen, 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_job_away_from_home_is_counted_as_stolen)
{
	struct taskpool *pool = start_pool(2, 0, TASKPOOL_FLOATING);
	struct taskpool_worker_stats worker = { .size = sizeof(worker) };
	unsigned number = 0;
	struct gate gate;
	char key[32];

	gate_init(&gate);
	for (unsigned i = 0; i < 2; i++) {
		key_at_home(key, "key", &number, 2, 1);
		ck_assert_int_eq(taskpool_submit(pool, key, gate_job, &gate), 0);
	}
	tally_wait(&gate.entered, 2); /* one on each worker, and both are at home at worker 1 */
	gate_open(&gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(look(pool).stolen, 1);
	ck_assert_int_eq(taskpool_worker_stats(pool, 0, &worker), 0);
	ck_assert_uint_eq(worker.stolen, 1);
	ck_assert_uint_eq(worker.ran, 1);
	taskpool_free(pool);
}
END_TEST

static _Atomic bool done;

static void *look_again_and_again(void *pool)
{
	struct taskpool_stats before = look(pool);

	while (!done) {
		struct taskpool_stats stats = look(pool);

		expect(stats.submitted >= before.submitted);
		expect(stats.ran >= before.ran);
		expect(stats.ran <= 20000);
		expect(stats.queued <= 2 * 100);
		before = stats;
		for (unsigned i = 0; i < 2; i++) {
			struct taskpool_worker_stats worker = { .size = sizeof(worker) };

			expect(taskpool_worker_stats(pool, i, &worker) == 0);
			expect(worker.queued <= 100);
		}
	}
	return NULL;
}

START_TEST(counts_may_be_read_while_the_pool_is_busy)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	pthread_t thread = spawn(look_again_and_again, pool);
	char key[32];

	for (unsigned i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "%u", i % 40);
		expect(taskpool_submit(pool, key, nothing_job, NULL) == 0);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	done = true;
	pthread_join(thread, NULL);
	check_identity(pool);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_job_away_from_home_is_counted_as_stolen, NULL };
	const TTest *placed[] = {
		a_new_pool_has_counted_nothing,
		jobs_are_counted_in_every_state,
		canceled_and_rejected_jobs_are_counted,
		refused_arguments_are_not_counted,
		active_keys_are_counted,
		histograms_count_every_job_that_ran,
		slow_jobs_are_in_the_buckets_of_slow_jobs,
		workers_add_up_to_the_pool,
		counts_may_be_read_while_the_pool_is_busy,
		NULL,
	};

	return run_suite("counts", tests, placed);
}
