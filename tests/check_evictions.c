/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * While the end of a canceled job runs on another thread, however long it takes: its place in the queue is free, its
 * key is busy.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "suite.h"

#define MANY 20

/* Jobs that stay in their `end` until the gate is opened, each on a thread that cancels it. */
struct eviction {
	struct taskpool_job *job[MANY];
	pthread_t thread[MANY];
	struct gate gate;
};

static void end_in_gate(void *arg, int outcome)
{
	expect(outcome == TASKPOOL_CANCELED);
	gate_job(NULL, arg);
}

static void *cancel(void *job)
{
	expect(taskpool_job_cancel(job) == 0);
	return NULL;
}

static int submit_evicted(struct taskpool *pool, struct eviction *eviction, unsigned i, const char *key)
{
	struct taskpool_task task = make_task(key, forbidden_job, &eviction->gate);

	task.end = end_in_gate;
	task.timeout = 0;
	return taskpool_submit_task(pool, &task, &eviction->job[i]);
}

static void evict(struct eviction *eviction, unsigned i)
{
	eviction->thread[i] = spawn(cancel, eviction->job[i]);
	tally_wait(&eviction->gate.entered, i + 1);
}

static void finish(struct eviction *eviction, unsigned count)
{
	gate_open(&eviction->gate);
	for (unsigned i = 0; i < count; i++) {
		pthread_join(eviction->thread[i], NULL);
		ck_assert_int_eq(taskpool_job_outcome(eviction->job[i]), TASKPOOL_CANCELED);
		taskpool_job_unref(eviction->job[i]);
	}
}

/* One worker, capacity 1: each of these jobs takes the only place, and leaves it again. */
static void evict_many(unsigned placement, bool same_key)
{
	struct taskpool *pool = make_pool(1, 1, placement);
	struct eviction eviction;
	char key[16] = "key";

	gate_init(&eviction.gate);
	for (unsigned i = 0; i < MANY; i++) {
		if (!same_key)
			snprintf(key, sizeof(key), "key %u", i);
		ck_assert_int_eq(submit_evicted(pool, &eviction, i, key), 0);
		ck_assert_int_eq(submit_timed(pool, "full", forbidden_job, NULL, 0), -EAGAIN);
		evict(&eviction, i);
	}
	ck_assert_int_eq(taskpool_wait(pool, 0), -ETIMEDOUT);
	finish(&eviction, MANY);
	ck_assert_int_eq(taskpool_wait(pool, 0), 0);
	taskpool_free(pool);
}

START_TEST(jobs_that_are_being_ended_take_no_place_in_the_queue)
{
	evict_many((unsigned)_i, true);
	evict_many((unsigned)_i, false);
}
END_TEST

START_TEST(the_next_job_of_the_key_waits_for_the_end_of_a_canceled_one)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct eviction eviction;
	struct tally ran;

	tally_init(&ran);
	gate_init(&eviction.gate);
	ck_assert_int_eq(taskpool_key_pause(pool, "key", 3), 0);
	ck_assert_int_eq(submit_evicted(pool, &eviction, 0, "key"), 0);
	evict(&eviction, 0);
	ck_assert_int_eq(taskpool_key_resume(pool, "key", 3), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", tally_job, &ran), 0);
	ck_assert_int_eq(taskpool_key_wait(pool, "key", 3, 5 * MILLISECOND), -ETIMEDOUT);
	ck_assert_uint_eq(tally_read(&ran), 0);
	finish(&eviction, 1);
	tally_wait(&ran, 1);
	taskpool_free(pool);
}
END_TEST

/* Among those that end and the one that runs. */
START_TEST(of_a_key_no_more_than_one_is_said_to_run)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_key_stats stats = { .size = sizeof(stats) };
	struct eviction eviction;
	struct gate running;

	gate_init(&running);
	gate_init(&eviction.gate);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &running), 0);
	tally_wait(&running.entered, 1);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(submit_evicted(pool, &eviction, i, "key"), 0);
		evict(&eviction, i);
		ck_assert_int_eq(taskpool_key_stats(pool, "key", 3, &stats), 0);
		ck_assert_uint_eq(stats.running, 1);
	}
	gate_open(&running);
	finish(&eviction, 3);
	ck_assert_int_eq(taskpool_key_wait(pool, "key", 3, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_key_stats(pool, "key", 3, &stats), 0);
	ck_assert_uint_eq(stats.running + stats.queued, 0);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		jobs_that_are_being_ended_take_no_place_in_the_queue,
		the_next_job_of_the_key_waits_for_the_end_of_a_canceled_one,
		of_a_key_no_more_than_one_is_said_to_run,
		NULL,
	};

	return run_suite("evictions", NULL, placed);
}
