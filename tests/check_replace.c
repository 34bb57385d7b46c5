/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * TASKPOOL_REPLACE: the newest waiting job of the key makes way, if it may.
 */
#include <config.h>

#include <string.h>

#include "probe.h"
#include "suite.h"

#define HOUR (60 * 60 * SECOND)

static struct taskpool_task replace_task(const char *key, taskpool_run_fn *run, struct probe *probe)
{
	struct taskpool_task task = probe_task(key, run, probe);

	task.flags = TASKPOOL_REPLACE;
	task.timeout = 0;
	return task;
}

static void submit_replace(struct taskpool *pool, const char *key, taskpool_run_fn *run, struct probe *probe)
{
	struct taskpool_task task = replace_task(key, run, probe);

	submit_probe_task(pool, &task, NULL);
}

static void expect_outcomes(struct probe *probes, unsigned count, const int *outcomes)
{
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(probe_outcome(&probes[i]), outcomes[i]);
}

START_TEST(the_newest_waiting_job_is_replaced)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	struct taskpool_stats stats;
	struct probe probes[10];

	for (unsigned i = 0; i < LENGTH(probes); i++) {
		submit_replace(pool, i % 2 ? "" : "key", i < 8 ? forbidden_job : tally_job, &probes[i]);
		if (i < 2)
			continue;
		ck_assert_int_eq(probe_outcome(&probes[i - 2]), TASKPOOL_REPLACED); /* before submit returned */
		ck_assert(pthread_equal(probes[i - 2].ended_by, pthread_self()));
	}
	stats = read_stats(pool);
	ck_assert_uint_eq(stats.submitted, 10);
	ck_assert_uint_eq(stats.replaced, 8);
	ck_assert_uint_eq(stats.queued, 2);
	ck_assert_int_eq(taskpool_start(pool), 0);
	for (unsigned i = 8; i < LENGTH(probes); i++)
		ck_assert_int_eq(probe_await(&probes[i]), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_job_without_the_flag_is_not_replaced_and_replaces_nothing)
{
	static const int outcomes[] = { TASKPOOL_RAN, TASKPOOL_RAN,      TASKPOOL_RAN, TASKPOOL_RAN,
					TASKPOOL_RAN, TASKPOOL_REPLACED, TASKPOOL_RAN };
	static const bool flags[] = { true, false, false, true, false, true, true };
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	struct probe probes[LENGTH(flags)];

	for (unsigned i = 0; i < LENGTH(flags); i++)
		if (flags[i])
			submit_replace(pool, "key", tally_job, &probes[i]);
		else
			submit_probe(pool, "key", tally_job, &probes[i], NULL);
	ck_assert_uint_eq(read_stats(pool).queued, LENGTH(flags) - 1);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	expect_outcomes(probes, LENGTH(flags), outcomes);
	ck_assert_uint_eq(read_stats(pool).replaced, 1);
	taskpool_free(pool);
}
END_TEST

START_TEST(other_keys_are_left_alone)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	static const char *const keys[] = { "", "a", "b", "ab", "a key that is too long to be kept in a record" };
	struct probe probes[LENGTH(keys)], loose;

	submit_probe(pool, NULL, tally_job, &loose, NULL);
	for (unsigned i = 0; i < LENGTH(keys); i++)
		submit_replace(pool, keys[i], tally_job, &probes[i]);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < LENGTH(keys); i++)
		ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_RAN);
	ck_assert_uint_eq(read_stats(pool).replaced, 0);
	taskpool_free(pool);
}
END_TEST

static void submit_note(struct taskpool *pool, unsigned flags, struct note *note, struct taskpool_job **job)
{
	struct taskpool_task task = make_task("key", note_job, note);

	task.flags = flags;
	submit_probe_task(pool, &task, job);
}

