/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * From new to free: what a pool answers at each step of its life.
 */
#include <config.h>

#include <limits.h>
#include <stdatomic.h>

#include "suite.h"

START_TEST(pool_without_workers_is_refused)
{
	struct taskpool *pool = NULL;

	ck_assert_int_eq(taskpool_new(&pool, 0), -EINVAL);
	ck_assert_ptr_null(pool);
}
END_TEST

START_TEST(pool_with_absurdly_many_workers_is_refused)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool = NULL;

	ck_assert_int_eq(taskpool_new(&pool, 65536), -EINVAL);
	ck_assert_int_eq(taskpool_new(&pool, UINT_MAX), -EINVAL);
	options.workers = UINT_MAX;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), -EINVAL);
	ck_assert_ptr_null(pool);
}
END_TEST

START_TEST(pool_without_options_has_eight_workers)
{
	struct taskpool *pool;

	ck_assert_int_eq(taskpool_new_with(&pool, NULL), 0);
	ck_assert_uint_eq(taskpool_workers(pool), 8);
	taskpool_free(pool);
}
END_TEST

START_TEST(threads_exist_from_start_to_stop)
{
	struct taskpool *pool;
	unsigned before;

	before = settled_threads();
	pool = make_pool(3, 0, TASKPOOL_FLOATING);
	ck_assert_uint_eq(count_threads(), before);
	ck_assert_uint_eq(taskpool_workers(pool), 3);
	ck_assert_int_eq(taskpool_start(pool), 0);
	if (before)
		ck_assert_uint_eq(count_threads(), before + 3);
	ck_assert_uint_eq(taskpool_workers(pool), 3);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	await_threads(before);
	ck_assert_uint_eq(taskpool_workers(pool), 3);
	taskpool_free(pool);
}
END_TEST

