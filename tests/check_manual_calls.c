/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * TASKPOOL_MANUAL: how taskpool_run goes along with the other calls and with other threads.
 */
#include <config.h>

#include "manual.h"
#include "suite.h"

static struct taskpool_job *submit_handled(struct taskpool *pool, const char *key, taskpool_run_fn *run, void *arg,
					   int64_t delay, int64_t ttl)
{
	struct taskpool_task task = make_task(key, run, arg);
	struct taskpool_job *job;

	task.delay = delay;
	task.ttl = ttl;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &job), 0);
	return job;
}

static void expect_outcome(struct taskpool_job *job, int outcome)
{
	ck_assert_int_eq(taskpool_job_outcome(job), outcome);
	taskpool_job_unref(job);
}

/* ---- Times ---- */

START_TEST(run_waits_for_a_delay)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	int64_t begin = now();
	struct taskpool_job *job = submit_handled(pool, "key", nothing_job, NULL, 30 * MILLISECOND, 0);

	ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
	ck_assert_int_eq(taskpool_run(pool, 0, TASKPOOL_FOREVER), 1);
	ck_assert_int_ge(now() - begin, 30 * MILLISECOND);
	expect_outcome(job, TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(run_waits_for_a_limit)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	int64_t begin;

	ck_assert_int_eq(taskpool_key_limit(pool, "key", 3, 20 * MILLISECOND, 2), 0);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	begin = now();
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 2);
	ck_assert_int_eq(taskpool_run(pool, 0, TASKPOOL_FOREVER), 1);
	ck_assert_int_ge(now() - begin, 20 * MILLISECOND);
	ck_assert_int_eq(taskpool_run(pool, 0, TASKPOOL_FOREVER), 1);
	ck_assert_int_ge(now() - begin, 40 * MILLISECOND);
	taskpool_free(pool);
}
END_TEST

START_TEST(run_ends_expired_jobs_and_does_not_count_them)
{
	struct taskpool *pool = start_manual(1, 0, 0);
	struct taskpool_job *first = submit_handled(pool, "key", forbidden_job, NULL, 0, MILLISECOND);
	struct taskpool_job *second = submit_handled(pool, "key", forbidden_job, NULL, 0, MILLISECOND);
	int64_t begin = now();

	while (now() - begin < 2 * MILLISECOND)
		pause_shortly();
	ck_assert_int_eq(taskpool_job_outcome(first), 0);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
	expect_outcome(first, TASKPOOL_EXPIRED);
	expect_outcome(second, TASKPOOL_EXPIRED);
	taskpool_free(pool);
}
END_TEST

/* ---- Keys and jobs ---- */

START_TEST(a_paused_key_is_not_run)
{
	struct taskpool *pool = start_manual(1, 0, 0);
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(taskpool_key_pause(pool, "key", 3), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", tally_job, &ran), 0);
	ck_assert_int_eq(taskpool_submit(pool, "other", tally_job, &ran), 0);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 1);
	ck_assert_int_eq(taskpool_run(pool, 0, MILLISECOND), 0);
	ck_assert_int_eq(taskpool_key_resume(pool, "key", 3), 0);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 1);
	ck_assert_uint_eq(tally_read(&ran), 2);
	taskpool_free(pool);
}
END_TEST

START_TEST(canceled_jobs_end_on_the_thread_that_cancels)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	struct taskpool_job *job = submit_handled(pool, "key", forbidden_job, NULL, 0, 0);
	struct endings endings;

	endings_init(&endings);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, endings_end, &endings), 0);
	ck_assert_int_eq(taskpool_job_cancel(job), 0);
	expect_outcome(job, TASKPOOL_CANCELED);
	ck_assert_int_eq(taskpool_key_cancel(pool, "key", 3), 5);
	ck_assert_uint_eq(tally_read(&endings.canceled), 5);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

/* ---- Waits ---- */

