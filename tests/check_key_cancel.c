/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool_key_cancel: what waits ends, what runs is told to stop, other keys and later jobs notice nothing.
 */
#include <config.h>

#include <string.h>

#include "probe.h"
#include "suite.h"

#define WAITING 20

static int cancel_key(struct taskpool *pool, const char *key)
{
	return taskpool_key_cancel(pool, key, strlen(key));
}

START_TEST(a_key_without_jobs_has_none_to_cancel)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct probe probe;

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(cancel_key(pool, "key"), 0);
		ck_assert_int_eq(cancel_key(pool, ""), 0);
		if (i == 0)
			ck_assert_int_eq(taskpool_start(pool), 0);
		submit_probe(pool, "key", tally_job, &probe, NULL);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		ck_assert_int_eq(probe_outcome(&probe), TASKPOOL_RAN);
	}
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_int_eq(cancel_key(pool, "key"), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(waiting_jobs_end_and_are_counted)
{
	struct taskpool *pool = make_pool(2, WAITING, (unsigned)_i);
	struct probe probes[WAITING], other, loose;
	struct taskpool_stats stats;

	for (unsigned i = 0; i < WAITING; i++)
		submit_probe(pool, "key", forbidden_job, &probes[i], NULL);
	submit_probe(pool, NULL, tally_job, &loose, NULL); /* its home is the other worker, which has room */
	ck_assert_int_eq(submit_timed(pool, "key", nothing_job, NULL, 0), -EAGAIN);
	ck_assert_int_eq(cancel_key(pool, "key"), WAITING);
	for (unsigned i = 0; i < WAITING; i++) {
		ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_CANCELED);
		ck_assert(pthread_equal(probes[i].ended_by, pthread_self()));
	}
	ck_assert_int_eq(cancel_key(pool, "key"), 0);
	stats = read_stats(pool);
	ck_assert_uint_eq(stats.canceled, WAITING);
	ck_assert_uint_eq(stats.queued, 1);
	submit_probe(pool, "kez", tally_job, &other, NULL);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(probe_await(&other), TASKPOOL_RAN);
	ck_assert_int_eq(probe_await(&loose), TASKPOOL_RAN);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(read_stats(pool).keys_active, 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(other_keys_keep_their_jobs)
{
	static const char *const keys[] = { "", "k", "key", "key1", "a key that is too long to be kept in a record" };
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct probe probes[LENGTH(keys)][4];

	for (unsigned i = 0; i < 4; i++)
		for (unsigned key = 0; key < LENGTH(keys); key++)
			submit_probe(pool, keys[key], tally_job, &probes[key][i], NULL);
	ck_assert_int_eq(cancel_key(pool, ""), 4);
	ck_assert_int_eq(cancel_key(pool, "key"), 4);
	ck_assert_int_eq(cancel_key(pool, keys[4]), 4);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < 4; i++)
		for (unsigned key = 0; key < LENGTH(keys); key++)
			ck_assert_int_eq(probe_outcome(&probes[key][i]),
					 key == 1 || key == 3 ? TASKPOOL_RAN : TASKPOOL_CANCELED);
	taskpool_free(pool);
}
END_TEST

static void expect_not_canceled(struct taskpool_context *context, void *probe)
{
	ck_assert(!taskpool_context_canceled(context));
	ck_assert_int_eq(taskpool_context_sleep(context, MILLISECOND), 0);
	tally_add(probe);
}

START_TEST(the_running_job_is_told_to_stop)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct probe running, waiting, next[2];

	for (unsigned round = 0; round < 20; round++) {
		submit_probe(pool, "key", sleeper_job, &running, NULL);
		tally_wait(&running.gate.entered, 1);
		if (round % 2)
			submit_probe(pool, "key", forbidden_job, &waiting, NULL);
		ck_assert_int_eq(cancel_key(pool, "key"), round % 2);
		ck_assert(round % 2 == 0 || probe_outcome(&waiting) == TASKPOOL_CANCELED);
		submit_probe(pool, "key", expect_not_canceled, &next[0], NULL);
		submit_probe(pool, "other", expect_not_canceled, &next[1], NULL);
		ck_assert_int_eq(probe_await(&running), TASKPOOL_RAN);
		for (unsigned i = 0; i < 2; i++)
			ck_assert_int_eq(probe_await(&next[i]), TASKPOOL_RAN);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(delayed_jobs_end_as_well)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct probe probes[WAITING], other;
	struct taskpool_task task;

	for (unsigned i = 0; i < WAITING; i++) {
		task = probe_task("key", forbidden_job, &probes[i]);
		task.delay = i % 2 ? INT64_MAX : 60 * DEADLINE + i;
		submit_probe_task(pool, &task, NULL);
	}
	task = probe_task("other", forbidden_job, &other);
	task.delay = 60 * DEADLINE;
	submit_probe_task(pool, &task, NULL);
	ck_assert_int_eq(cancel_key(pool, "key"), WAITING);
	for (unsigned i = 0; i < WAITING; i++)
		ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_CANCELED);
	ck_assert_int_eq(probe_outcome(&other), 0);
	ck_assert_uint_eq(read_stats(pool).queued, 1);
	taskpool_free(pool);
	ck_assert_int_eq(probe_outcome(&other), TASKPOOL_CANCELED);
}
END_TEST

