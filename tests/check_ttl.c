/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Jobs that expire: at once while a worker idles, else when one is next free, and then they never run.
 */
#include <config.h>

#include <string.h>

#include "probe.h"
#include "suite.h"

#define HOUR (60 * 60 * SECOND)

static struct taskpool_task ttl_task(const char *key, int64_t ttl, taskpool_run_fn *run, struct probe *probe)
{
	struct taskpool_task task = probe_task(key, run, probe);

	task.ttl = ttl;
	return task;
}

static void submit_ttl(struct taskpool *pool, const char *key, int64_t ttl, taskpool_run_fn *run, struct probe *probe)
{
	struct taskpool_task task = ttl_task(key, ttl, run, probe);

	submit_probe_task(pool, &task, NULL);
}

START_TEST(a_job_that_starts_in_time_runs)
{
	static const int64_t ttls[] = { HOUR, INT64_MAX, 2 * DEADLINE };
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_task task;
	struct probe probe;

	for (unsigned i = 0; i < 3 * LENGTH(ttls); i++) {
		task = ttl_task(i % 2 ? "key" : NULL, ttls[i % LENGTH(ttls)], tally_job, &probe);
		task.delay = i < LENGTH(ttls) ? MILLISECOND : 0;
		submit_probe_task(pool, &task, NULL);
		ck_assert_int_eq(probe_await(&probe), TASKPOOL_RAN);
		ck_assert_uint_eq(probe_runs(&probe), 1);
	}
	ck_assert_uint_eq(read_stats(pool).expired, 0);
	taskpool_free(pool);
}
END_TEST

/* `before` jobs, one that expires, and one behind it wait for the one that runs; the other worker idles. */
static void check_expiry_behind(unsigned placement, unsigned before, bool delayed)
{
	struct taskpool *pool = start_pool(2, 0, placement);
	struct probe running, others[5], probe;
	struct taskpool_task task;
	struct taskpool_job *job;
	int64_t begin;

	submit_probe(pool, "key", gate_job, &running, NULL);
	tally_wait(&running.gate.entered, 1);
	for (unsigned i = 0; i < before; i++)
		submit_probe(pool, "key", tally_job, &others[i], NULL);
	task = ttl_task("key", 20 * MILLISECOND, forbidden_job, &probe);
	task.delay = delayed ? HOUR : 0;
	begin = now();
	submit_probe_task(pool, &task, &job);
	submit_probe(pool, "key", tally_job, &others[before], NULL);
	ck_assert_int_eq(probe_await(&probe), TASKPOOL_EXPIRED); /* at once, while the first one still runs */
	ck_assert_int_ge(now() - begin, 20 * MILLISECOND);
	ck_assert_int_eq(taskpool_job_wait(job, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_job_outcome(job), TASKPOOL_EXPIRED);
	ck_assert_int_eq(taskpool_job_cancel(job), -EALREADY);
	ck_assert_int_eq(probe_outcome(&running), 0);
	for (unsigned i = 0; i <= before; i++)
		ck_assert_int_eq(probe_outcome(&others[i]), 0);
	ck_assert_uint_eq(read_stats(pool).expired, 1);
	ck_assert_uint_eq(read_stats(pool).queued, before + 1);
	gate_open(&running.gate);
	for (unsigned i = 0; i <= before; i++)
		ck_assert_int_eq(probe_await(&others[i]), TASKPOOL_RAN);
	taskpool_job_unref(job);
	taskpool_free(pool);
}

START_TEST(a_job_expires_at_once_while_a_worker_idles)
{
	for (unsigned before = 0; before < 5; before += 2) {
		check_expiry_behind((unsigned)_i, before, false);
		check_expiry_behind((unsigned)_i, before, true);
	}
}
END_TEST

START_TEST(a_job_of_an_idle_pool_expires)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_task task;
	struct probe probes[4];

	ck_assert_int_eq(taskpool_key_pause(pool, "paused", 6), 0);
	for (unsigned i = 0; i < 4; i++) {
		task = ttl_task(i < 2 ? "paused" : i == 2 ? "key" : NULL, 10 * MILLISECOND, forbidden_job, &probes[i]);
		task.delay = i < 2 ? 0 : i == 2 ? INT64_MAX : HOUR;
		submit_probe_task(pool, &task, NULL);
	}
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(probe_await(&probes[i]), TASKPOOL_EXPIRED);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(read_stats(pool).expired, 4);
	ck_assert_uint_eq(read_stats(pool).keys_active + read_stats(pool).queued, 0);
	taskpool_free(pool);
}
END_TEST