START_TEST(the_new_job_takes_the_place_of_the_old_one)
{
	static const unsigned expected[] = { 0, 3, 4, 5, 8 };
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct taskpool_job *job;
	struct journal journal;
	struct note notes[9];

	journal_init(&journal);
	for (unsigned i = 0; i < LENGTH(notes); i++)
		notes[i] = (struct note){ &journal, i };
	submit_note(pool, 0, &notes[0], NULL);
	for (unsigned i = 1; i <= 3; i++)
		submit_note(pool, TASKPOOL_REPLACE, &notes[i], NULL);
	submit_note(pool, 0, &notes[4], NULL);
	submit_note(pool, 0, &notes[5], NULL);
	submit_note(pool, TASKPOOL_REPLACE, &notes[6], NULL);
	submit_note(pool, 0, &notes[7], &job); /* were it not canceled, the next would follow it */
	ck_assert_int_eq(taskpool_job_cancel(job), 0);
	submit_note(pool, TASKPOOL_REPLACE, &notes[8], NULL);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(journal.count, LENGTH(expected));
	for (unsigned i = 0; i < LENGTH(expected); i++)
		ck_assert_uint_eq(journal.entries[i], expected[i]);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

START_TEST(the_running_job_is_not_replaced)
{
	static const int outcomes[] = { TASKPOOL_RAN, TASKPOOL_REPLACED, TASKPOOL_RAN };
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct probe probes[3];

	submit_replace(pool, "key", gate_job, &probes[0]);
	tally_wait(&probes[0].gate.entered, 1);
	submit_replace(pool, "key", forbidden_job, &probes[1]);
	submit_replace(pool, "key", tally_job, &probes[2]);
	gate_open(&probes[0].gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	expect_outcomes(probes, 3, outcomes);
	taskpool_free(pool);
}
END_TEST

START_TEST(delayed_jobs_neither_replace_nor_are_replaced)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	struct probe waiting, delayed[2], newest;
	struct taskpool_task task;

	for (unsigned i = 0; i < 2; i++) {
		task = replace_task("key", tally_job, &delayed[i]);
		task.delay = HOUR;
		submit_probe_task(pool, &task, NULL);
		if (i == 0)
			submit_replace(pool, "key", forbidden_job, &waiting);
	}
	ck_assert_int_eq(probe_outcome(&waiting), 0);
	ck_assert_uint_eq(read_key_stats(pool, "key").queued, 3);
	submit_replace(pool, "key", tally_job, &newest); /* the newest that waits in the key's order is `waiting` */
	ck_assert_int_eq(probe_outcome(&waiting), TASKPOOL_REPLACED);
	ck_assert_uint_eq(read_key_stats(pool, "key").queued, 3);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(probe_await(&newest), TASKPOOL_RAN);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(probe_outcome(&delayed[i]), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_job_that_replaces_needs_no_room)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;
	struct probe probes[4];

	for (unsigned by_key = 0; by_key < 2; by_key++) {
		options.workers = 1;
		options.placement = (unsigned)_i;
		options.queue_capacity = by_key ? 100 : 1;
		options.key_capacity = by_key;
		ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
		for (unsigned i = 0; i < 4; i++) {
			submit_replace(pool, "key", i < 3 ? forbidden_job : tally_job, &probes[i]);
			ck_assert_int_eq(submit_timed(pool, "key", forbidden_job, NULL, 0), -EAGAIN);
			ck_assert_uint_eq(read_stats(pool).queued, 1);
		}
		ck_assert_uint_eq(read_stats(pool).overflow, 0);
		ck_assert_int_eq(taskpool_start(pool), 0);
		ck_assert_int_eq(probe_await(&probes[3]), TASKPOOL_RAN);
		taskpool_free(pool);
	}
}
END_TEST

START_TEST(a_job_that_finds_nothing_to_replace_needs_room)
{
	struct taskpool *pool = make_pool(1, 1, (unsigned)_i);
	struct taskpool_task task;
	struct probe probe, refused;

	submit_probe(pool, "key", forbidden_job, &probe, NULL);
	task = replace_task("key", forbidden_job, &refused);
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), -EAGAIN);
	task.key = "other";
	task.key_len = 5;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), -EAGAIN);
	task.timeout = MILLISECOND;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), -ETIMEDOUT);
	task.key = NULL;
	task.key_len = 0;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	task.key = "key";
	task.key_len = 3;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), -ECANCELED);
	ck_assert_int_eq(probe_outcome(&probe), TASKPOOL_CANCELED);
	ck_assert_int_eq(probe_outcome(&refused), 0);
	taskpool_free(pool);
}
END_TEST

static struct probe held;

static void expect_held_ended(struct taskpool_context *context, void *probe)
{
	expect(probe_outcome(&held) == TASKPOOL_REPLACED);
	tally_job(context, probe);
}

static struct taskpool *pool_of_call;
static struct probe replacing;

static int submit_that_replaces(void *arg)
{
	(void)arg;
	submit_replace(pool_of_call, "key", expect_held_ended, &replacing);
	ck_assert_int_eq(probe_outcome(&held), TASKPOOL_REPLACED);
	return 0;
}

