/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * TASKPOOL_MANUAL: full pools, and how they stop.
 */
#include <config.h>

#ifdef __has_include
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define KNOWS_SINGLE_THREADED
#endif
#endif

#include "manual.h"
#include "suite.h"

struct submitter {
	struct taskpool *pool;
	_Atomic(pid_t) id;
	int error;
};

/* ---- Full ---- */

static void *submit_one_more(void *arg)
{
	struct submitter *submitter = arg;

	submitter->id = thread_id();
	submitter->error = taskpool_submit(submitter->pool, "key", nothing_job, NULL);
	return NULL;
}

START_TEST(a_full_manual_pool_takes_jobs_again_when_it_was_run)
{
	struct taskpool *pool = start_manual(1, 2, 0);
	struct submitter submitter = { .pool = pool };
	pthread_t thread;
	int ran = 0;

	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(submit_timed(pool, "key", forbidden_job, NULL, 0), -EAGAIN);
	ck_assert_int_eq(submit_timed(pool, "key", forbidden_job, NULL, MILLISECOND), -ETIMEDOUT);
	thread = spawn(submit_one_more, &submitter);
	while (submitter.id == 0 && count_threads())
		pause_shortly();
	await_asleep(submitter.id);
	while (ran < 3)
		ran += taskpool_run(pool, 1, TASKPOOL_FOREVER);
	pthread_join(thread, NULL);
	ck_assert_int_eq(submitter.error, 0);
	taskpool_free(pool);
}
END_TEST

static void submit_past_the_bound(struct taskpool_context *context, void *arg)
{
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(taskpool_submit(taskpool_context_pool(context), "key", nothing_job, arg), 0);
}

START_TEST(inside_a_manual_job_a_submit_goes_past_the_bound)
{
	struct taskpool *pool = start_manual(1, 2, 0);
	int ran = 0, more;

	ck_assert_int_eq(taskpool_submit(pool, "key", submit_past_the_bound, NULL), 0);
	while ((more = taskpool_run(pool, 0, 0)) > 0)
		ran += more;
	ck_assert_int_eq(ran, 6);
	taskpool_free(pool);
}
END_TEST

#ifdef KNOWS_SINGLE_THREADED
enum { REFUSED, NOT_SURE, WRONG };

/* In a process that has never had a second thread. */
static int fill_alone(void *arg)
{
	struct taskpool_task task = make_task("key", nothing_job, NULL);
	struct taskpool *pool = start_manual(1, 2, 0);
	bool right = true;

	(void)arg;
	if (!__libc_single_threaded)
		return NOT_SURE; /* a sanitizer's */
	for (unsigned round = 0; round < 3 && right; round++) {
		for (unsigned i = 0; i < 2; i++)
			right &= taskpool_submit(pool, "key", nothing_job, NULL) == 0;
		right &= taskpool_submit(pool, "key", forbidden_job, NULL) == -EDEADLK;
		right &= taskpool_submit(pool, NULL, forbidden_job, NULL) == -EDEADLK;
		right &= taskpool_submit_task(pool, &task, NULL) == -EDEADLK;
		right &= submit_timed(pool, "key", forbidden_job, NULL, 0) == -EAGAIN;
		right &= submit_timed(pool, "key", forbidden_job, NULL, MILLISECOND) == -ETIMEDOUT;
		right &= taskpool_wait(pool, TASKPOOL_FOREVER) == -EDEADLK;
		right &= taskpool_key_wait(pool, "key", 3, TASKPOOL_FOREVER) == -EDEADLK;
		right &= taskpool_shutdown(pool, TASKPOOL_FOREVER, 0, NULL) == -EDEADLK;
		right &= taskpool_run(pool, 0, 0) == 2;
	}
	right &= taskpool_shutdown(pool, TASKPOOL_FOREVER, 0, NULL) == 0;
	taskpool_free(pool);
	return right ? REFUSED : WRONG;
}

START_TEST(what_only_this_thread_could_end_is_refused)
{
	ck_assert_int_ne(in_child(fill_alone, NULL), WRONG);
	ck_assert_int_ne(in_child(fill_alone, NULL), -1);
}
END_TEST
#endif

/* ---- The end ---- */

static void submit_ending(struct taskpool *pool, struct endings *endings, taskpool_run_fn *run, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(submit_with_end(pool, i % 2 ? "odd" : NULL, run, endings_end, endings), 0);
}

START_TEST(a_stop_ends_the_waiting_jobs_of_a_manual_pool)
{
	for (unsigned i = 0; i < 4; i++) {
		struct taskpool_report report = { .size = sizeof(report) };
		struct taskpool *pool = i % 2 ? start_manual(2, 0, 0) : make_manual(2, 0, 0);
		struct endings endings;

		endings_init(&endings);
		submit_ending(pool, &endings, forbidden_job, 6);
		ck_assert_int_eq(i < 2 ? taskpool_stop(pool) : taskpool_shutdown(pool, 0, 0, &report), 0);
		ck_assert_uint_eq(tally_read(&endings.canceled), 6);
		ck_assert_uint_eq(report.canceled, i < 2 ? 0 : 6);
		ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
		ck_assert_int_eq(taskpool_run(pool, 0, TASKPOOL_FOREVER), 0);
		ck_assert_int_eq(taskpool_submit(pool, "key", forbidden_job, NULL), -ECANCELED);
		ck_assert_int_eq(taskpool_stop(pool), 0);
		taskpool_free(pool);
	}
}
END_TEST