static struct taskpool *pool_of_end;
static struct tally successors;

static void submit_successor(void *probe, int outcome)
{
	expect(outcome == TASKPOOL_CANCELED);
	expect(taskpool_current() == NULL);
	expect(taskpool_submit(pool_of_end, "key", tally_job, &successors) == 0);
	probe_end(probe, outcome);
}

START_TEST(jobs_submitted_from_an_end_stay)
{
	struct probe probes[WAITING];

	pool_of_end = make_pool(2, WAITING, (unsigned)_i);
	tally_init(&successors);
	for (unsigned i = 0; i < WAITING; i++) {
		struct taskpool_task task = probe_task("key", forbidden_job, &probes[i]);

		task.end = submit_successor;
		submit_probe_task(pool_of_end, &task, NULL);
	}
	ck_assert_int_eq(cancel_key(pool_of_end, "key"), WAITING);
	ck_assert_uint_eq(read_key_stats(pool_of_end, "key").queued, WAITING);
	ck_assert_int_eq(taskpool_start(pool_of_end), 0);
	tally_wait(&successors, WAITING);
	ck_assert_int_eq(taskpool_wait(pool_of_end, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(tally_read(&successors), WAITING);
	taskpool_free(pool_of_end);
}
END_TEST

static int cancel_that_key(void *pool)
{
	return cancel_key(pool, "key");
}

static struct probe held[3];

static void expect_all_ended(struct taskpool_context *context, void *probe)
{
	for (unsigned i = 0; i < 3; i++)
		expect(probe_outcome(&held[i]) == TASKPOOL_CANCELED);
	tally_job(context, probe);
}

START_TEST(the_next_job_waits_for_all_the_ends)
{
	for (unsigned slow = 0; slow < 3; slow++) {
		struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
		struct probe behind;
		struct call call;

		for (unsigned i = 0; i < 3; i++) {
			struct taskpool_task task = probe_task("key", forbidden_job, &held[i]);

			task.end = i == slow ? held_probe_end : probe_end;
			submit_probe_task(pool, &task, NULL);
		}
		call_begin(&call, cancel_that_key, pool);
		tally_wait(&held[slow].gate.entered, 1);
		submit_probe(pool, "key", expect_all_ended, &behind, NULL);
		ck_assert_int_eq(taskpool_start(pool), 0);
		run_others(pool, 0);
		ck_assert_int_eq(taskpool_key_wait(pool, "key", 3, MILLISECOND), -ETIMEDOUT);
		gate_open(&held[slow].gate);
		ck_assert_int_eq(probe_await(&behind), TASKPOOL_RAN);
		ck_assert_int_eq(call_end(&call), 3); /* the one that was submitted meanwhile is not among them */
		taskpool_free(pool);
	}
}
END_TEST

static void cancel_own_key(struct taskpool_context *context, void *probe)
{
	struct taskpool *pool = taskpool_context_pool(context);

	gate_job(context, probe);
	ck_assert_int_eq(cancel_key(pool, "other"), 1);
	ck_assert(!taskpool_context_canceled(context));
	ck_assert_int_eq(cancel_key(pool, "key"), 3);
	ck_assert(taskpool_context_canceled(context));
	ck_assert_int_eq(cancel_key(pool, "key"), 0);
	ck_assert_ptr_eq(taskpool_current(), context);
}

START_TEST(a_job_may_cancel_its_own_key)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct probe probes[5];

	submit_probe(pool, "key", cancel_own_key, &probes[0], NULL);
	tally_wait(&probes[0].gate.entered, 1);
	for (unsigned i = 1; i < 5; i++)
		submit_probe(pool, i < 4 ? "key" : "other", forbidden_job, &probes[i], NULL);
	gate_open(&probes[0].gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(probe_outcome(&probes[i]), i ? TASKPOOL_CANCELED : TASKPOOL_RAN);
	submit_probe(pool, "key", expect_not_canceled, &probes[0], NULL);
	ck_assert_int_eq(probe_await(&probes[0]), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

static int submit_one(void *pool)
{
	return taskpool_submit(pool, "key", nothing_job, NULL);
}

START_TEST(a_blocked_submit_gets_in_and_its_job_runs)
{
	struct taskpool *pool = make_pool(1, 3, (unsigned)_i);
	struct probe probes[3];
	struct call call;

	for (unsigned i = 0; i < 3; i++)
		submit_probe(pool, "key", forbidden_job, &probes[i], NULL);
	call_begin(&call, submit_one, pool);
	ck_assert_int_eq(cancel_key(pool, "key"), 3);
	ck_assert_int_eq(call_end(&call), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(read_stats(pool).ran, 1);
	taskpool_free(pool);
}
END_TEST

#define JOBS 3000

struct canceler {
	struct taskpool *pool;
	_Atomic bool done;
	unsigned ended;
};

static void *cancel_repeatedly(void *arg)
{
	struct canceler *canceler = arg;

	while (!canceler->done) {
		int ended = cancel_key(canceler->pool, "key");

		expect(ended >= 0);
		canceler->ended += (unsigned)ended;
	}
	return NULL;
}

START_TEST(what_the_calls_return_is_how_many_were_canceled)
{
	struct canceler cancelers[2];
	struct taskpool *pool = start_pool(2, 50, (unsigned)_i);
	struct endings endings;
	pthread_t threads[2];

	endings_init(&endings);
	for (unsigned i = 0; i < 2; i++) {
		cancelers[i] = (struct canceler){ .pool = pool };
		threads[i] = spawn(cancel_repeatedly, &cancelers[i]);
	}
	for (unsigned i = 0; i < JOBS; i++)
		expect(submit_with_end(pool, "key", nothing_job, endings_end, &endings) == 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < 2; i++) {
		cancelers[i].done = true;
		pthread_join(threads[i], NULL);
	}
	ck_assert_uint_eq(cancelers[0].ended + cancelers[1].ended, tally_read(&endings.canceled));
	ck_assert_uint_eq(tally_read(&endings.ran) + tally_read(&endings.canceled), JOBS);
	ck_assert_uint_eq(read_stats(pool).canceled, tally_read(&endings.canceled));
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_key_without_jobs_has_none_to_cancel,
		waiting_jobs_end_and_are_counted,
		other_keys_keep_their_jobs,
		the_running_job_is_told_to_stop,
		delayed_jobs_end_as_well,
		jobs_submitted_from_an_end_stay,
		the_next_job_waits_for_all_the_ends,
		a_job_may_cancel_its_own_key,
		a_blocked_submit_gets_in_and_its_job_runs,
		what_the_calls_return_is_how_many_were_canceled,
		NULL,
	};

	return run_suite("canceling keys", NULL, placed);
}
