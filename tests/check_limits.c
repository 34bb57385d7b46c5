/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * key_interval and taskpool_key_limit: no more starts of a key than that, and no worker that waits for it.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"
#include "suite.h"

#define HOUR (60 * 60 * SECOND)

static struct taskpool *make_limited(unsigned workers, int64_t interval, unsigned burst, unsigned placement)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = workers;
	options.queue_capacity = 4000;
	options.placement = placement;
	options.key_interval = interval;
	options.key_burst = burst;
	expect(taskpool_new_with(&pool, &options) == 0);
	return pool;
}

static struct taskpool *start_limited(unsigned workers, int64_t interval, unsigned burst, unsigned placement)
{
	struct taskpool *pool = make_limited(workers, interval, burst, placement);

	expect(taskpool_start(pool) == 0);
	return pool;
}

static int limit_key(struct taskpool *pool, const char *key, int64_t interval, unsigned burst)
{
	return taskpool_key_limit(pool, key, strlen(key), interval, burst);
}

/*
 * The starts of one key. A job can only note a time after its start. So a start lies between the end of the job before
 * it and that time, and what follows from these two is checked.
 */
struct starts {
	int64_t begin; /* before the first submit */
	unsigned count;
	int64_t seen[64], ended[64];
};

static void note_start(struct taskpool_context *context, void *arg)
{
	struct starts *starts = arg;

	(void)context;
	expect(starts->count < LENGTH(starts->seen));
	starts->seen[starts->count] = now();
	starts->ended[starts->count++] = now();
}

static void check_starts(const struct starts *starts, unsigned count, int64_t interval, unsigned burst)
{
	expect(starts->count == count);
	for (unsigned i = burst; i < count; i++) {
		unsigned first = i - burst; /* between its start and that of i lies an interval, at least */

		expect(starts->seen[i] - (first ? starts->ended[first - 1] : starts->begin) >= interval);
		expect(starts->seen[i] - starts->begin >= (i - burst + 1) * interval);
	}
}

static void submit_starts(struct taskpool *pool, const char *key, struct starts *starts, unsigned count)
{
	*starts = (struct starts){ .begin = now() };
	for (unsigned i = 0; i < count; i++)
		expect(taskpool_submit(pool, key, note_start, starts) == 0);
}

START_TEST(starts_of_a_key_keep_their_distance)
{
	static const struct {
		int64_t interval;
		unsigned burst;
	} limits[] = { { 5 * MILLISECOND, 0 }, { 5 * MILLISECOND, 1 }, { 10 * MILLISECOND, 3 }, { 1, 1 }, { 100, 7 } };

	for (unsigned i = 0; i < LENGTH(limits); i++)
		for (unsigned by_key = 0; by_key < 2; by_key++) {
			unsigned burst = limits[i].burst ? limits[i].burst : 1;
			struct taskpool *pool = start_limited(2, by_key ? 0 : limits[i].interval,
							      by_key ? 0 : limits[i].burst, (unsigned)_i);
			struct starts starts;

			if (by_key)
				ck_assert_int_eq(limit_key(pool, "key", limits[i].interval, limits[i].burst), 0);
			submit_starts(pool, "key", &starts, 15);
			ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
			check_starts(&starts, 15, limits[i].interval, burst);
			taskpool_free(pool);
		}
}
END_TEST

/* With an interval that does not pass here as many jobs start as the burst allows, and no more. */
static void check_held(struct taskpool *pool, const char *key, struct tally *ran, unsigned started, unsigned held)
{
	tally_wait(ran, started);
	run_others(pool, 0);
	run_others(pool, 0);
	ck_assert_uint_eq(tally_read(ran), started);
	ck_assert_uint_eq(read_key_stats(pool, key).queued, held);
	ck_assert_uint_eq(read_key_stats(pool, key).running, 0);
}

static void submit_tallies(struct taskpool *pool, const char *key, struct tally *ran, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(taskpool_submit(pool, key, tally_job, ran), 0);
}

START_TEST(a_burst_starts_at_once_and_the_rest_holds_no_worker)
{
	static const int64_t intervals[] = { HOUR, INT64_MAX, INT64_MAX / 2 };

	for (unsigned i = 0; i < LENGTH(intervals); i++)
		for (unsigned burst = 0; burst < 4; burst++) {
			struct taskpool *pool = start_limited(1, 0, 0, (unsigned)_i);
			struct tally ran;

			tally_init(&ran);
			ck_assert_int_eq(limit_key(pool, "key", intervals[i], burst), 0);
			submit_tallies(pool, "key", &ran, 6);
			check_held(pool, "key", &ran, burst ? burst : 1, burst ? 6 - burst : 5);
			ck_assert_int_eq(taskpool_key_wait(pool, "key", 3, MILLISECOND), -ETIMEDOUT);
			taskpool_free(pool);
		}
}
END_TEST