START_TEST(waits_for_what_nobody_runs_time_out)
{
	struct taskpool *pool = start_manual(1, 0, 0);
	struct taskpool_job *job = submit_handled(pool, "key", nothing_job, NULL, 0, 0);

	for (int64_t timeout = 0; timeout <= MILLISECOND; timeout += MILLISECOND) {
		ck_assert_int_eq(taskpool_wait(pool, timeout), -ETIMEDOUT);
		ck_assert_int_eq(taskpool_key_wait(pool, "key", 3, timeout), -ETIMEDOUT);
		ck_assert_int_eq(taskpool_job_wait(job, timeout), -ETIMEDOUT);
	}
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 1);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_key_wait(pool, "key", 3, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_job_wait(job, TASKPOOL_FOREVER), 0);
	expect_outcome(job, TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

static void wait_in_vain(struct taskpool_context *context, void *arg)
{
	struct taskpool *pool = taskpool_context_pool(context);
	struct taskpool_job **queued = arg;

	*queued = submit_handled(pool, "queued", nothing_job, NULL, 0, 0);
	ck_assert_int_eq(taskpool_key_wait(pool, "queued", 6, TASKPOOL_FOREVER), -EDEADLK);
	ck_assert_int_eq(taskpool_job_wait(*queued, TASKPOOL_FOREVER), -EDEADLK);
	ck_assert_int_eq(taskpool_key_wait(pool, "key", 3, 0), -EDEADLK);
	ck_assert_int_eq(taskpool_wait(pool, 0), -EDEADLK);
	ck_assert_int_eq(taskpool_key_wait(pool, "queued", 6, MILLISECOND), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_job_wait(*queued, 0), -ETIMEDOUT);
}

START_TEST(a_manual_job_may_not_wait_for_a_queued_one)
{
	struct taskpool *pool = start_manual(1, 0, 0);
	struct taskpool_job *queued;

	ck_assert_int_eq(taskpool_submit(pool, "key", wait_in_vain, &queued), 0);
	ck_assert_int_eq(taskpool_run(pool, 1, 0), 1);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 1);
	expect_outcome(queued, TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

/* ---- Threads ---- */

struct runner {
	struct taskpool *pool;
	_Atomic(pid_t) id;
	int ran;
};

static void *run_one_for_ever(void *arg)
{
	struct runner *runner = arg;

	runner->id = thread_id();
	runner->ran = taskpool_run(runner->pool, 1, TASKPOOL_FOREVER);
	return NULL;
}

static pthread_t spawn_blocked(struct runner *runner, struct taskpool *pool)
{
	pthread_t thread;

	*runner = (struct runner){ .pool = pool };
	thread = spawn(run_one_for_ever, runner);
	while (runner->id == 0 && count_threads())
		pause_shortly();
	await_asleep(runner->id);
	return thread;
}

START_TEST(a_submit_wakes_who_waits_in_run)
{
	struct taskpool *pool = start_manual(1, 0, 0);

	for (unsigned i = 0; i < 20; i++) {
		struct runner runner;
		pthread_t thread = spawn_blocked(&runner, pool);

		ck_assert_int_eq(taskpool_submit(pool, i % 2 ? "key" : NULL, nothing_job, NULL), 0);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		pthread_join(thread, NULL);
		ck_assert_int_eq(runner.ran, 1);
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(a_resume_wakes_who_waits_in_run)
{
	struct taskpool *pool = start_manual(1, 0, 0);
	struct runner runner;
	pthread_t thread;

	ck_assert_int_eq(taskpool_key_pause(pool, "key", 3), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	thread = spawn_blocked(&runner, pool);
	ck_assert_int_eq(taskpool_key_resume(pool, "key", 3), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(runner.ran, 1);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_stop_wakes_who_waits_in_run)
{
	for (unsigned i = 0; i < 20; i++) {
		struct taskpool *pool = start_manual(2, 0, 0);
		struct runner runners[2];
		pthread_t threads[2];

		for (unsigned k = 0; k < 2; k++)
			threads[k] = spawn_blocked(&runners[k], pool);
		ck_assert_int_eq(i % 2 ? taskpool_stop(pool) : taskpool_request_stop(pool), 0);
		for (unsigned k = 0; k < 2; k++) {
			pthread_join(threads[k], NULL);
			ck_assert_int_eq(runners[k].ran, 0);
		}
		taskpool_free(pool);
	}
}
END_TEST

START_TEST(two_threads_run_two_keys_at_once)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	struct runner runners[2] = { { .pool = pool }, { .pool = pool } };
	pthread_t threads[2];
	struct gate gate;

	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(pool, "one", gate_job, &gate), 0);
	ck_assert_int_eq(taskpool_submit(pool, "two", gate_job, &gate), 0);
	ck_assert_int_eq(taskpool_submit(pool, "two", gate_job, &gate), 0);
	for (unsigned i = 0; i < 2; i++)
		threads[i] = spawn(run_one_for_ever, &runners[i]);
	tally_wait(&gate.entered, 2);
	gate_open(&gate);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(runners[i].ran, 1);
	}
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 1);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		run_waits_for_a_delay,
		run_waits_for_a_limit,
		run_ends_expired_jobs_and_does_not_count_them,
		a_paused_key_is_not_run,
		canceled_jobs_end_on_the_thread_that_cancels,
		waits_for_what_nobody_runs_time_out,
		a_manual_job_may_not_wait_for_a_queued_one,
		a_submit_wakes_who_waits_in_run,
		a_resume_wakes_who_waits_in_run,
		a_stop_wakes_who_waits_in_run,
		two_threads_run_two_keys_at_once,
		NULL,
	};

	return run_suite("manual calls", tests, NULL);
}
