/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool_key_wait: for whom it waits, and for whom not.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "probe.h"
#include "suite.h"

static int wait_for_key(struct taskpool *pool, const char *key, int64_t timeout)
{
	return taskpool_key_wait(pool, key, strlen(key), timeout);
}

struct waiting {
	struct taskpool *pool;
	const char *key;
};

static int wait_for_ever(void *arg)
{
	const struct waiting *waiting = arg;

	return wait_for_key(waiting->pool, waiting->key, TASKPOOL_FOREVER);
}

START_TEST(a_key_without_jobs_is_not_waited_for)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(wait_for_key(pool, "key", TASKPOOL_FOREVER), 0);
		ck_assert_int_eq(wait_for_key(pool, "key", 0), 0);
		ck_assert_int_eq(wait_for_key(pool, "", TASKPOOL_FOREVER), 0);
		if (i == 0)
			ck_assert_int_eq(taskpool_start(pool), 0);
		ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
		ck_assert_int_eq(wait_for_key(pool, "key", TASKPOOL_FOREVER), 0);
		ck_assert_int_eq(wait_for_key(pool, "key", 0), 0);
	}
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_int_eq(wait_for_key(pool, "key", TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(wait_times_out_while_a_job_of_the_key_waits_or_runs)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct gate gate;
	int64_t begin;

	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &gate), 0);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(wait_for_key(pool, "key", 0), -ETIMEDOUT);
		ck_assert_int_eq(wait_for_key(pool, "key", 1), -ETIMEDOUT);
		begin = now();
		ck_assert_int_eq(wait_for_key(pool, "key", 20 * MILLISECOND), -ETIMEDOUT);
		ck_assert_int_ge(now() - begin, 20 * MILLISECOND);
		if (i == 0)
			ck_assert_int_eq(taskpool_start(pool), 0);
		tally_wait(&gate.entered, 1);
	}
	gate_open(&gate);
	ck_assert_int_eq(wait_for_key(pool, "key", INT64_MAX), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(many_waiters_wake_when_the_last_job_of_the_key_ends)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct waiting waiting = { pool, "key" };
	struct call calls[4];
	struct tally ran;
	struct gate gate;

	gate_init(&gate);
	tally_init(&ran);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &gate), 0);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(taskpool_submit(pool, "key", tally_job, &ran), 0);
	for (unsigned i = 0; i < LENGTH(calls); i++)
		call_begin(&calls[i], wait_for_ever, &waiting);
	gate_open(&gate);
	for (unsigned i = 0; i < LENGTH(calls); i++)
		ck_assert_int_eq(call_end(&calls[i]), 0);
	ck_assert_uint_eq(tally_read(&ran), 20);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_waiter_waits_for_no_other_key)
{
	struct taskpool *pool = start_pool(4, 0, TASKPOOL_FLOATING);
	static const char *const others[] = { "kex", "key ", "" };
	struct tally ran;
	struct gate gate;

	gate_init(&gate);
	tally_init(&ran);
	for (unsigned i = 0; i < LENGTH(others); i++)
		ck_assert_int_eq(taskpool_submit(pool, others[i], gate_job, &gate), 0);
	tally_wait(&gate.entered, LENGTH(others));
	for (unsigned i = 1; i <= 20; i++) {
		ck_assert_int_eq(taskpool_submit(pool, "key", tally_job, &ran), 0);
		ck_assert_int_eq(wait_for_key(pool, "key", TASKPOOL_FOREVER), 0);
		ck_assert_uint_eq(tally_read(&ran), i);
	}
	gate_open(&gate);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_waiter_does_not_wait_for_a_job_that_came_later)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct waiting waiting = { pool, "key" };
	struct gate first, later;
	struct call call;

	if (count_threads() == 0)
		return; /* whether the waiter has begun to wait cannot be told here */
	gate_init(&first);
	gate_init(&later);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &first), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	call_begin(&call, wait_for_ever, &waiting);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &later), 0);
	gate_open(&first);
	tally_wait(&later.entered, 1);
	ck_assert_int_eq(call_end(&call), 0);
	ck_assert_int_eq(wait_for_key(pool, "key", 0), -ETIMEDOUT);
	gate_open(&later);
	taskpool_free(pool);
}
END_TEST