START_TEST(a_new_limit_starts_with_a_full_burst)
{
	struct taskpool *pool = start_limited(1, 0, 0, (unsigned)_i);
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(limit_key(pool, "key", HOUR, 2), 0);
	submit_tallies(pool, "key", &ran, 20);
	check_held(pool, "key", &ran, 2, 18);
	ck_assert_int_eq(limit_key(pool, "key", HOUR, 3), 0); /* and those that wait notice */
	check_held(pool, "key", &ran, 5, 15);
	ck_assert_int_eq(limit_key(pool, "other", HOUR, 5), 0);
	check_held(pool, "key", &ran, 5, 15);
	ck_assert_int_eq(limit_key(pool, "key", 1, 1), 0);
	tally_wait(&ran, 20);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(an_interval_of_zero_lifts_the_limit)
{
	struct taskpool *pool = start_limited(1, 0, 0, (unsigned)_i);
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(limit_key(pool, "never seen", 0, 0), 0);
	ck_assert_int_eq(limit_key(pool, "key", HOUR, 1), 0);
	submit_tallies(pool, "key", &ran, 10);
	check_held(pool, "key", &ran, 1, 9);
	ck_assert_int_eq(limit_key(pool, "key", 0, 5), 0);
	tally_wait(&ran, 10);
	submit_tallies(pool, "key", &ran, 10);
	tally_wait(&ran, 20);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_key_may_have_a_limit_of_its_own)
{
	struct taskpool *pool = start_limited(1, HOUR, 4, (unsigned)_i);
	struct tally own, pools;

	tally_init(&own);
	tally_init(&pools);
	ck_assert_int_eq(limit_key(pool, "own", 1, 1), 0);
	submit_tallies(pool, "own", &own, 10);
	submit_tallies(pool, "pool's", &pools, 10);
	submit_tallies(pool, NULL, &own, 10); /* no key, no limit */
	tally_wait(&own, 20);
	tally_wait(&pools, 4);
	ck_assert_uint_eq(read_key_stats(pool, "pool's").queued, 6);
	ck_assert_int_eq(limit_key(pool, "own", 0, 0), 0); /* back to the pool's, whose burst it may have */
	submit_tallies(pool, "own", &own, 10);
	for (unsigned i = 0; i < 3; i++)
		run_others(pool, 0);
	ck_assert_uint_le(tally_read(&own), 24);
	ck_assert_uint_ge(read_key_stats(pool, "own").queued, 6);
	ck_assert_uint_eq(tally_read(&pools), 4);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_limit_is_remembered_while_the_key_idles)
{
	struct taskpool *pool = start_limited(1, HOUR, 1, (unsigned)_i);
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(limit_key(pool, "own", HOUR, 2), 0);
	submit_tallies(pool, "key", &ran, 1);
	submit_tallies(pool, "own", &ran, 1);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < 500; i++) {
		char key[32];

		snprintf(key, sizeof(key), "%u", i);
		ck_assert_int_eq(taskpool_submit(pool, key, nothing_job, NULL), 0);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	submit_tallies(pool, "key", &ran, 1);
	submit_tallies(pool, "own", &ran, 2);
	tally_wait(&ran, 3);
	ck_assert_int_eq(taskpool_submit(pool, NULL, nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, 20 * MILLISECOND), -ETIMEDOUT);
	ck_assert_uint_eq(tally_read(&ran), 3);
	ck_assert_uint_eq(read_key_stats(pool, "key").queued, 1);
	ck_assert_uint_eq(read_key_stats(pool, "own").queued, 1);
	taskpool_free(pool);
}
END_TEST

START_TEST(the_interval_holds_between_jobs_that_come_alone)
{
	struct taskpool *pool = start_limited(2, 10 * MILLISECOND, 1, (unsigned)_i);
	struct starts starts = { .begin = now() };

	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(taskpool_submit(pool, "key", note_start, &starts), 0);
		ck_assert_int_eq(taskpool_key_wait(pool, "key", 3, TASKPOOL_FOREVER), 0);
		ck_assert_int_eq(taskpool_submit(pool, "other", nothing_job, NULL), 0);
	}
	check_starts(&starts, 10, 10 * MILLISECOND, 1);
	taskpool_free(pool);
}
END_TEST

