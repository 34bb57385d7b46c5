/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * stop, request_stop: what they end, what they wait for and who may call them.
 */
#include <config.h>

#include <stdatomic.h>

#include "suite.h"

static void stop_own_pool(struct taskpool_context *context, void *arg)
{
	struct taskpool *pool = taskpool_context_pool(context);

	(void)arg;
	ck_assert_int_eq(taskpool_stop(pool), -EDEADLK);
	ck_assert(!taskpool_context_canceled(context));
}

static struct taskpool *pool_of_end;

static void stop_pool_in_end(void *ended, int outcome)
{
	ck_assert_int_eq(outcome, TASKPOOL_RAN);
	ck_assert_int_eq(taskpool_stop(pool_of_end), -EDEADLK);
	tally_add(ended);
}

START_TEST(stop_inside_a_job_is_refused_and_changes_nothing)
{
	struct tally ended;

	tally_init(&ended);
	pool_of_end = start_pool(2, 0, (unsigned)_i);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(submit_with_end(pool_of_end, "key", stop_own_pool, stop_pool_in_end, &ended), 0);
	tally_wait(&ended, 20);
	ck_assert_int_eq(taskpool_submit(pool_of_end, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool_of_end, TASKPOOL_FOREVER), 0);
	taskpool_free(pool_of_end);
}
END_TEST

START_TEST(stop_again_returns_zero)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_int_eq(taskpool_request_stop(pool), 0);
	taskpool_free(pool);

	pool = make_pool(2, 0, (unsigned)_i);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(taskpool_stop(pool), 0);
	taskpool_free(pool);
}
END_TEST

static _Atomic bool finished;

static void finish_after_cancel(struct taskpool_context *context, void *entered)
{
	tally_add(entered);
	ck_assert_int_eq(taskpool_context_sleep(context, 2 * DEADLINE), -ECANCELED);
	for (unsigned i = 0; i < 20; i++)
		pause_shortly(); /* time for a stop that does not wait to return too early */
	finished = true;
}

static void *stop_and_look(void *pool)
{
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert(finished);
	return NULL;
}

static void finish_end(void *entered, int outcome)
{
	ck_assert_int_eq(outcome, TASKPOOL_CANCELED);
	tally_add(entered);
	for (unsigned i = 0; i < 20; i++)
		pause_shortly(); /* as above */
	finished = true;
}

static void *request_the_stop(void *pool)
{
	ck_assert_int_eq(taskpool_request_stop(pool), 0);
	return NULL;
}

/* The pool has no running job and no worker: all that is left of it is the end that the first thread calls. */
START_TEST(stop_waits_for_what_another_stop_ends)
{
	struct taskpool *pool = make_pool(3, 0, (unsigned)_i);
	struct tally entered;
	pthread_t thread;

	tally_init(&entered);
	ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, finish_end, &entered), 0);
	thread = spawn(request_the_stop, pool);
	tally_wait(&entered, 1);
	stop_and_look(pool);
	taskpool_free(pool); /* before the other thread has returned: its call holds what it needs */
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(stop_from_many_threads_waits_in_each)
{
	struct taskpool *pool = start_pool(3, 0, (unsigned)_i);
	struct tally entered;
	pthread_t threads[6];

	tally_init(&entered);
	ck_assert_int_eq(taskpool_submit(pool, "key", finish_after_cancel, &entered), 0);
	tally_wait(&entered, 1);
	for (size_t i = 0; i < LENGTH(threads); i++)
		threads[i] = spawn(stop_and_look, pool);
	stop_and_look(pool);
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	taskpool_free(pool);
}
END_TEST

START_TEST(request_stop_ends_waiting_jobs_before_it_returns)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct endings endings;
	struct gate gate;

	gate_init(&gate);
	endings_init(&endings);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &gate), 0);
	tally_wait(&gate.entered, 1);
	for (unsigned i = 0; i < 30; i++)
		ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, endings_end, &endings), 0);
	ck_assert_int_eq(taskpool_request_stop(pool), 0);
	ck_assert_uint_eq(tally_read(&endings.canceled), 30);
	gate_open(&gate);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_uint_eq(tally_read(&endings.canceled), 30);
	taskpool_free(pool);
}
END_TEST

static void request_stop_of_own_pool(struct taskpool_context *context, void *arg)
{
	struct endings *endings = arg;

	while (tally_read(&endings->other) == 0) /* until all the others were submitted */
		pause_shortly();
	ck_assert(!taskpool_context_canceled(context));
	ck_assert_int_eq(taskpool_request_stop(taskpool_context_pool(context)), 0);
	ck_assert(taskpool_context_canceled(context));
	ck_assert_ptr_eq(taskpool_current(), context);
	ck_assert_uint_eq(tally_read(&endings->canceled), 30);
}

/* Runs inside the other job's run, and is an end all the same. */
static void end_inside_a_job(void *arg, int outcome)
{
	ck_assert_ptr_null(taskpool_current());
	endings_end(arg, outcome);
}