static _Atomic bool chain_stops;

static void chain_job(struct taskpool_context *context, void *arg)
{
	if (!chain_stops)
		ck_assert_int_eq(taskpool_submit(taskpool_context_pool(context), "chain", chain_job, arg), 0);
}

START_TEST(a_key_that_is_never_idle_can_be_waited_for)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	ck_assert_int_eq(taskpool_submit(pool, "chain", chain_job, NULL), 0);
	for (unsigned i = 0; i < 50; i++)
		ck_assert_int_eq(wait_for_key(pool, "chain", TASKPOOL_FOREVER), 0);
	chain_stops = true;
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(wait_for_key(pool, "chain", 0), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(delayed_jobs_are_waited_for)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct waiting waiting = { pool, "never" };
	struct taskpool_task task;
	struct taskpool_job *job;
	struct probe probe;
	struct call call;

	task = probe_task("key", tally_job, &probe);
	task.delay = 30 * MILLISECOND;
	submit_probe_task(pool, &task, NULL);
	ck_assert_int_eq(wait_for_key(pool, "key", TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(probe_outcome(&probe), TASKPOOL_RAN);
	task = probe_task("never", forbidden_job, &probe);
	task.delay = INT64_MAX;
	submit_probe_task(pool, &task, &job);
	ck_assert_int_eq(wait_for_key(pool, "never", 0), -ETIMEDOUT);
	ck_assert_int_eq(wait_for_key(pool, "never", MILLISECOND), -ETIMEDOUT);
	call_begin(&call, wait_for_ever, &waiting);
	ck_assert_int_eq(taskpool_job_cancel(job), 0);
	ck_assert_int_eq(call_end(&call), 0);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_waiter_does_not_wait_for_a_delayed_job_that_came_later)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct waiting waiting = { pool, "key" };
	struct taskpool_task task = make_task("key", forbidden_job, NULL);
	struct gate gate;
	struct call call;

	if (count_threads() == 0)
		return; /* as above */
	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &gate), 0);
	call_begin(&call, wait_for_ever, &waiting);
	task.delay = INT64_MAX;
	submit_probe_task(pool, &task, NULL);
	gate_open(&gate);
	ck_assert_int_eq(call_end(&call), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(wait_waits_for_end_too)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct waiting waiting = { pool, "key" };
	struct taskpool_task task;
	struct probe probe;
	struct call call;

	task = probe_task("key", nothing_job, &probe);
	task.end = held_probe_end;
	submit_probe_task(pool, &task, NULL);
	tally_wait(&probe.gate.entered, 1);
	ck_assert_int_eq(wait_for_key(pool, "key", MILLISECOND), -ETIMEDOUT);
	call_begin(&call, wait_for_ever, &waiting);
	gate_open(&probe.gate);
	ck_assert_int_eq(call_end(&call), 0);
	ck_assert_int_eq(probe_outcome(&probe), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(waiters_wake_when_the_pool_stops)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct waiting waiting = { pool, "key" };
	struct probe probes[20];
	struct call call;

	for (unsigned i = 0; i < LENGTH(probes); i++)
		submit_probe(pool, "key", forbidden_job, &probes[i], NULL);
	call_begin(&call, wait_for_ever, &waiting);
	ck_assert_int_eq(taskpool_request_stop(pool), 0);
	ck_assert_int_eq(call_end(&call), 0);
	for (unsigned i = 0; i < LENGTH(probes); i++)
		ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_CANCELED);
	taskpool_free(pool);
}
END_TEST

