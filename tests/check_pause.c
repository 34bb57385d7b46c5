/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool_key_pause and taskpool_key_resume: a paused key starts nothing, and is in nobody's way.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "probe.h"
#include "suite.h"

static int pause_key(struct taskpool *pool, const char *key)
{
	return taskpool_key_pause(pool, key, strlen(key));
}

static int resume_key(struct taskpool *pool, const char *key)
{
	return taskpool_key_resume(pool, key, strlen(key));
}

START_TEST(a_key_never_seen_can_be_paused)
{
	static const char *const keys[] = { "key", "", "a key that is far too long to be kept in the record of a job" };

	for (unsigned i = 0; i < LENGTH(keys); i++) {
		struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
		struct probe first, second;

		ck_assert_int_eq(pause_key(pool, keys[i]), 0);
		submit_probe(pool, keys[i], tally_job, &first, NULL);
		submit_probe(pool, keys[i], tally_job, &second, NULL);
		run_others(pool, 0);
		ck_assert_uint_eq(probe_runs(&first), 0);
		ck_assert_uint_eq(read_key_stats(pool, keys[i]).queued, 2);
		ck_assert_uint_eq(read_key_stats(pool, keys[i]).running, 0);
		ck_assert_int_eq(resume_key(pool, keys[i]), 0);
		ck_assert_int_eq(probe_await(&second), TASKPOOL_RAN);
		ck_assert_int_eq(probe_outcome(&first), TASKPOOL_RAN);
		taskpool_free(pool);
	}
}
END_TEST

