/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Job handles: waiting for a job, how it ended, and how long a handle lives.
 */
#include <config.h>

#include "probe.h"
#include "suite.h"

static const int64_t timeouts[] = { 0, 1, MILLISECOND, INT64_MAX, TASKPOOL_FOREVER, INT64_MIN };

/* The answers of a job that has ended are always the same. */
static void check_ended(struct taskpool_job *job, int outcome)
{
	for (size_t i = 0; i < LENGTH(timeouts); i++)
		ck_assert_int_eq(taskpool_job_wait(job, timeouts[i]), 0);
	ck_assert_int_eq(taskpool_job_outcome(job), outcome);
	ck_assert_int_eq(taskpool_job_cancel(job), -EALREADY);
	ck_assert_int_eq(taskpool_job_outcome(job), outcome);
}

START_TEST(null_is_no_job)
{
	for (size_t i = 0; i < LENGTH(timeouts); i++)
		ck_assert_int_eq(taskpool_job_wait(NULL, timeouts[i]), -EINVAL);
	ck_assert_int_eq(taskpool_job_cancel(NULL), -EINVAL);
	ck_assert_int_eq(taskpool_job_outcome(NULL), -EINVAL);
	ck_assert_ptr_null(taskpool_job_ref(NULL));
	taskpool_job_unref(NULL);
}
END_TEST

START_TEST(a_job_that_ran_has_ended)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_job *jobs[3];
	struct probe probes[3];

	submit_probe(pool, "key", tally_job, &probes[0], &jobs[0]);
	submit_probe(pool, "", tally_job, &probes[1], &jobs[1]);
	submit_probe(pool, NULL, tally_job, &probes[2], &jobs[2]);
	for (unsigned i = 0; i < LENGTH(jobs); i++) {
		ck_assert_int_eq(taskpool_job_wait(jobs[i], TASKPOOL_FOREVER), 0);
		ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_RAN);
		check_ended(jobs[i], TASKPOOL_RAN);
		taskpool_job_unref(jobs[i]);
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(a_job_that_waits_or_runs_has_no_outcome)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct taskpool_job *job;
	struct probe probe;

	submit_probe(pool, "key", gate_job, &probe, &job);
	ck_assert_int_eq(taskpool_job_outcome(job), 0);
	ck_assert_int_eq(taskpool_job_wait(job, 0), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_start(pool), 0);
	tally_wait(&probe.gate.entered, 1);
	ck_assert_int_eq(taskpool_job_outcome(job), 0);
	ck_assert_int_eq(taskpool_job_wait(job, 0), -ETIMEDOUT);
	gate_open(&probe.gate);
	ck_assert_int_eq(taskpool_job_wait(job, INT64_MAX), 0);
	check_ended(job, TASKPOOL_RAN);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_timed_wait_lasts_as_long_as_it_says)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	struct taskpool_job *job;
	struct probe probe;
	int64_t begin;

	submit_probe(pool, "key", tally_job, &probe, &job);
	begin = now();
	ck_assert_int_eq(taskpool_job_wait(job, 30 * MILLISECOND), -ETIMEDOUT);
	ck_assert_int_ge(now() - begin, 30 * MILLISECOND);
	ck_assert_int_eq(taskpool_job_wait(job, 1), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_job_wait(job, 2 * DEADLINE), 0);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

static int wait_for_job_timed(void *job)
{
	return taskpool_job_wait(job, 2 * DEADLINE);
}

static void begin_waits(struct call calls[4], struct taskpool_job *job)
{
	for (unsigned i = 0; i < 4; i++)
		call_begin(&calls[i], i % 2 ? wait_for_job : wait_for_job_timed, job);
}

static void end_waits(struct call calls[4])
{
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(call_end(&calls[i]), 0);
}

START_TEST(many_waiters_wake_when_the_job_ends)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_job *job;
	struct call calls[4];
	struct probe probe;

	submit_probe(pool, "key", gate_job, &probe, &job);
	tally_wait(&probe.gate.entered, 1);
	begin_waits(calls, job);
	gate_open(&probe.gate);
	end_waits(calls);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