static void expect_expired(struct taskpool_context *context, void *probe)
{
	(void)context;
	expect(probe_outcome(probe) == TASKPOOL_EXPIRED);
}

/* The only worker is busy until after the ttl. What starts next finds the job ended, wherever that waited. */
static void check_expiry_while_busy(unsigned placement, const char *key, const char *next, bool behind)
{
	struct taskpool *pool = start_pool(1, 0, placement);
	struct probe running, probe;

	submit_probe(pool, "key", gate_job, &running, NULL);
	tally_wait(&running.gate.entered, 1);
	gate_init(&probe.gate); /* expect_expired looks at it from the first submit on */
	tally_init(&probe.ended);
	if (behind)
		ck_assert_int_eq(taskpool_submit(pool, next, expect_expired, &probe), 0);
	submit_ttl(pool, key, MILLISECOND, forbidden_job, &probe);
	if (!behind)
		ck_assert_int_eq(taskpool_submit(pool, next, expect_expired, &probe), 0);
	pass(now(), 2 * MILLISECOND);
	gate_open(&running.gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(probe_outcome(&probe), TASKPOOL_EXPIRED);
	taskpool_free(pool);
}

START_TEST(a_job_that_expired_ends_when_a_worker_is_next_free)
{
	static const char *const keys[] = { "key", "other", NULL };

	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < 3; j++) {
			check_expiry_while_busy((unsigned)_i, keys[i], keys[j], false);
			check_expiry_while_busy((unsigned)_i, keys[i], keys[j], true);
		}
}
END_TEST

START_TEST(a_job_that_expires_before_the_start_never_runs)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct probe probes[3], other;

	for (unsigned i = 0; i < 3; i++)
		submit_ttl(pool, i ? "key" : NULL, MILLISECOND, forbidden_job, &probes[i]);
	submit_probe(pool, "key", tally_job, &other, NULL);
	pass(now(), 2 * MILLISECOND);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_EXPIRED);
	ck_assert_int_eq(probe_outcome(&other), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(the_earlier_of_delay_and_ttl_counts)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct probe expires[2], runs[2];
	struct taskpool_task task;

	for (unsigned i = 0; i < 2; i++) {
		const char *key = i ? "key" : NULL;

		task = ttl_task(key, 10 * MILLISECOND, forbidden_job, &expires[i]);
		task.delay = 30 * MILLISECOND;
		submit_probe_task(pool, &task, NULL);
		task = ttl_task(key, HOUR, tally_job, &runs[i]);
		task.delay = 30 * MILLISECOND;
		submit_probe_task(pool, &task, NULL);
	}
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(probe_await(&expires[i]), TASKPOOL_EXPIRED);
		ck_assert_int_eq(probe_await(&runs[i]), TASKPOOL_RAN);
	}
	taskpool_free(pool);
}
END_TEST

static int submit_one(void *pool)
{
	return taskpool_submit(pool, "other", nothing_job, NULL);
}