static void check_key(struct taskpool *pool, const char *key, size_t length)
{
	struct taskpool_task task;
	struct probe probe;

	task = probe_task(NULL, gate_job, &probe);
	task.key = key;
	task.key_len = length;
	submit_probe_task(pool, &task, NULL);
	ck_assert_int_eq(taskpool_key_wait(pool, key, length, 0), -ETIMEDOUT);
	if (length)
		ck_assert_int_eq(taskpool_key_wait(pool, key, length - 1, TASKPOOL_FOREVER), 0);
	gate_open(&probe.gate);
	ck_assert_int_eq(taskpool_key_wait(pool, key, length, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(probe_outcome(&probe), TASKPOOL_RAN);
}

START_TEST(keys_of_every_length_can_be_waited_for)
{
	static const size_t lengths[] = { 0, 1, 7, 8, 19, 20, 21, 22, 24, 25, 32, 33, 64, 65, 1000, TASKPOOL_KEY_MAX };
	static char key[TASKPOOL_KEY_MAX + 1]; /* NUL bytes */
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	for (size_t i = 0; i < LENGTH(lengths); i++)
		check_key(pool, key, lengths[i]);
	ck_assert_int_eq(taskpool_key_wait(pool, key, TASKPOOL_KEY_MAX + 1, 0), -ENAMETOOLONG);
	ck_assert_int_eq(taskpool_key_wait(pool, key, SIZE_MAX, TASKPOOL_FOREVER), -ENAMETOOLONG);
	taskpool_free(pool);
}
END_TEST

static void wait_for_own_key(struct taskpool_context *context, void *probe)
{
	static const int64_t timeouts[] = { 0, 1, INT64_MAX, TASKPOOL_FOREVER };
	struct taskpool *pool = taskpool_context_pool(context);

	for (size_t i = 0; i < LENGTH(timeouts); i++)
		ck_assert_int_eq(wait_for_key(pool, "key", timeouts[i]), -EDEADLK);
	ck_assert_int_eq(wait_for_key(pool, "never seen", TASKPOOL_FOREVER), 0);
	tally_add(probe);
}

START_TEST(a_job_cannot_wait_for_its_own_key)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct probe probe;

	submit_probe(pool, "key", wait_for_own_key, &probe, NULL);
	ck_assert_int_eq(probe_await(&probe), TASKPOOL_RAN);
	ck_assert_uint_eq(probe_runs(&probe), 1);
	taskpool_free(pool);
}
END_TEST

static void wait_for_the_other(struct taskpool_context *context, void *key)
{
	ck_assert_int_eq(wait_for_key(taskpool_context_pool(context), key, TASKPOOL_FOREVER), 0);
}

START_TEST(a_job_may_wait_for_another_key)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct tally ran;
	char keys[2][32];

	for (unsigned i = 0; i < 2; i++)
		key_at(keys[i], "key", pool, i);
	tally_init(&ran);
	for (unsigned round = 0; round < 200; round++) {
		for (unsigned i = 0; i < 5; i++)
			expect(taskpool_submit(pool, keys[round % 2], tally_job, &ran) == 0);
		ck_assert_int_eq(taskpool_submit(pool, keys[1 - round % 2], wait_for_the_other, keys[round % 2]), 0);
		ck_assert_int_eq(wait_for_key(pool, keys[1 - round % 2], TASKPOOL_FOREVER), 0);
		ck_assert_uint_eq(tally_read(&ran), 5 * round + 5);
	}
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_waiter_waits_for_no_other_key, NULL };
	const TTest *placed[] = {
		a_key_without_jobs_is_not_waited_for,
		wait_times_out_while_a_job_of_the_key_waits_or_runs,
		many_waiters_wake_when_the_last_job_of_the_key_ends,
		a_waiter_does_not_wait_for_a_job_that_came_later,
		a_key_that_is_never_idle_can_be_waited_for,
		delayed_jobs_are_waited_for,
		a_waiter_does_not_wait_for_a_delayed_job_that_came_later,
		wait_waits_for_end_too,
		waiters_wake_when_the_pool_stops,
		keys_of_every_length_can_be_waited_for,
		a_job_cannot_wait_for_its_own_key,
		a_job_may_wait_for_another_key,
		NULL,
	};

	return run_suite("waiting for keys", tests, placed);
}
