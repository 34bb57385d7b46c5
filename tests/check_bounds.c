/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Full queues: who is refused, who waits, who is let in past the bound. A pool that was not started yet shows its
 * bounds exactly.
 */
#include <config.h>

#include <stdatomic.h>

#include "suite.h"

START_TEST(a_full_queue_refuses_who_does_not_wait)
{
	struct taskpool *pool = make_pool(1, 3, (unsigned)_i);

	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(submit_timed(pool, i ? "a" : "b", nothing_job, NULL, 0), 0);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(submit_timed(pool, "a", forbidden_job, NULL, 0), -EAGAIN);
		ck_assert_int_eq(submit_timed(pool, "c", forbidden_job, NULL, 0), -EAGAIN);
		ck_assert_int_eq(submit_timed(pool, NULL, forbidden_job, NULL, 0), -EAGAIN);
	}
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(submit_timed(pool, "a", nothing_job, NULL, 0), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(the_default_capacity_is_a_hundred_per_worker)
{
	struct taskpool *pool = make_pool(3, 0, (unsigned)_i);
	unsigned number = 0;
	char key[32];

	for (unsigned home = 0; home < 3; home++) {
		for (unsigned i = 0; i < 100; i++) {
			key_at_home(key, "k", &number, 3, home);
			ck_assert_int_eq(submit_timed(pool, key, nothing_job, NULL, 0), 0);
		}
		key_at_home(key, "k", &number, 3, home);
		ck_assert_int_eq(submit_timed(pool, key, forbidden_job, NULL, 0), -EAGAIN);
	}
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_running_job_takes_no_room)
{
	struct taskpool *pool = start_pool(1, 1, (unsigned)_i);
	struct gate gates[20];

	for (unsigned i = 0; i < LENGTH(gates); i++)
		gate_init(&gates[i]);
	ck_assert_int_eq(submit_timed(pool, "key", gate_job, &gates[0], 0), 0);
	for (unsigned i = 1; i < LENGTH(gates); i++) {
		tally_wait(&gates[i - 1].entered, 1); /* it has started: its place is free again */
		ck_assert_int_eq(submit_timed(pool, "key", gate_job, &gates[i], 0), 0);
		ck_assert_int_eq(submit_timed(pool, "key", forbidden_job, NULL, 0), -EAGAIN);
		ck_assert_int_eq(submit_timed(pool, "other", forbidden_job, NULL, 0), -EAGAIN);
		gate_open(&gates[i - 1]);
	}
	gate_open(&gates[LENGTH(gates) - 1]);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_timed_submit_times_out)
{
	struct taskpool *pool = make_pool(1, 1, (unsigned)_i);
	int64_t begin;

	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	begin = now();
	ck_assert_int_eq(submit_timed(pool, "key", forbidden_job, NULL, 20 * MILLISECOND), -ETIMEDOUT);
	ck_assert_int_ge(now() - begin, 20 * MILLISECOND);
	ck_assert_int_eq(submit_timed(pool, "key", forbidden_job, NULL, 1), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(submit_timed(pool, "key", nothing_job, NULL, INT64_MAX), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

struct submitter {
	struct taskpool *pool;
	const char *key;
	int64_t timeout;
	_Atomic(pid_t) id;
	_Atomic bool done;
	struct tally ran;
	int error;
};

static void *submit_one(void *arg)
{
	struct submitter *submitter = arg;

	submitter->id = thread_id();
	submitter->error =
		submit_timed(submitter->pool, submitter->key, tally_job, &submitter->ran, submitter->timeout);
	submitter->done = true;
	return NULL;
}

static pthread_t submit_blocked(struct submitter *submitter)
{
	pthread_t thread;

	tally_init(&submitter->ran);
	thread = spawn(submit_one, submitter);
	while (submitter->id == 0 && count_threads())
		pause_shortly();
	await_asleep(submitter->id);
	ck_assert(!submitter->done);
	return thread;
}

START_TEST(a_full_queue_before_start_blocks_until_start)
{
	struct submitter forever = { .pool = make_pool(1, 2, (unsigned)_i), .key = "key", .timeout = TASKPOOL_FOREVER };
	struct submitter timed = { .pool = forever.pool, .key = NULL, .timeout = 2 * DEADLINE };
	pthread_t threads[2];

	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(taskpool_submit(forever.pool, "key", nothing_job, NULL), 0);
	threads[0] = submit_blocked(&forever);
	threads[1] = submit_blocked(&timed);
	ck_assert_int_eq(taskpool_start(forever.pool), 0);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(forever.error, 0);
	ck_assert_int_eq(timed.error, 0);
	tally_wait(&forever.ran, 1);
	tally_wait(&timed.ran, 1);
	taskpool_free(forever.pool);
}
END_TEST

START_TEST(a_blocked_submit_goes_on_when_a_job_starts)
{
	struct submitter submitter = { .pool = start_pool(1, 1, (unsigned)_i), .key = "x", .timeout = -1 };
	struct gate first, second;
	pthread_t thread;

	gate_init(&first);
	gate_init(&second);
	ck_assert_int_eq(taskpool_submit(submitter.pool, "key", gate_job, &first), 0);
	tally_wait(&first.entered, 1);
	ck_assert_int_eq(taskpool_submit(submitter.pool, "key", gate_job, &second), 0);
	thread = submit_blocked(&submitter);
	gate_open(&first);
	tally_wait(&second.entered, 1);
	pthread_join(thread, NULL); /* `second` still runs: its start made the room */
	ck_assert_int_eq(submitter.error, 0);
	gate_open(&second);
	tally_wait(&submitter.ran, 1);
	taskpool_free(submitter.pool);
}
END_TEST

START_TEST(a_blocked_submit_needs_no_more_than_one_free_place)
{
	struct submitter submitter = { .pool = start_pool(1, 10, (unsigned)_i), .key = "x", .timeout = -1 };
	struct gate first, second;
	pthread_t thread;

	gate_init(&first);
	gate_init(&second);
	ck_assert_int_eq(taskpool_submit(submitter.pool, "key", gate_job, &first), 0);
	tally_wait(&first.entered, 1);
	ck_assert_int_eq(taskpool_submit(submitter.pool, "key", gate_job, &second), 0);
	for (unsigned i = 0; i < 9; i++)
		ck_assert_int_eq(taskpool_submit(submitter.pool, "key", nothing_job, NULL), 0);
	thread = submit_blocked(&submitter);
	gate_open(&first);
	tally_wait(&second.entered, 1);
	pthread_join(thread, NULL); /* nine still wait, and `second` may itself wait for what this thread does next */
	ck_assert_int_eq(submitter.error, 0);
	gate_open(&second);
	tally_wait(&submitter.ran, 1);
	taskpool_free(submitter.pool);
}
END_TEST

static struct taskpool *make_key_bounded(unsigned capacity, unsigned key_capacity, unsigned placement)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = 1;
	options.queue_capacity = capacity;
	options.key_capacity = key_capacity;
	options.placement = placement;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	return pool;
}

START_TEST(key_capacity_bounds_each_key_alone)
{
	struct taskpool *pool = make_key_bounded(10, 2, (unsigned)_i);

	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(submit_timed(pool, i % 2 ? "a" : "b", nothing_job, NULL, 0), 0);
	ck_assert_int_eq(submit_timed(pool, "a", forbidden_job, NULL, 0), -EAGAIN);
	ck_assert_int_eq(submit_timed(pool, "b", forbidden_job, NULL, MILLISECOND), -ETIMEDOUT);
	for (unsigned i = 0; i < 6; i++)
		ck_assert_int_eq(submit_timed(pool, NULL, nothing_job, NULL, 0), 0);
	ck_assert_int_eq(submit_timed(pool, NULL, forbidden_job, NULL, 0), -EAGAIN);
	ck_assert_int_eq(submit_timed(pool, "c", forbidden_job, NULL, 0), -EAGAIN);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(submit_timed(pool, "a", nothing_job, NULL, 0), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_submit_blocked_by_its_key_goes_on_when_a_job_of_the_key_starts)
{
	struct submitter submitter = { .pool = make_key_bounded(50, 1, (unsigned)_i), .key = "key", .timeout = -1 };
	struct gate first, second;
	pthread_t thread;

	gate_init(&first);
	gate_init(&second);
	ck_assert_int_eq(taskpool_start(submitter.pool), 0);
	ck_assert_int_eq(taskpool_submit(submitter.pool, "key", gate_job, &first), 0);
	tally_wait(&first.entered, 1);
	ck_assert_int_eq(taskpool_submit(submitter.pool, "key", gate_job, &second), 0);
	thread = submit_blocked(&submitter);
	ck_assert_int_eq(submit_timed(submitter.pool, "another", nothing_job, NULL, 0), 0);
	gate_open(&first);
	tally_wait(&second.entered, 1);
	pthread_join(thread, NULL);
	ck_assert_int_eq(submitter.error, 0);
	gate_open(&second);
	tally_wait(&submitter.ran, 1);
	taskpool_free(submitter.pool);
}
END_TEST

START_TEST(jobs_without_a_key_are_refused_only_when_all_queues_are_full)
{
	struct taskpool *pool = make_pool(3, 2, (unsigned)_i);
	unsigned number = 0;
	char key[32];

	for (unsigned i = 0; i < 2; i++) {
		key_at_home(key, "k", &number, 3, 1);
		ck_assert_int_eq(submit_timed(pool, key, nothing_job, NULL, 0), 0);
	}
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(submit_timed(pool, NULL, nothing_job, NULL, 0), 0);
	ck_assert_int_eq(submit_timed(pool, NULL, forbidden_job, NULL, 0), -EAGAIN);
	ck_assert_int_eq(submit_timed(pool, NULL, forbidden_job, NULL, MILLISECOND), -ETIMEDOUT);
	for (unsigned home = 0; home < 3; home++) {
		key_at_home(key, "k", &number, 3, home);
		ck_assert_int_eq(submit_timed(pool, key, forbidden_job, NULL, 0), -EAGAIN);
	}
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_blocked_submit_without_a_key_takes_room_at_any_worker)
{
	struct submitter submitter = { .pool = start_pool(2, 1, (unsigned)_i), .key = NULL, .timeout = -1 };
	struct gate gates[4];
	unsigned number = 0;
	pthread_t thread;
	char key[32];

	for (unsigned i = 0; i < 4; i++) {
		gate_init(&gates[i]);
		key_at_home(key, "k", &number, 2, i % 2);
		ck_assert_int_eq(taskpool_submit(submitter.pool, key, gate_job, &gates[i]), 0);
		if (i < 2)
			tally_wait(&gates[i].entered, 1);
	}
	thread = submit_blocked(&submitter);
	gate_open(&gates[1]); /* its worker goes on to one of the two that wait, and stays there */
	pthread_join(thread, NULL);
	ck_assert_int_eq(submitter.error, 0);
	for (unsigned i = 0; i < 4; i++)
		if (i != 1)
			gate_open(&gates[i]);
	tally_wait(&submitter.ran, 1);
	taskpool_free(submitter.pool);
}
END_TEST

START_TEST(a_stuck_home_worker_blocks_no_submit_that_others_make_room_for)
{
	for (unsigned round = 0; round < 20; round++) {
		struct taskpool *pool = start_pool(2, 1, TASKPOOL_FLOATING);
		unsigned number = 0;
		struct gate gate;
		char key[32];

		gate_init(&gate);
		key_at_home(key, "gate", &number, 2, 0);
		ck_assert_int_eq(taskpool_submit(pool, key, gate_job, &gate), 0);
		tally_wait(&gate.entered, 1);
		for (unsigned i = 0; i < 50; i++) {
			key_at_home(key, "key", &number, 2, 0);
			expect(taskpool_submit(pool, key, nothing_job, NULL) == 0);
		}
		gate_open(&gate);
		taskpool_free(pool);
	}
}
END_TEST

static void submit_to_full_pool(struct taskpool_context *context, void *pool)
{
	(void)context;
	ck_assert_int_eq(submit_timed(pool, "key", forbidden_job, NULL, MILLISECOND), -ETIMEDOUT);
}

START_TEST(a_job_of_another_pool_is_bound_like_everybody)
{
	struct taskpool *full = make_pool(1, 1, (unsigned)_i), *pool = start_pool(1, 0, (unsigned)_i);

	ck_assert_int_eq(taskpool_submit(full, "key", forbidden_job, NULL), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", submit_to_full_pool, full), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
	taskpool_free(full);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_stuck_home_worker_blocks_no_submit_that_others_make_room_for, NULL };
	const TTest *placed[] = {
		a_full_queue_refuses_who_does_not_wait,
		the_default_capacity_is_a_hundred_per_worker,
		a_running_job_takes_no_room,
		a_timed_submit_times_out,
		a_full_queue_before_start_blocks_until_start,
		a_blocked_submit_goes_on_when_a_job_starts,
		a_blocked_submit_needs_no_more_than_one_free_place,
		key_capacity_bounds_each_key_alone,
		a_submit_blocked_by_its_key_goes_on_when_a_job_of_the_key_starts,
		jobs_without_a_key_are_refused_only_when_all_queues_are_full,
		a_blocked_submit_without_a_key_takes_room_at_any_worker,
		a_job_of_another_pool_is_bound_like_everybody,
		NULL,
	};

	return run_suite("bounds", tests, placed);
}