START_TEST(the_new_job_starts_when_the_old_one_has_ended)
{
	struct taskpool_task task = replace_task("key", forbidden_job, &held);
	struct call call, cancel;
	struct taskpool_job *job;

	pool_of_call = make_pool(1, 0, (unsigned)_i);
	task.end = held_probe_end;
	submit_probe_task(pool_of_call, &task, &job);
	call_begin(&call, submit_that_replaces, NULL);
	tally_wait(&held.gate.entered, 1);
	ck_assert_int_eq(taskpool_start(pool_of_call), 0);
	run_others(pool_of_call, 0);
	call_begin(&cancel, cancel_job, job);
	ck_assert_int_eq(taskpool_job_outcome(job), 0);
	ck_assert_uint_eq(probe_runs(&replacing), 0);
	gate_open(&held.gate);
	ck_assert_int_eq(call_end(&call), 0);
	ck_assert_int_eq(call_end(&cancel), -EALREADY); /* it did not run, but not because of this call */
	ck_assert_int_eq(probe_await(&replacing), TASKPOOL_RAN);
	ck_assert_int_eq(taskpool_job_outcome(job), TASKPOOL_REPLACED);
	ck_assert_int_eq(taskpool_job_wait(job, 0), 0);
	taskpool_job_unref(job);
	taskpool_free(pool_of_call);
}
END_TEST

#define SUBMITS 5000
#define PRODUCERS 2

/* The state of a key, changed by its jobs alone; and what has ended how. */
static unsigned last_value[PRODUCERS + 1];
static _Atomic unsigned ran, replaced;

struct value {
	unsigned key, value;
};

static void set_value(struct taskpool_context *context, void *arg)
{
	const struct value *value = arg;

	(void)context;
	expect(value->key == PRODUCERS || last_value[value->key] < value->value);
	last_value[value->key] = value->value;
}

static void count_value(void *arg, int outcome)
{
	(void)arg;
	expect(outcome == TASKPOOL_RAN || outcome == TASKPOOL_REPLACED);
	if (outcome == TASKPOOL_RAN)
		ran++;
	else
		replaced++;
}

struct producer {
	struct taskpool *pool;
	unsigned number;
	struct value values[2 * SUBMITS];
};

/* Submits to its own key and to the one that both have. */
static void *produce(void *arg)
{
	struct producer *producer = arg;

	for (unsigned i = 0; i < 2 * SUBMITS; i++) {
		unsigned key = i % 2 ? PRODUCERS : producer->number;
		struct taskpool_task task = make_task(NULL, set_value, &producer->values[i]);

		producer->values[i] = (struct value){ key, i / 2 + 1 };
		task.key = &key;
		task.key_len = sizeof(key);
		task.end = count_value;
		task.flags = TASKPOOL_REPLACE;
		submit_probe_task(producer->pool, &task, NULL);
	}
	return NULL;
}

START_TEST(the_last_value_wins)
{
	static struct producer producers[PRODUCERS];

	for (unsigned round = 0; round < 4; round++) {
		struct taskpool *pool = start_pool(2, round % 2 ? 1 : 0, (unsigned)_i);
		pthread_t threads[PRODUCERS];

		memset(last_value, 0, sizeof(last_value));
		ran = replaced = 0;
		for (unsigned i = 0; i < PRODUCERS; i++) {
			producers[i].pool = pool;
			producers[i].number = i;
			threads[i] = spawn(produce, &producers[i]);
		}
		for (unsigned i = 0; i < PRODUCERS; i++)
			pthread_join(threads[i], NULL);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		ck_assert_uint_eq(ran + replaced, PRODUCERS * 2 * SUBMITS);
		ck_assert_uint_eq(read_stats(pool).ran, ran);
		ck_assert_uint_eq(read_stats(pool).replaced, replaced);
		ck_assert_uint_eq(read_stats(pool).submitted, PRODUCERS * 2 * SUBMITS);
		for (unsigned i = 0; i <= PRODUCERS; i++)
			ck_assert_uint_eq(last_value[i], SUBMITS);
		taskpool_free(pool);
	}
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		the_newest_waiting_job_is_replaced,
		a_job_without_the_flag_is_not_replaced_and_replaces_nothing,
		other_keys_are_left_alone,
		the_new_job_takes_the_place_of_the_old_one,
		the_running_job_is_not_replaced,
		delayed_jobs_neither_replace_nor_are_replaced,
		a_job_that_replaces_needs_no_room,
		a_job_that_finds_nothing_to_replace_needs_room,
		the_new_job_starts_when_the_old_one_has_ended,
		the_last_value_wins,
		NULL,
	};

	return run_suite("replace", NULL, placed);
}