START_TEST(waiters_wake_when_the_job_is_canceled)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct taskpool_job *jobs[2];
	struct probe probes[2];
	struct call calls[2][4];

	for (unsigned i = 0; i < 2; i++) {
		submit_probe(pool, i ? "key" : NULL, forbidden_job, &probes[i], &jobs[i]);
		begin_waits(calls[i], jobs[i]);
	}
	ck_assert_int_eq(taskpool_job_cancel(jobs[0]), 0);
	end_waits(calls[0]);
	ck_assert_int_eq(taskpool_job_outcome(jobs[1]), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	end_waits(calls[1]);
	for (unsigned i = 0; i < 2; i++) {
		check_ended(jobs[i], TASKPOOL_CANCELED);
		taskpool_job_unref(jobs[i]);
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(a_waiter_waits_for_no_other_job)
{
	struct taskpool *pool = start_pool(4, 0, TASKPOOL_FLOATING);
	struct probe first, later, other;
	struct taskpool_job *job;
	struct call call;

	submit_probe(pool, "other", gate_job, &other, NULL);
	submit_probe(pool, "key", gate_job, &first, &job);
	submit_probe(pool, "key", gate_job, &later, NULL);
	call_begin(&call, wait_for_job, job);
	gate_open(&first.gate);
	ck_assert_int_eq(call_end(&call), 0);
	gate_open(&later.gate);
	gate_open(&other.gate);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

/* A job's own handle. It is set before the pool starts. */
static struct taskpool_job *own;
static unsigned plain;

static void look_in_end(void *arg, int outcome)
{
	struct probe *probe = arg;

	expect(taskpool_job_outcome(own) == 0);
	held_probe_end(probe, outcome);
	expect(taskpool_job_outcome(own) == 0);
	plain++; /* what end did is visible to who learns of it */
}

START_TEST(a_job_ends_when_end_has_returned)
{
	for (unsigned round = 0; round < 20; round++) {
		struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
		struct taskpool_task task;
		struct probe probe;
		struct call call;

		task = probe_task(round % 2 ? "key" : NULL, nothing_job, &probe);
		task.end = look_in_end;
		submit_probe_task(pool, &task, &own);
		ck_assert_int_eq(taskpool_start(pool), 0);
		tally_wait(&probe.gate.entered, 1);
		ck_assert_int_eq(taskpool_job_outcome(own), 0);
		ck_assert_int_eq(taskpool_job_wait(own, 0), -ETIMEDOUT);
		ck_assert_int_eq(taskpool_job_wait(own, MILLISECOND), -ETIMEDOUT);
		call_begin(&call, wait_for_job, own);
		gate_open(&probe.gate);
		ck_assert_int_eq(call_end(&call), 0);
		expect(plain == round + 1);
		check_ended(own, TASKPOOL_RAN);
		taskpool_job_unref(own);
		taskpool_free(pool);
	}
}
END_TEST

static void ask_about_itself(struct taskpool_context *context, void *probe)
{
	for (size_t i = 0; i < LENGTH(timeouts); i++)
		ck_assert_int_eq(taskpool_job_wait(own, timeouts[i]), -EDEADLK);
	ck_assert_int_eq(taskpool_job_outcome(own), 0);
	ck_assert(!taskpool_context_canceled(context));
	tally_add(probe);
}

START_TEST(a_job_cannot_wait_for_itself)
{
	for (unsigned i = 0; i < 2; i++) {
		struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
		struct probe probe;

		submit_probe(pool, i ? "key" : NULL, ask_about_itself, &probe, &own);
		ck_assert_int_eq(taskpool_start(pool), 0);
		ck_assert_int_eq(taskpool_job_wait(own, TASKPOOL_FOREVER), 0);
		ck_assert_uint_eq(probe_runs(&probe), 1);
		taskpool_job_unref(own);
		taskpool_free(pool);
	}
}
END_TEST

static void wait_for_the_other(struct taskpool_context *context, void *job)
{
	(void)context;
	ck_assert_int_eq(taskpool_job_wait(job, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_job_outcome(job), TASKPOOL_RAN);
}

START_TEST(a_job_may_wait_for_a_job_of_another_key)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	char keys[2][32];

	for (unsigned i = 0; i < 2; i++)
		key_at(keys[i], "key", pool, i);
	for (unsigned round = 0; round < 200; round++) {
		struct taskpool_job *job;
		struct probe probe;

		submit_probe(pool, keys[round % 2], tally_job, &probe, &job);
		ck_assert_int_eq(taskpool_submit(pool, keys[1 - round % 2], wait_for_the_other, job), 0);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		taskpool_job_unref(job);
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(a_handle_that_was_released_leaves_the_job_alone)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct taskpool_job *job;
	struct probe probes[20];

	for (unsigned i = 0; i < LENGTH(probes); i++) {
		submit_probe(pool, i % 2 ? "key" : NULL, tally_job, &probes[i], &job);
		taskpool_job_unref(job);
	}
	ck_assert_int_eq(taskpool_start(pool), 0);
	for (unsigned i = 0; i < LENGTH(probes); i++)
		ck_assert_int_eq(probe_await(&probes[i]), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(each_reference_keeps_the_handle)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_job *job;
	struct probe probe;

	submit_probe(pool, "key", gate_job, &probe, &job);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_ptr_eq(taskpool_job_ref(job), job);
	for (unsigned i = 0; i < 50; i++)
		taskpool_job_unref(job);
	gate_open(&probe.gate);
	ck_assert_int_eq(taskpool_job_wait(job, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < 50; i++)
		taskpool_job_unref(job);
	check_ended(job, TASKPOOL_RAN);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

static void release_own(struct taskpool_context *context, void *probe)
{
	tally_job(context, probe);
	taskpool_job_unref(own);
}

static void release_own_in_end(void *probe, int outcome)
{
	taskpool_job_unref(own);
	probe_end(probe, outcome);
}

START_TEST(the_last_reference_may_go_inside_the_job)
{
	for (unsigned i = 0; i < 3; i++) {
		struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
		struct taskpool_task task;
		struct probe probe;

		task = probe_task("key", i == 0 ? release_own : nothing_job, &probe);
		if (i != 0)
			task.end = release_own_in_end;
		submit_probe_task(pool, &task, &own);
		if (i == 2) {
			ck_assert_int_eq(taskpool_job_cancel(own), 0);
			ck_assert_int_eq(probe_outcome(&probe), TASKPOOL_CANCELED);
		}
		ck_assert_int_eq(taskpool_start(pool), 0);
		ck_assert_int_eq(probe_await(&probe), i == 2 ? TASKPOOL_CANCELED : TASKPOOL_RAN);
		taskpool_free(pool);
	}
}
END_TEST

START_TEST(a_handle_outlives_the_pool)
{
	struct taskpool *started = start_pool(2, 0, (unsigned)_i), *never = make_pool(2, 0, (unsigned)_i);
	struct taskpool_job *jobs[5];
	struct probe probes[5];

	submit_probe(started, "a", gate_job, &probes[0], &jobs[0]);
	tally_wait(&probes[0].gate.entered, 1);
	submit_probe(started, "a", forbidden_job, &probes[1], &jobs[1]);
	submit_probe(never, "a", forbidden_job, &probes[2], &jobs[2]);
	submit_probe(never, NULL, forbidden_job, &probes[3], &jobs[3]);
	submit_probe(started, "b", sleeper_job, &probes[4], &jobs[4]);
	tally_wait(&probes[4].gate.entered, 1);
	ck_assert_int_eq(taskpool_request_stop(started), 0);
	check_ended(jobs[1], TASKPOOL_CANCELED);
	gate_open(&probes[0].gate);
	ck_assert_int_eq(taskpool_stop(started), 0);
	check_ended(jobs[0], TASKPOOL_RAN);
	taskpool_free(started);
	taskpool_free(never);
	for (unsigned i = 0; i < LENGTH(jobs); i++) {
		check_ended(jobs[i], i == 0 || i == 4 ? TASKPOOL_RAN : TASKPOOL_CANCELED);
		ck_assert_ptr_eq(taskpool_job_ref(jobs[i]), jobs[i]);
		taskpool_job_unref(jobs[i]);
		taskpool_job_unref(jobs[i]);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = { null_is_no_job, a_waiter_waits_for_no_other_job, NULL };
	const TTest *placed[] = {
		a_job_that_ran_has_ended,
		a_job_that_waits_or_runs_has_no_outcome,
		a_timed_wait_lasts_as_long_as_it_says,
		many_waiters_wake_when_the_job_ends,
		waiters_wake_when_the_job_is_canceled,
		a_job_ends_when_end_has_returned,
		a_job_cannot_wait_for_itself,
		a_job_may_wait_for_a_job_of_another_key,
		a_handle_that_was_released_leaves_the_job_alone,
		each_reference_keeps_the_handle,
		the_last_reference_may_go_inside_the_job,
		a_handle_outlives_the_pool,
		NULL,
	};

	return run_suite("handles", tests, placed);
}
