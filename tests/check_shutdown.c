/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The stop ladder: drain, cancel, report.
 */
#include <config.h>

#include "suite.h"

START_TEST(shutdown_drains_the_queue)
{
	struct taskpool_report report = { .size = sizeof(report) };
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct endings endings;

	endings_init(&endings);
	for (unsigned i = 0; i < 60; i++)
		ck_assert_int_eq(submit_with_end(pool, i % 2 ? "odd" : "even", nothing_job, endings_end, &endings), 0);
	ck_assert_int_eq(taskpool_shutdown(pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, &report), 0);
	ck_assert_uint_eq(tally_read(&endings.ran), 60);
	ck_assert_uint_eq(report.size, sizeof(report));
	ck_assert_uint_eq(report.ran, 60);
	ck_assert_uint_eq(report.canceled + report.expired + report.replaced + report.running, 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", forbidden_job, NULL), -ECANCELED);
	ck_assert_int_eq(taskpool_start(pool), -ECANCELED);
	ck_assert_int_eq(taskpool_shutdown(pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, NULL), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	taskpool_free(pool);
}
END_TEST

/* The limits are for jobs. Where none is left the call succeeds, though the threads need a moment to end. */
START_TEST(shutdown_needs_no_time_for_workers_without_jobs)
{
	for (unsigned i = 0; i < 50; i++) {
		struct taskpool *pool = start_pool(3, 0, (unsigned)_i);

		ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
		ck_assert_int_eq(taskpool_shutdown(pool, TASKPOOL_FOREVER, 0, NULL), 0);
		taskpool_free(pool);
	}
}
END_TEST

START_TEST(shutdown_of_pool_never_started_does_not_drain)
{
	struct taskpool_report report = { .size = sizeof(report) };
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct endings endings;

	endings_init(&endings);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, endings_end, &endings), 0);
	ck_assert_int_eq(taskpool_shutdown(pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, &report), 0);
	ck_assert_uint_eq(tally_read(&endings.canceled), 10);
	ck_assert_uint_eq(report.canceled, 10);
	ck_assert_uint_eq(report.ran, 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(shutdown_times_out_and_can_be_called_again)
{
	struct taskpool_report report = { .size = sizeof(report) };
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct endings endings;
	struct gate gate;

	gate_init(&gate);
	endings_init(&endings);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &gate), 0);
	tally_wait(&gate.entered, 1);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, endings_end, &endings), 0);
	ck_assert_int_eq(taskpool_shutdown(pool, MILLISECOND, 0, &report), -ETIMEDOUT);
	ck_assert_uint_eq(tally_read(&endings.canceled), 10);
	ck_assert_uint_eq(report.canceled, 10);
	ck_assert_uint_eq(report.ran, 0);
	ck_assert_uint_eq(report.running, 1);
	ck_assert_int_eq(taskpool_shutdown(pool, 0, MILLISECOND, NULL), -ETIMEDOUT);
	gate_open(&gate);
	ck_assert_int_eq(taskpool_shutdown(pool, 0, TASKPOOL_FOREVER, &report), 0);
	ck_assert_uint_eq(report.ran, 1);
	ck_assert_uint_eq(report.canceled, 10);
	ck_assert_uint_eq(report.running, 0);
	taskpool_free(pool);
}
END_TEST

static void sleep_until_canceled(struct taskpool_context *context, void *entered)
{
	tally_add(entered);
	ck_assert_int_eq(taskpool_context_sleep(context, 2 * DEADLINE), -ECANCELED);
}

START_TEST(shutdown_without_drain_cancels_at_once)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct endings endings;
	struct tally entered;

	tally_init(&entered);
	endings_init(&endings);
	ck_assert_int_eq(taskpool_submit(pool, "key", sleep_until_canceled, &entered), 0);
	tally_wait(&entered, 1);
	ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, endings_end, &endings), 0);
	ck_assert_int_eq(taskpool_shutdown(pool, 0, TASKPOOL_FOREVER, NULL), 0);
	ck_assert_uint_eq(tally_read(&endings.canceled), 1);
	taskpool_free(pool);
}
END_TEST

static void shut_own_pool_down(struct taskpool_context *context, void *arg)
{
	struct taskpool_report report = { .size = sizeof(report), .ran = 77 };

	(void)arg;
	ck_assert_int_eq(taskpool_shutdown(taskpool_context_pool(context), 0, 0, &report), -EDEADLK);
	ck_assert_uint_eq(report.ran, 77);
	ck_assert(!taskpool_context_canceled(context));
}