#define KEYS 1000

START_TEST(a_thousand_limited_keys_run)
{
	struct starts *starts = calloc(KEYS, sizeof(*starts));
	struct taskpool *pool = start_limited(4, 20 * MILLISECOND, 1, (unsigned)_i);
	char key[32];

	ck_assert_ptr_nonnull(starts);
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		if (i % 10 == 0)
			expect(limit_key(pool, key, 25 * MILLISECOND, 2) == 0);
		submit_starts(pool, key, &starts[i], 4);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < KEYS; i++)
		check_starts(&starts[i], 4, (i % 10 ? 20 : 25) * MILLISECOND, i % 10 ? 1 : 2);
	ck_assert_uint_eq(read_stats(pool).keys_active, 0);
	taskpool_free(pool);
	free(starts);
}
END_TEST

START_TEST(held_jobs_are_canceled_and_expire_as_others_do)
{
	struct taskpool *pool = start_limited(1, HOUR, 1, (unsigned)_i);
	struct probe first, canceled, expires, last;
	struct taskpool_task task;
	struct taskpool_job *job;

	submit_probe(pool, "key", tally_job, &first, NULL);
	ck_assert_int_eq(probe_await(&first), TASKPOOL_RAN);
	submit_probe(pool, "key", forbidden_job, &canceled, &job);
	task = probe_task("key", forbidden_job, &expires);
	task.ttl = 20 * MILLISECOND;
	submit_probe_task(pool, &task, NULL);
	submit_probe(pool, "key", forbidden_job, &last, NULL);
	ck_assert_int_eq(taskpool_job_cancel(job), 0);
	ck_assert_int_eq(probe_await(&expires), TASKPOOL_EXPIRED);
	ck_assert_int_eq(probe_outcome(&canceled), TASKPOOL_CANCELED);
	ck_assert_int_eq(probe_outcome(&last), 0);
	ck_assert_int_eq(taskpool_shutdown(pool, 10 * MILLISECOND, TASKPOOL_FOREVER, NULL), 0);
	ck_assert_int_eq(probe_outcome(&last), TASKPOOL_CANCELED);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

START_TEST(canceled_jobs_use_up_no_start)
{
	struct taskpool *pool = make_limited(1, HOUR, 1, (unsigned)_i);
	struct probe canceled, probe;

	submit_probe(pool, "key", forbidden_job, &canceled, NULL);
	ck_assert_int_eq(taskpool_key_cancel(pool, "key", 3), 1);
	ck_assert_int_eq(probe_outcome(&canceled), TASKPOOL_CANCELED);
	submit_probe(pool, "key", tally_job, &probe, NULL);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(probe_await(&probe), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_paused_and_limited_key_obeys_both)
{
	struct taskpool *pool = start_limited(1, 0, 0, (unsigned)_i);
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(limit_key(pool, "key", HOUR, 2), 0);
	ck_assert_int_eq(taskpool_key_pause(pool, "key", 3), 0);
	submit_tallies(pool, "key", &ran, 5);
	check_held(pool, "key", &ran, 0, 5);
	ck_assert_int_eq(taskpool_key_resume(pool, "key", 3), 0);
	check_held(pool, "key", &ran, 2, 3);
	ck_assert_int_eq(taskpool_key_pause(pool, "key", 3), 0);
	ck_assert_int_eq(limit_key(pool, "key", HOUR, 2), 0);
	check_held(pool, "key", &ran, 2, 3);
	ck_assert_int_eq(taskpool_key_resume(pool, "key", 3), 0);
	check_held(pool, "key", &ran, 4, 1);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		starts_of_a_key_keep_their_distance,
		a_burst_starts_at_once_and_the_rest_holds_no_worker,
		a_new_limit_starts_with_a_full_burst,
		an_interval_of_zero_lifts_the_limit,
		a_key_may_have_a_limit_of_its_own,
		a_limit_is_remembered_while_the_key_idles,
		the_interval_holds_between_jobs_that_come_alone,
		a_thousand_limited_keys_run,
		held_jobs_are_canceled_and_expire_as_others_do,
		canceled_jobs_use_up_no_start,
		a_paused_and_limited_key_obeys_both,
		NULL,
	};

	return run_suite("limits", NULL, placed);
}