START_TEST(a_job_that_expired_makes_room)
{
	struct taskpool *pool = start_pool(1, 1, (unsigned)_i);
	struct probe probe;
	struct call call;

	ck_assert_int_eq(taskpool_key_pause(pool, "paused", 6), 0);
	submit_ttl(pool, "paused", 50 * MILLISECOND, forbidden_job, &probe);
	call_begin(&call, submit_one, pool);
	ck_assert_int_eq(call_end(&call), 0);
	ck_assert_int_eq(probe_await(&probe), TASKPOOL_EXPIRED);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

static struct probe held;

static void expect_held_ended(struct taskpool_context *context, void *probe)
{
	expect(probe_outcome(&held) == TASKPOOL_EXPIRED);
	tally_job(context, probe);
}

START_TEST(the_next_job_waits_for_the_end_of_an_expired_one)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_task task;
	struct probe behind;
	char key[32];

	key_at(key, "key", pool, 0);
	ck_assert_int_eq(taskpool_key_pause(pool, key, strlen(key)), 0);
	task = ttl_task(key, MILLISECOND, forbidden_job, &held);
	task.end = held_probe_end;
	submit_probe_task(pool, &task, NULL);
	submit_probe(pool, key, expect_held_ended, &behind, NULL);
	tally_wait(&held.gate.entered, 1);
	ck_assert_int_eq(taskpool_key_resume(pool, key, strlen(key)), 0);
	if (_i == TASKPOOL_FLOATING)
		run_others(pool, 0);
	ck_assert_int_eq(taskpool_key_wait(pool, key, strlen(key), 10 * MILLISECOND), -ETIMEDOUT);
	ck_assert_uint_eq(probe_runs(&behind), 0);
	ck_assert_uint_eq(read_stats(pool).running, 1);
	gate_open(&held.gate);
	ck_assert_int_eq(probe_await(&behind), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(stop_is_faster_than_a_long_ttl)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct probe probes[6];

	for (unsigned i = 0; i < 6; i++)
		submit_ttl(pool, i % 2 ? "key" : NULL, HOUR, forbidden_job, &probes[i]);
	taskpool_free(pool);
	for (unsigned i = 0; i < 6; i++)
		ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_CANCELED);
}
END_TEST

#define MANY 2000

/* Jobs whose ttl is over at about the time when it is their turn. */
static void check_many(struct taskpool *pool, uint64_t *seed)
{
	static struct probe probes[MANY];
	unsigned expired = 0;

	for (unsigned i = 0; i < MANY; i++) {
		static const char *const keys[] = { "a", "b", "c", "d", NULL };
		struct taskpool_task task = ttl_task(keys[random_below(seed, 5)], 0, tally_job, &probes[i]);

		task.ttl = 1 + random_below(seed, 2) * (random_below(seed, 3000) * MILLISECOND / 1000);
		task.delay = random_below(seed, 4) ? 0 : random_below(seed, 2000) * MILLISECOND / 1000;
		submit_probe_task(pool, &task, NULL);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < MANY; i++) {
		int outcome = probe_outcome(&probes[i]);

		expect(outcome == TASKPOOL_RAN || outcome == TASKPOOL_EXPIRED);
		expect(probe_runs(&probes[i]) == (outcome == TASKPOOL_RAN ? 1 : 0));
		expired += outcome == TASKPOOL_EXPIRED;
	}
	ck_assert_uint_eq(read_stats(pool).expired, expired);
	ck_assert_uint_eq(read_stats(pool).ran, MANY - expired);
	ck_assert_uint_eq(read_stats(pool).keys_active, 0);
	taskpool_free(pool);
}

START_TEST(a_job_either_runs_or_expires)
{
	uint64_t seed = test_seed();

	for (unsigned round = 0; round < 4; round++) {
		check_many(start_pool(1 + round, MANY, (unsigned)_i), &seed);
		check_many(start_pool(1 + round, 10, (unsigned)_i), &seed);
	}
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_job_that_starts_in_time_runs,
		a_job_expires_at_once_while_a_worker_idles,
		a_job_of_an_idle_pool_expires,
		a_job_that_expired_ends_when_a_worker_is_next_free,
		a_job_that_expires_before_the_start_never_runs,
		the_earlier_of_delay_and_ttl_counts,
		a_job_that_expired_makes_room,
		the_next_job_waits_for_the_end_of_an_expired_one,
		stop_is_faster_than_a_long_ttl,
		a_job_either_runs_or_expires,
		NULL,
	};

	return run_suite("ttl", NULL, placed);
}