START_TEST(shutdown_inside_a_job_is_refused_and_changes_nothing)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	ck_assert_int_eq(taskpool_submit(pool, "key", shut_own_pool_down, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

struct shutter {
	struct taskpool *pool;
	int error;
};

static void *shut_down_slowly(void *arg)
{
	struct shutter *shutter = arg;

	shutter->error = taskpool_shutdown(shutter->pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, NULL);
	return NULL;
}

/* Starts a shutdown that drains for ever; returns once new jobs are refused. */
static pthread_t begin_drain(struct shutter *shutter)
{
	pthread_t thread = spawn(shut_down_slowly, shutter);

	while (submit_timed(shutter->pool, "another", nothing_job, NULL, 0) != -ECANCELED)
		pause_shortly();
	return thread;
}

static void submit_while_draining(struct taskpool_context *context, void *tally)
{
	ck_assert(!taskpool_context_canceled(context));
	ck_assert_int_eq(taskpool_submit(taskpool_context_pool(context), "key", forbidden_job, NULL), -ECANCELED);
	tally_add(tally);
}

START_TEST(a_draining_pool_runs_its_jobs_and_takes_no_new_ones)
{
	struct shutter shutter = { .pool = start_pool(2, 0, (unsigned)_i) };
	struct gate gate;
	struct tally ran;
	pthread_t thread;

	tally_init(&ran);
	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(shutter.pool, "key", gate_job, &gate), 0);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(taskpool_submit(shutter.pool, "key", submit_while_draining, &ran), 0);
	thread = begin_drain(&shutter);
	gate_open(&gate);
	pthread_join(thread, NULL);
	ck_assert_int_eq(shutter.error, 0);
	ck_assert_uint_eq(tally_read(&ran), 5);
	taskpool_free(shutter.pool);
}
END_TEST

struct submitter {
	struct taskpool *pool;
	const char *key;
	_Atomic(pid_t) id;
	int error;
};

static void *submit_one(void *arg)
{
	struct submitter *submitter = arg;

	submitter->id = thread_id();
	submitter->error = taskpool_submit(submitter->pool, submitter->key, forbidden_job, NULL);
	return NULL;
}

/* The drain itself makes no room here: the job that runs does not end before they were refused. */
START_TEST(a_drain_refuses_blocked_submits_at_once)
{
	struct shutter shutter = { .pool = start_pool(1, 1, (unsigned)_i) };
	struct submitter submitters[] = { { .pool = shutter.pool, .key = "key" }, { .pool = shutter.pool } };
	struct taskpool_stats stats = { .size = sizeof(stats) };
	pthread_t threads[2], thread;
	struct gate gate;

	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(shutter.pool, "key", gate_job, &gate), 0);
	tally_wait(&gate.entered, 1);
	ck_assert_int_eq(taskpool_submit(shutter.pool, "key", nothing_job, NULL), 0);
	for (size_t i = 0; i < LENGTH(threads); i++)
		threads[i] = spawn(submit_one, &submitters[i]);
	while (stats.blocked < LENGTH(threads)) {
		pause_shortly();
		ck_assert_int_eq(taskpool_stats(shutter.pool, &stats), 0);
	}
	for (size_t i = 0; i < LENGTH(threads); i++)
		await_asleep(submitters[i].id);
	thread = begin_drain(&shutter);
	for (size_t i = 0; i < LENGTH(threads); i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(submitters[i].error, -ECANCELED);
	}
	gate_open(&gate);
	pthread_join(thread, NULL);
	ck_assert_int_eq(shutter.error, 0);
	taskpool_free(shutter.pool);
}
END_TEST

START_TEST(stop_cuts_a_drain_short)
{
	struct shutter shutter = { .pool = start_pool(2, 0, (unsigned)_i) };
	struct endings endings;
	struct gate gate;
	pthread_t thread;

	endings_init(&endings);
	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(shutter.pool, "slow", gate_job, &gate), 0);
	tally_wait(&gate.entered, 1);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(submit_with_end(shutter.pool, "slow", forbidden_job, endings_end, &endings), 0);
	thread = begin_drain(&shutter);
	ck_assert_int_eq(taskpool_request_stop(shutter.pool), 0);
	ck_assert_uint_eq(tally_read(&endings.canceled), 10);
	gate_open(&gate);
	pthread_join(thread, NULL);
	ck_assert_int_eq(shutter.error, 0);
	taskpool_free(shutter.pool);
}
END_TEST

START_TEST(shutdown_with_a_bad_report_changes_nothing)
{
	struct taskpool_report report = { .size = sizeof(size_t) - 1 };
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	ck_assert_int_eq(taskpool_shutdown(pool, 0, 0, &report), -EINVAL);
	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		shutdown_drains_the_queue,
		shutdown_needs_no_time_for_workers_without_jobs,
		shutdown_of_pool_never_started_does_not_drain,
		shutdown_times_out_and_can_be_called_again,
		shutdown_without_drain_cancels_at_once,
		shutdown_inside_a_job_is_refused_and_changes_nothing,
		a_draining_pool_runs_its_jobs_and_takes_no_new_ones,
		a_drain_refuses_blocked_submits_at_once,
		stop_cuts_a_drain_short,
		shutdown_with_a_bad_report_changes_nothing,
		NULL,
	};

	return run_suite("shutdown", NULL, placed);
}
