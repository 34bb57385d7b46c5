/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool_wait: for whom it waits, and for whom not.
 */
#include <config.h>

#include <stdatomic.h>

#include "suite.h"

START_TEST(wait_for_an_idle_pool_returns_at_once)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);

	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, 0), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(wait_times_out_while_a_job_runs_or_waits)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct gate gate;

	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &gate), 0);
	ck_assert_int_eq(taskpool_wait(pool, 0), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_wait(pool, MILLISECOND), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_start(pool), 0);
	tally_wait(&gate.entered, 1);
	ck_assert_int_eq(taskpool_wait(pool, 0), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_wait(pool, MILLISECOND), -ETIMEDOUT);
	gate_open(&gate);
	ck_assert_int_eq(taskpool_wait(pool, INT64_MAX), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_timed_wait_lasts_as_long_as_it_says)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	int64_t begin;

	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	begin = now();
	ck_assert_int_eq(taskpool_wait(pool, 30 * MILLISECOND), -ETIMEDOUT);
	ck_assert_int_ge(now() - begin, 30 * MILLISECOND);
	taskpool_free(pool);
}
END_TEST

static void wait_for_own_pool(struct taskpool_context *context, void *arg)
{
	struct taskpool *pool = taskpool_context_pool(context);

	(void)arg;
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), -EDEADLK);
	ck_assert_int_eq(taskpool_wait(pool, SECOND), -EDEADLK);
	ck_assert_int_eq(taskpool_wait(pool, 0), -EDEADLK);
}

START_TEST(wait_inside_a_job_of_the_pool_is_refused)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	ck_assert_int_eq(taskpool_submit(pool, "key", wait_for_own_pool, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

static _Atomic bool chain_stops;

static void chain_job(struct taskpool_context *context, void *key)
{
	if (!chain_stops)
		ck_assert_int_eq(taskpool_submit(taskpool_context_pool(context), key, chain_job, key), 0);
}

START_TEST(wait_does_not_wait_for_jobs_accepted_meanwhile)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	chain_stops = false;
	ck_assert_int_eq(taskpool_submit(pool, "chain", chain_job, (void *)(uintptr_t) "chain"), 0);
	ck_assert_int_eq(taskpool_submit(pool, "other", chain_job, (void *)(uintptr_t) "other"), 0);
	ck_assert_int_eq(taskpool_submit(pool, NULL, chain_job, NULL), 0);
	for (unsigned i = 0; i < 50; i++)
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	chain_stops = true;
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

struct waiter {
	struct taskpool *pool;
	_Atomic(pid_t) id;
	int error;
};

static void *wait_for_ever(void *arg)
{
	struct waiter *waiter = arg;

	waiter->id = thread_id();
	waiter->error = taskpool_wait(waiter->pool, TASKPOOL_FOREVER);
	return NULL;
}

static void spawn_waiters(struct waiter *waiters, pthread_t *threads, size_t count, struct taskpool *pool)
{
	for (size_t i = 0; i < count; i++) {
		waiters[i] = (struct waiter){ .pool = pool };
		threads[i] = spawn(wait_for_ever, &waiters[i]);
	}
	for (size_t i = 0; i < count; i++) {
		while (waiters[i].id == 0 && count_threads())
			pause_shortly();
		await_asleep(waiters[i].id);
	}
}

static void join_waiters(struct waiter *waiters, pthread_t *threads, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(waiters[i].error, 0);
	}
}

START_TEST(many_waiters_wake_when_the_last_job_ends)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct waiter waiters[4];
	pthread_t threads[4];
	struct gate gate;

	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &gate), 0);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(taskpool_submit(pool, i % 2 ? "key" : "other", nothing_job, NULL), 0);
	spawn_waiters(waiters, threads, 4, pool);
	gate_open(&gate);
	join_waiters(waiters, threads, 4);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_waiter_does_not_wait_for_a_job_that_came_later)
{
	struct taskpool *pool = start_pool(4, 0, TASKPOOL_FLOATING);
	struct gate first, later;
	struct waiter waiter;
	pthread_t thread;

	if (count_threads() == 0)
		return; /* whether the waiter has begun to wait cannot be told here */
	gate_init(&first);
	gate_init(&later);
	ck_assert_int_eq(taskpool_submit(pool, "first", gate_job, &first), 0);
	tally_wait(&first.entered, 1);
	spawn_waiters(&waiter, &thread, 1, pool);
	ck_assert_int_eq(taskpool_submit(pool, "later", gate_job, &later), 0);
	tally_wait(&later.entered, 1);
	gate_open(&first);
	join_waiters(&waiter, &thread, 1);
	gate_open(&later);
	taskpool_free(pool);
}
END_TEST

START_TEST(waiters_wake_when_stop_cancels_the_jobs)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct waiter waiters[3];
	pthread_t threads[3];

	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(taskpool_submit(pool, i % 2 ? "key" : NULL, forbidden_job, NULL), 0);
	spawn_waiters(waiters, threads, 3, pool);
	ck_assert_int_eq(taskpool_request_stop(pool), 0);
	join_waiters(waiters, threads, 3);
	taskpool_free(pool);
}
END_TEST

static void end_slowly(void *ended, int outcome)
{
	(void)outcome;
	for (unsigned i = 0; i < 20; i++)
		pause_shortly(); /* time for a wait that looks at run alone to return too early */
	tally_add(ended);
}

START_TEST(wait_waits_for_end_too)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct tally ended;

	tally_init(&ended);
	ck_assert_int_eq(submit_with_end(pool, "key", nothing_job, end_slowly, &ended), 0);
	ck_assert_int_eq(submit_with_end(pool, NULL, nothing_job, end_slowly, &ended), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(tally_read(&ended), 2);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_waiter_does_not_wait_for_a_job_that_came_later, NULL };
	const TTest *placed[] = {
		wait_for_an_idle_pool_returns_at_once,
		wait_times_out_while_a_job_runs_or_waits,
		a_timed_wait_lasts_as_long_as_it_says,
		wait_inside_a_job_of_the_pool_is_refused,
		wait_does_not_wait_for_jobs_accepted_meanwhile,
		many_waiters_wake_when_the_last_job_ends,
		waiters_wake_when_stop_cancels_the_jobs,
		wait_waits_for_end_too,
		NULL,
	};

	return run_suite("waiting", tests, placed);
}