START_TEST(start_twice_is_refused_and_changes_nothing)
{
	struct taskpool *pool = start_pool(3, 0, TASKPOOL_FLOATING);
	unsigned threads = count_threads();

	ck_assert_int_eq(taskpool_start(pool), -EALREADY);
	ck_assert_uint_eq(count_threads(), threads);
	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

static struct tally race;

static void *start_in_race(void *pool)
{
	tally_wait(&race, 1);
	return (void *)(intptr_t)taskpool_start(pool);
}

START_TEST(one_of_many_simultaneous_starts_succeeds)
{
	struct taskpool *pool = make_pool(4, 0, TASKPOOL_FLOATING);
	unsigned before, succeeded = 0;
	pthread_t threads[6];

	tally_init(&race);
	before = settled_threads();
	for (size_t i = 0; i < LENGTH(threads); i++)
		threads[i] = spawn(start_in_race, pool);
	tally_add(&race);
	for (size_t i = 0; i < LENGTH(threads); i++) {
		void *error;

		pthread_join(threads[i], &error);
		succeeded += error == NULL;
		if (error)
			ck_assert_int_eq((intptr_t)error, -EALREADY);
	}
	ck_assert_uint_eq(succeeded, 1);
	await_threads(before ? before + 4 : 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(jobs_submitted_before_start_run_in_order_after_it)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	static struct journal journal;
	struct note notes[50];

	journal_init(&journal);
	for (unsigned i = 0; i < LENGTH(notes); i++) {
		notes[i] = (struct note){ &journal, i };
		ck_assert_int_eq(taskpool_submit(pool, "key", note_job, &notes[i]), 0);
	}
	ck_assert_uint_eq(journal.count, 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(journal.count, LENGTH(notes));
	for (unsigned i = 0; i < LENGTH(notes); i++)
		ck_assert_uint_eq(journal.entries[i], i);
	taskpool_free(pool);
}
END_TEST

START_TEST(start_after_stop_is_refused)
{
	struct taskpool *pool = start_pool(2, 0, TASKPOOL_FLOATING);

	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_int_eq(taskpool_start(pool), -ECANCELED);
	taskpool_free(pool);

	pool = make_pool(2, 0, TASKPOOL_FLOATING);
	ck_assert_int_eq(taskpool_request_stop(pool), 0);
	ck_assert_int_eq(taskpool_start(pool), -ECANCELED);
	taskpool_free(pool);
}
END_TEST

START_TEST(free_of_null_does_nothing)
{
	taskpool_free(NULL);
}
END_TEST

START_TEST(free_of_pool_never_started_ends_its_jobs_canceled)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct endings endings;

	endings_init(&endings);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(submit_with_end(pool, i % 2 ? "odd" : NULL, forbidden_job, endings_end, &endings), 0);
	taskpool_free(pool);
	ck_assert_uint_eq(tally_read(&endings.canceled), 10);
}
END_TEST

static void sleep_until_canceled(struct taskpool_context *context, void *arg)
{
	(void)arg;
	ck_assert_int_eq(taskpool_context_sleep(context, 2 * DEADLINE), -ECANCELED);
}

START_TEST(free_stops_a_busy_pool)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct endings endings;

	endings_init(&endings);
	for (unsigned i = 0; i < 40; i++)
		ck_assert_int_eq(submit_with_end(pool, "key", sleep_until_canceled, endings_end, &endings), 0);
	taskpool_free(pool);
	ck_assert_uint_le(tally_read(&endings.ran), 1);
	ck_assert_uint_eq(tally_read(&endings.ran) + tally_read(&endings.canceled), 40);
}
END_TEST

static _Atomic bool end_frees;

static void free_own_pool(struct taskpool_context *context, void *arg)
{
	struct gate *gate = arg;

	gate_job(context, gate);
	if (end_frees)
		return;
	taskpool_free(taskpool_context_pool(context));
	ck_assert(taskpool_context_canceled(context));
	ck_assert_uint_lt(taskpool_context_worker(context), 3);
}

static struct taskpool *freed_in_end;
static struct endings freed_endings;

static void free_in_end(void *arg, int outcome)
{
	(void)arg;
	if (end_frees)
		taskpool_free(freed_in_end);
	endings_end(&freed_endings, outcome);
}

static void free_inside(unsigned placement)
{
	unsigned threads, fds = count_fds();
	struct gate gate;

	gate_init(&gate);
	endings_init(&freed_endings);
	threads = settled_threads();
	freed_in_end = start_pool(3, 0, placement);
	ck_assert_int_eq(submit_with_end(freed_in_end, "key", free_own_pool, free_in_end, &gate), 0);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(submit_with_end(freed_in_end, "key", forbidden_job, endings_end, &freed_endings), 0);
	gate_open(&gate);
	tally_wait(&freed_endings.ran, 1);
	tally_wait(&freed_endings.canceled, 20);
	await_threads(threads);
	ck_assert_uint_eq(count_fds(), fds);
	ck_assert_uint_eq(tally_read(&freed_endings.ran), 1);
	ck_assert_uint_eq(tally_read(&freed_endings.canceled), 20);
}

START_TEST(free_inside_a_job_stops_and_frees_after_it)
{
	end_frees = false;
	free_inside((unsigned)_i);
}
END_TEST

START_TEST(free_inside_end_stops_and_frees_after_it)
{
	end_frees = true;
	free_inside((unsigned)_i);
}
END_TEST

static void free_at_once(struct taskpool_context *context, void *arg)
{
	(void)arg;
	taskpool_free(taskpool_context_pool(context));
}

/* The job can start, and the pool be gone, before the submit that brought it has returned. */
START_TEST(a_job_may_free_the_pool_while_its_submit_returns)
{
	unsigned threads = settled_threads();

	for (unsigned i = 0; i < 500; i++) {
		struct taskpool *pool = start_pool(3, 0, (unsigned)_i);

		expect(taskpool_submit(pool, i % 2 ? "key" : NULL, free_at_once, NULL) == 0);
	}
	await_threads(threads);
}
END_TEST

START_TEST(many_lives_leave_no_threads_and_no_fds)
{
	unsigned threads, fds;

	threads = settled_threads();
	fds = count_fds();
	for (unsigned life = 0; life < 50; life++) {
		struct taskpool *pool = make_pool(4, 0, (unsigned)_i);

		if (life % 5)
			ck_assert_int_eq(taskpool_start(pool), 0);
		for (unsigned i = 0; i < life; i++)
			ck_assert_int_eq(taskpool_submit(pool, i % 3 ? "key" : NULL, nothing_job, NULL), 0);
		if (life % 3)
			ck_assert_int_eq(taskpool_stop(pool), 0);
		taskpool_free(pool);
	}
	await_threads(threads);
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

static void stop_another_pool(struct taskpool_context *context, void *other)
{
	(void)context;
	ck_assert_int_eq(taskpool_wait(other, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_stop(other), 0);
	taskpool_free(other);
}

START_TEST(a_job_may_wait_for_stop_and_free_another_pool)
{
	struct taskpool *pool = start_pool(1, 0, TASKPOOL_FLOATING), *other = start_pool(1, 0, TASKPOOL_FLOATING);

	ck_assert_int_eq(taskpool_submit(other, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", stop_another_pool, other), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		pool_without_workers_is_refused,
		pool_with_absurdly_many_workers_is_refused,
		pool_without_options_has_eight_workers,
		threads_exist_from_start_to_stop,
		start_twice_is_refused_and_changes_nothing,
		one_of_many_simultaneous_starts_succeeds,
		start_after_stop_is_refused,
		free_of_null_does_nothing,
		a_job_may_wait_for_stop_and_free_another_pool,
		NULL,
	};
	const TTest *placed[] = {
		jobs_submitted_before_start_run_in_order_after_it,
		free_of_pool_never_started_ends_its_jobs_canceled,
		free_stops_a_busy_pool,
		free_inside_a_job_stops_and_frees_after_it,
		free_inside_end_stops_and_frees_after_it,
		a_job_may_free_the_pool_while_its_submit_returns,
		many_lives_leave_no_threads_and_no_fds,
		NULL,
	};

	return run_suite("life cycle", tests, placed);
}