START_TEST(a_free_ends_the_waiting_jobs_of_a_manual_pool)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	struct endings endings;

	endings_init(&endings);
	submit_ending(pool, &endings, forbidden_job, 6);
	taskpool_free(pool);
	ck_assert_uint_eq(tally_read(&endings.canceled), 6);
	taskpool_free(make_manual(1, 0, 0));
	taskpool_free(start_manual(3, 0, 5));
}
END_TEST

/* Nobody runs the jobs while this thread waits: the time passes, then they are canceled. */
START_TEST(a_drain_that_nobody_runs_ends_with_its_time)
{
	struct taskpool_report report = { .size = sizeof(report) };
	struct taskpool *pool = start_manual(2, 0, 0);
	struct endings endings;

	endings_init(&endings);
	submit_ending(pool, &endings, nothing_job, 6);
	ck_assert_int_eq(taskpool_shutdown(pool, MILLISECOND, TASKPOOL_FOREVER, &report), 0);
	ck_assert_uint_eq(report.ran + report.canceled, 6);
	ck_assert_uint_eq(tally_read(&endings.ran), report.ran);
	ck_assert_uint_eq(tally_read(&endings.canceled), report.canceled);
	taskpool_free(pool);
}
END_TEST

static void *run_until_stopped(void *pool)
{
	while (taskpool_run(pool, 0, TASKPOOL_FOREVER) > 0)
		;
	return NULL;
}

START_TEST(a_drain_lets_another_thread_run_what_waits)
{
	struct taskpool_report report = { .size = sizeof(report) };
	struct taskpool *pool = start_manual(2, 0, 0);
	struct endings endings;
	pthread_t thread;

	endings_init(&endings);
	submit_ending(pool, &endings, nothing_job, 60);
	thread = spawn(run_until_stopped, pool);
	ck_assert_int_eq(taskpool_shutdown(pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, &report), 0);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(report.ran, 60);
	ck_assert_uint_eq(tally_read(&endings.ran), 60);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_stop_cancels_the_job_that_runs_and_waits_for_it)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	struct tally entered;
	pthread_t thread;

	tally_init(&entered);
	ck_assert_int_eq(taskpool_submit(pool, "key", sleeper_job, &entered), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", forbidden_job, NULL), 0);
	thread = spawn(run_until_stopped, pool);
	tally_wait(&entered, 1);
	ck_assert_int_eq(taskpool_shutdown(pool, MILLISECOND, TASKPOOL_FOREVER, NULL), 0);
	pthread_join(thread, NULL);
	taskpool_free(pool);
}
END_TEST

static void request_stop(struct taskpool_context *context, void *arg)
{
	struct taskpool *pool = taskpool_context_pool(context);

	(void)arg;
	ck_assert_int_eq(taskpool_stop(pool), -EDEADLK);
	ck_assert_int_eq(taskpool_request_stop(pool), 0);
	ck_assert(taskpool_context_canceled(context));
}

START_TEST(a_manual_job_may_request_the_stop)
{
	struct taskpool *pool = start_manual(1, 0, 0);
	struct endings endings;

	endings_init(&endings);
	ck_assert_int_eq(submit_with_end(pool, "key", request_stop, endings_end, &endings), 0);
	ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, endings_end, &endings), 0);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 1);
	ck_assert_uint_eq(tally_read(&endings.ran), 1);
	ck_assert_uint_eq(tally_read(&endings.canceled), 1);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	taskpool_free(pool);
}
END_TEST

static void free_own_pool(struct taskpool_context *context, void *arg)
{
	taskpool_free(taskpool_context_pool(context));
	ck_assert(taskpool_context_canceled(context));
	tally_add(arg);
}

/* Who runs it frees it when the job has ended. */
START_TEST(a_manual_job_may_free_its_pool)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	struct endings endings;
	struct tally freed;

	tally_init(&freed);
	endings_init(&endings);
	ck_assert_int_eq(taskpool_submit(pool, "key", free_own_pool, &freed), 0);
	ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, endings_end, &endings), 0);
	ck_assert_int_eq(taskpool_run(pool, 0, TASKPOOL_FOREVER), 1);
	ck_assert_uint_eq(tally_read(&freed), 1);
	ck_assert_uint_eq(tally_read(&endings.canceled), 1);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_full_manual_pool_takes_jobs_again_when_it_was_run,
		inside_a_manual_job_a_submit_goes_past_the_bound,
#ifdef KNOWS_SINGLE_THREADED
		what_only_this_thread_could_end_is_refused,
#endif
		a_stop_ends_the_waiting_jobs_of_a_manual_pool,
		a_free_ends_the_waiting_jobs_of_a_manual_pool,
		a_drain_that_nobody_runs_ends_with_its_time,
		a_drain_lets_another_thread_run_what_waits,
		a_stop_cancels_the_job_that_runs_and_waits_for_it,
		a_manual_job_may_request_the_stop,
		a_manual_job_may_free_its_pool,
		NULL,
	};

	return run_suite("manual stop", tests, NULL);
}