START_TEST(request_stop_inside_a_job_stops)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct endings endings;

	endings_init(&endings);
	ck_assert_int_eq(taskpool_submit(pool, "key", request_stop_of_own_pool, &endings), 0);
	for (unsigned i = 0; i < 30; i++)
		ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, end_inside_a_job, &endings), 0);
	tally_add(&endings.other);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", forbidden_job, NULL), -ECANCELED);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(submit_after_stop_is_refused)
{
	struct taskpool_task tasks[2] = { make_task("a", forbidden_job, NULL), make_task(NULL, forbidden_job, NULL) };
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	size_t accepted = 7;

	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", forbidden_job, NULL), -ECANCELED);
	ck_assert_int_eq(taskpool_submit_task(pool, &tasks[1], NULL), -ECANCELED);
	ck_assert_int_eq(submit_timed(pool, "key", forbidden_job, NULL, 0), -ECANCELED);
	ck_assert_int_eq(taskpool_submit_batch(pool, tasks, 2, &accepted), -ECANCELED);
	ck_assert_uint_eq(accepted, 0);
	taskpool_free(pool);
}
END_TEST

struct producer {
	struct taskpool *pool;
	struct endings *endings;
	struct tally *ready;
	_Atomic(pid_t) id;
	int error;
};

static void *submit_until_error(void *arg)
{
	struct producer *producer = arg;

	producer->id = thread_id();
	tally_add(producer->ready);
	do
		producer->error = submit_with_end(producer->pool, "key", forbidden_job, endings_end, producer->endings);
	while (!producer->error);
	return NULL;
}

START_TEST(stop_refuses_blocked_submits)
{
	struct taskpool *pool = make_pool(2, 3, (unsigned)_i);
	struct producer producers[4];
	struct endings endings;
	struct tally ready;
	pthread_t threads[4];

	tally_init(&ready);
	endings_init(&endings);
	for (size_t i = 0; i < LENGTH(threads); i++) {
		producers[i] = (struct producer){ .pool = pool, .endings = &endings, .ready = &ready };
		threads[i] = spawn(submit_until_error, &producers[i]);
	}
	tally_wait(&ready, LENGTH(threads));
	for (size_t i = 0; i < LENGTH(threads); i++)
		await_asleep(producers[i].id);
	ck_assert_int_eq(taskpool_request_stop(pool), 0);
	for (size_t i = 0; i < LENGTH(threads); i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(producers[i].error, -ECANCELED);
	}
	ck_assert_uint_eq(tally_read(&endings.canceled), 3);
	taskpool_free(pool);
}
END_TEST

static _Atomic unsigned started;

static void count_start(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	atomic_fetch_add(&started, 1);
}

START_TEST(no_job_starts_once_stop_was_requested)
{
	for (unsigned round = 0; round < 100; round++) {
		struct taskpool *pool = start_pool(3, 1000, (unsigned)_i);
		struct endings endings;
		unsigned at_request;
		char key[32];

		endings_init(&endings);
		started = 0;
		for (unsigned i = 0; i < 300; i++) {
			unsigned number = i;

			key_at_home(key, "key", &number, 3, i % 3);
			ck_assert_int_eq(submit_with_end(pool, key, count_start, endings_end, &endings), 0);
		}
		ck_assert_int_eq(taskpool_request_stop(pool), 0);
		/* Three may have been started and not have counted yet, one by each worker. */
		at_request = started + 3;
		ck_assert_int_eq(taskpool_stop(pool), 0);
		ck_assert_uint_le(started, at_request);
		ck_assert_uint_eq(tally_read(&endings.ran), started);
		ck_assert_uint_eq(tally_read(&endings.ran) + tally_read(&endings.canceled), 300);
		taskpool_free(pool);
	}
}
END_TEST

static void use_pool_in_end(void *ended, int outcome)
{
	struct taskpool_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(outcome, TASKPOOL_CANCELED);
	ck_assert_ptr_null(taskpool_current());
	ck_assert_int_eq(taskpool_stats(pool_of_end, &stats), 0);
	ck_assert_int_eq(taskpool_submit(pool_of_end, "key", forbidden_job, NULL), -ECANCELED);
	ck_assert_int_eq(taskpool_start(pool_of_end), -ECANCELED);
	tally_add(ended);
}

START_TEST(end_of_a_canceled_job_may_call_the_pool)
{
	struct tally ended;

	tally_init(&ended);
	pool_of_end = make_pool(2, 0, (unsigned)_i);
	for (unsigned i = 0; i < 20; i++)
		expect(submit_with_end(pool_of_end, i % 2 ? "key" : NULL, forbidden_job, use_pool_in_end, &ended) == 0);
	ck_assert_int_eq(taskpool_stop(pool_of_end), 0);
	ck_assert_uint_eq(tally_read(&ended), 20);
	taskpool_free(pool_of_end);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		stop_inside_a_job_is_refused_and_changes_nothing,
		stop_again_returns_zero,
		stop_waits_for_what_another_stop_ends,
		stop_from_many_threads_waits_in_each,
		request_stop_ends_waiting_jobs_before_it_returns,
		request_stop_inside_a_job_stops,
		submit_after_stop_is_refused,
		stop_refuses_blocked_submits,
		no_job_starts_once_stop_was_requested,
		end_of_a_canceled_job_may_call_the_pool,
		NULL,
	};

	return run_suite("stopping", NULL, placed);
}