START_TEST(pauses_nest)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	struct probe probe;

	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(pause_key(pool, "key"), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	submit_probe(pool, "key", tally_job, &probe, NULL);
	for (unsigned i = 0; i < 999; i++) {
		ck_assert_int_eq(resume_key(pool, "key"), 0);
		if (i % 100 == 98)
			run_others(pool, 0);
		expect(probe_runs(&probe) == 0);
	}
	ck_assert_int_eq(resume_key(pool, "key"), 0);
	ck_assert_int_eq(probe_await(&probe), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(what_is_not_paused_cannot_be_resumed)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct probe probe;

	ck_assert_int_eq(resume_key(pool, "never seen"), -EINVAL);
	submit_probe(pool, "key", gate_job, &probe, NULL);
	ck_assert_int_eq(resume_key(pool, "key"), -EINVAL);
	ck_assert_int_eq(pause_key(pool, "key"), 0);
	ck_assert_int_eq(resume_key(pool, "other"), -EINVAL);
	ck_assert_int_eq(resume_key(pool, "key"), 0);
	ck_assert_int_eq(resume_key(pool, "key"), -EINVAL);
	gate_open(&probe.gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(resume_key(pool, "key"), -EINVAL);
	taskpool_free(pool);
}
END_TEST

START_TEST(an_idle_key_stays_paused)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct taskpool_job *job;
	struct probe probe;

	submit_probe(pool, "key", tally_job, &probe, NULL);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(pause_key(pool, "key"), 0);
	for (unsigned i = 0; i < 10; i++) {
		run_others(pool, 0);
		submit_probe(pool, "key", forbidden_job, &probe, i % 2 ? &job : NULL);
		if (i % 2) {
			ck_assert_int_eq(taskpool_job_cancel(job), 0);
			taskpool_job_unref(job);
		} else {
			ck_assert_int_eq(taskpool_key_cancel(pool, "key", 3), 1);
		}
		ck_assert_int_eq(probe_outcome(&probe), TASKPOOL_CANCELED);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	}
	ck_assert_int_eq(resume_key(pool, "key"), 0);
	submit_probe(pool, "key", tally_job, &probe, NULL);
	ck_assert_int_eq(probe_await(&probe), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(the_running_job_goes_on_and_the_next_does_not_start)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct probe running, next;
	struct taskpool_job *job;

	for (unsigned i = 0; i < 2; i++) {
		submit_probe(pool, "key", gate_job, &running, &job);
		tally_wait(&running.gate.entered, 1);
		if (i == 0)
			submit_probe(pool, "key", tally_job, &next, NULL);
		ck_assert_int_eq(pause_key(pool, "key"), 0);
		if (i == 1)
			submit_probe(pool, "key", tally_job, &next, NULL);
		gate_open(&running.gate);
		ck_assert_int_eq(taskpool_job_wait(job, TASKPOOL_FOREVER), 0);
		run_others(pool, 0);
		ck_assert_uint_eq(probe_runs(&next), 0);
		ck_assert_int_eq(resume_key(pool, "key"), 0);
		ck_assert_int_eq(probe_await(&next), TASKPOOL_RAN);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		taskpool_job_unref(job);
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(paused_jobs_take_room)
{
	struct taskpool *pool = start_pool(1, 2, (unsigned)_i);
	struct probe probes[2], other;
	struct taskpool_job *job;

	ck_assert_int_eq(pause_key(pool, "key"), 0);
	submit_probe(pool, "key", forbidden_job, &probes[0], &job);
	submit_probe(pool, "key", tally_job, &probes[1], NULL);
	ck_assert_int_eq(submit_timed(pool, "key", forbidden_job, NULL, 0), -EAGAIN);
	ck_assert_int_eq(submit_timed(pool, "other", forbidden_job, NULL, MILLISECOND), -ETIMEDOUT);
	ck_assert_uint_eq(read_stats(pool).queued, 2);
	ck_assert_int_eq(taskpool_job_cancel(job), 0);
	submit_probe(pool, "other", tally_job, &other, NULL);
	ck_assert_int_eq(probe_await(&other), TASKPOOL_RAN);
	ck_assert_int_eq(resume_key(pool, "key"), 0);
	ck_assert_int_eq(probe_await(&probes[1]), TASKPOOL_RAN);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

START_TEST(stop_ends_paused_jobs)
{
	for (unsigned started = 0; started < 2; started++) {
		struct taskpool *pool = started ? start_pool(2, 0, (unsigned)_i) : make_pool(2, 0, (unsigned)_i);
		struct probe probes[10];

		ck_assert_int_eq(pause_key(pool, "key"), 0);
		ck_assert_int_eq(pause_key(pool, "no jobs"), 0);
		for (unsigned i = 0; i < LENGTH(probes); i++)
			submit_probe(pool, "key", forbidden_job, &probes[i], NULL);
		ck_assert_int_eq(taskpool_shutdown(pool, started ? 20 * MILLISECOND : 0, TASKPOOL_FOREVER, NULL), 0);
		for (unsigned i = 0; i < LENGTH(probes); i++)
			ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_CANCELED);
		taskpool_free(pool);
	}
}
END_TEST

/* Waits for the paused key "key", then has it resumed by another thread and waits for ever. */
static void wait_for_paused(struct taskpool_context *context, void *probe)
{
	struct taskpool *pool = taskpool_context_pool(context);
	char key[32];

	key_at(key, "key", pool, 0);
	ck_assert_int_eq(taskpool_key_wait(pool, key, strlen(key), 0), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_key_wait(pool, key, strlen(key), 20 * MILLISECOND), -ETIMEDOUT);
	tally_add(probe);
	ck_assert_int_eq(taskpool_key_wait(pool, key, strlen(key), TASKPOOL_FOREVER), 0);
}

START_TEST(a_paused_key_is_no_deadlock)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct probe paused, waiter;
	struct taskpool_job *job;
	char keys[2][32];

	key_at(keys[0], "key", pool, 0);
	key_at(keys[1], "waiter", pool, 1);
	ck_assert_int_eq(pause_key(pool, keys[0]), 0);
	submit_probe(pool, keys[0], tally_job, &paused, &job);
	ck_assert_int_eq(taskpool_key_wait(pool, keys[0], strlen(keys[0]), MILLISECOND), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_job_wait(job, MILLISECOND), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_wait(pool, MILLISECOND), -ETIMEDOUT);
	submit_probe(pool, keys[1], wait_for_paused, &waiter, NULL);
	tally_wait(&waiter.gate.entered, 1);
	run_others(pool, 0);
	ck_assert_uint_eq(probe_runs(&paused), 0);
	ck_assert_int_eq(resume_key(pool, keys[0]), 0);
	ck_assert_int_eq(probe_await(&waiter), TASKPOOL_RAN);
	ck_assert_int_eq(probe_outcome(&paused), TASKPOOL_RAN);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

static void pause_own_key(struct taskpool_context *context, void *probe)
{
	ck_assert_int_eq(pause_key(taskpool_context_pool(context), "key"), 0);
	tally_add(probe);
}

static void resume_in_end(void *arg, int outcome)
{
	(void)outcome;
	ck_assert_int_eq(resume_key(arg, "key"), 0);
	ck_assert_int_eq(resume_key(arg, "key"), -EINVAL);
}

START_TEST(jobs_may_pause_and_resume)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct probe first, second;

	for (unsigned i = 0; i < 50; i++) {
		submit_probe(pool, "key", pause_own_key, &first, NULL);
		submit_probe(pool, "key", tally_job, &second, NULL);
		ck_assert_int_eq(probe_await(&first), TASKPOOL_RAN);
		run_others(pool, 0);
		ck_assert_uint_eq(probe_runs(&second), 0);
		ck_assert_int_eq(submit_with_end(pool, "other", nothing_job, resume_in_end, pool), 0);
		ck_assert_int_eq(probe_await(&second), TASKPOOL_RAN);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	}
	taskpool_free(pool);
}
END_TEST

#define KEYS 90
#define ROUNDS 20

static void check_key_ran(struct taskpool *pool, unsigned number, const struct journal *journal)
{
	char key[32];

	snprintf(key, sizeof(key), "%u", number);
	ck_assert_int_eq(taskpool_key_wait(pool, key, strlen(key), TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(journal->count, ROUNDS);
	for (unsigned i = 0; i < ROUNDS; i++)
		expect(journal->entries[i] == i);
}

START_TEST(many_keys_go_on_while_many_are_paused)
{
	static struct note notes[KEYS][ROUNDS];
	static struct journal journals[KEYS];
	struct taskpool *pool = start_pool(4, KEYS * ROUNDS, (unsigned)_i);
	char key[32];

	for (unsigned i = 0; i < KEYS; i++) {
		journal_init(&journals[i]);
		snprintf(key, sizeof(key), "%u", i);
		if (i % 3 == 0)
			ck_assert_int_eq(pause_key(pool, key), 0);
	}
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned i = 0; i < KEYS; i++) {
			notes[i][round] = (struct note){ &journals[i], round };
			snprintf(key, sizeof(key), "%u", i);
			expect(taskpool_submit(pool, key, note_job, &notes[i][round]) == 0);
		}
	for (unsigned i = 0; i < KEYS; i++)
		if (i % 3)
			check_key_ran(pool, i, &journals[i]);
	for (unsigned i = 0; i < KEYS; i += 3) {
		snprintf(key, sizeof(key), "%u", i);
		ck_assert_uint_eq(journals[i].count, 0);
		ck_assert_int_eq(resume_key(pool, key), 0);
		check_key_ran(pool, i, &journals[i]);
	}
	taskpool_free(pool);
}
END_TEST

static _Atomic bool held, done;

static void expect_not_held(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	expect(!held);
}

static void *submit_repeatedly(void *pool)
{
	while (!done)
		expect(taskpool_submit(pool, "key", expect_not_held, NULL) == 0);
	return NULL;
}

START_TEST(no_job_starts_once_pause_has_returned)
{
	struct taskpool *pool = start_pool(3, 10, (unsigned)_i);
	pthread_t thread;

	held = done = false;
	thread = spawn(submit_repeatedly, pool);
	for (unsigned round = 0; round < 200; round++) {
		ck_assert_int_eq(pause_key(pool, "key"), 0);
		while (read_key_stats(pool, "key").running)
			pause_shortly();
		held = true;
		pause_shortly(); /* time for a job that must not start */
		held = false;
		ck_assert_int_eq(resume_key(pool, "key"), 0);
	}
	done = true;
	pthread_join(thread, NULL);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_key_never_seen_can_be_paused,
		pauses_nest,
		what_is_not_paused_cannot_be_resumed,
		an_idle_key_stays_paused,
		the_running_job_goes_on_and_the_next_does_not_start,
		paused_jobs_take_room,
		stop_ends_paused_jobs,
		a_paused_key_is_no_deadlock,
		jobs_may_pause_and_resume,
		many_keys_go_on_while_many_are_paused,
		no_job_starts_once_pause_has_returned,
		NULL,
	};

	return run_suite("pause", NULL, placed);
}
