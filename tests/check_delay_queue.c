/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Delayed jobs are queued jobs: they take room, are waited for, and end when the pool stops.
 */
#include <config.h>

#include "probe.h"
#include "suite.h"

#define HOUR (60 * 60 * SECOND)

static struct taskpool_task delay_task(const char *key, int64_t delay, struct probe *probe)
{
	struct taskpool_task task = probe_task(key, tally_job, probe);

	task.delay = delay;
	return task;
}

static int try_delayed(struct taskpool *pool, const char *key, int64_t timeout)
{
	struct taskpool_task task = make_task(key, forbidden_job, NULL);

	task.timeout = timeout;
	task.delay = HOUR;
	return taskpool_submit_task(pool, &task, NULL);
}

START_TEST(delayed_jobs_take_room)
{
	struct taskpool *pool = start_pool(1, 3, (unsigned)_i);
	struct taskpool_worker_stats stats = { .size = sizeof(stats) };
	struct taskpool_job *job;
	struct taskpool_task task;
	struct probe probe;

	task = delay_task("key", HOUR, &probe);
	submit_probe_task(pool, &task, &job);
	ck_assert_int_eq(try_delayed(pool, "key", 0), 0);
	ck_assert_int_eq(try_delayed(pool, NULL, 0), 0);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(try_delayed(pool, "key", 0), -EAGAIN);
		ck_assert_int_eq(try_delayed(pool, "other", MILLISECOND), -ETIMEDOUT);
		ck_assert_int_eq(try_delayed(pool, NULL, 0), -EAGAIN);
		ck_assert_int_eq(submit_timed(pool, "key", forbidden_job, NULL, 0), -EAGAIN);
		ck_assert_int_eq(submit_timed(pool, NULL, forbidden_job, NULL, MILLISECOND), -ETIMEDOUT);
		ck_assert_uint_eq(read_stats(pool).queued, 3);
		ck_assert_int_eq(taskpool_worker_stats(pool, 0, &stats), 0);
		ck_assert_uint_eq(stats.queued, 3);
		if (i == 1)
			continue;
		ck_assert_int_eq(taskpool_job_cancel(job), 0);
		ck_assert_uint_eq(read_stats(pool).queued, 2);
		run_others(pool, 0);
		ck_assert_int_eq(try_delayed(pool, "other", 0), 0);
	}
	ck_assert_uint_eq(read_stats(pool).keys_active, 2);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

START_TEST(delayed_jobs_take_room_of_their_key)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = 1;
	options.key_capacity = 2;
	options.placement = (unsigned)_i;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(try_delayed(pool, "key", 0), 0);
		ck_assert_int_eq(try_delayed(pool, "", 0), 0);
	}
	ck_assert_int_eq(try_delayed(pool, "key", 0), -EAGAIN);
	ck_assert_int_eq(submit_timed(pool, "key", forbidden_job, NULL, 0), -EAGAIN);
	ck_assert_int_eq(submit_timed(pool, "", forbidden_job, NULL, MILLISECOND), -ETIMEDOUT);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(try_delayed(pool, NULL, 0), 0);
	ck_assert_int_eq(submit_timed(pool, "other", nothing_job, NULL, 0), 0);
	taskpool_free(pool);
}
END_TEST

static int submit_one(void *pool)
{
	return taskpool_submit(pool, "other", nothing_job, NULL);
}

START_TEST(a_blocked_submit_goes_on_when_a_delayed_job_starts)
{
	struct taskpool *pool = start_pool(1, 1, (unsigned)_i);
	struct taskpool_task task;
	struct probe probe;
	struct call call;

	task = delay_task("key", 50 * MILLISECOND, &probe);
	task.run = gate_job;
	submit_probe_task(pool, &task, NULL);
	call_begin(&call, submit_one, pool);
	tally_wait(&probe.gate.entered, 1);
	ck_assert_int_eq(call_end(&call), 0); /* the delayed job still runs: its start made the room */
	gate_open(&probe.gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

static void delay_from_inside(struct taskpool_context *context, void *probe)
{
	struct taskpool *pool = taskpool_context_pool(context);
	struct taskpool_task task = make_task("key", nothing_job, NULL);

	task.delay = 5 * MILLISECOND;
	submit_probe_task(pool, &task, NULL); /* fills the queue */
	task = delay_task("key", 5 * MILLISECOND, probe);
	submit_probe_task(pool, &task, NULL); /* past the bound */
	task.timeout = 0;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), -EAGAIN);
}

START_TEST(a_job_may_submit_a_delayed_one_past_the_bound)
{
	struct taskpool *pool = start_pool(1, 1, (unsigned)_i);
	struct probe probe;

	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(taskpool_submit(pool, i % 2 ? "key" : "other", delay_from_inside, &probe), 0);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0); /* perhaps before the submits */
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		ck_assert_int_eq(probe_outcome(&probe), TASKPOOL_RAN);
	}
	ck_assert_uint_eq(read_stats(pool).overflow, 10);
	ck_assert_uint_eq(read_stats(pool).queued, 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(wait_waits_for_delayed_jobs)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	int64_t begin = now();
	struct taskpool_task task;
	struct probe probes[2];

	for (unsigned i = 0; i < 2; i++) {
		task = delay_task(i ? "key" : NULL, 50 * MILLISECOND, &probes[i]);
		submit_probe_task(pool, &task, NULL);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_ge(now() - begin, 50 * MILLISECOND);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_RAN);
	task = delay_task("key", HOUR, &probes[0]);
	submit_probe_task(pool, &task, NULL);
	ck_assert_int_eq(taskpool_wait(pool, 0), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_wait(pool, MILLISECOND), -ETIMEDOUT);
	taskpool_free(pool);
}
END_TEST

START_TEST(stop_cancels_delayed_jobs)
{
	for (unsigned started = 0; started < 2; started++) {
		struct taskpool *pool = started ? start_pool(2, 0, (unsigned)_i) : make_pool(2, 0, (unsigned)_i);
		struct taskpool_report report = { .size = sizeof(report) };
		struct taskpool_task task;
		struct probe probes[20];

		for (unsigned i = 0; i < LENGTH(probes); i++) {
			task = delay_task(i % 2 ? "key" : NULL, i % 3 ? HOUR : INT64_MAX, &probes[i]);
			submit_probe_task(pool, &task, NULL);
		}
		ck_assert_int_eq(taskpool_request_stop(pool), 0);
		for (unsigned i = 0; i < LENGTH(probes); i++)
			ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_CANCELED);
		ck_assert_int_eq(try_delayed(pool, "key", TASKPOOL_FOREVER), -ECANCELED);
		ck_assert_int_eq(taskpool_shutdown(pool, 0, TASKPOOL_FOREVER, &report), 0);
		ck_assert_uint_eq(report.canceled, LENGTH(probes));
		ck_assert_uint_eq(report.ran + report.running, 0);
		taskpool_free(pool);
	}
}
END_TEST

START_TEST(shutdown_runs_what_is_due_while_it_drains)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_report report = { .size = sizeof(report) };
	struct probe probes[20];

	for (unsigned i = 0; i < LENGTH(probes); i++) {
		struct taskpool_task task = delay_task(i % 2 ? "key" : NULL, 30 * MILLISECOND, &probes[i]);

		submit_probe_task(pool, &task, NULL);
	}
	ck_assert_int_eq(taskpool_shutdown(pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, &report), 0);
	ck_assert_uint_eq(report.ran, LENGTH(probes));
	for (unsigned i = 0; i < LENGTH(probes); i++)
		ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(shutdown_cancels_what_is_due_after_the_drain)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_report report = { .size = sizeof(report) };
	struct probe soon, late;
	struct taskpool_task task;

	task = delay_task("key", MILLISECOND, &soon);
	submit_probe_task(pool, &task, NULL);
	task = delay_task("key", HOUR, &late);
	submit_probe_task(pool, &task, NULL);
	ck_assert_int_eq(probe_await(&soon), TASKPOOL_RAN);
	ck_assert_int_eq(taskpool_shutdown(pool, 20 * MILLISECOND, TASKPOOL_FOREVER, &report), 0);
	ck_assert_int_eq(probe_outcome(&late), TASKPOOL_CANCELED);
	ck_assert_uint_eq(report.ran, 1);
	ck_assert_uint_eq(report.canceled, 1);
	taskpool_free(pool);
}
END_TEST

START_TEST(what_is_due_before_the_start_runs_after_it)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct taskpool_task task;
	struct probe probes[3];

	for (unsigned i = 0; i < 3; i++) {
		task = delay_task(i ? "key" : NULL, i < 2 ? MILLISECOND : 50 * MILLISECOND, &probes[i]);
		submit_probe_task(pool, &task, NULL);
	}
	pass(now(), 2 * MILLISECOND);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(probe_runs(&probes[i]), 0);
	ck_assert_uint_eq(read_stats(pool).queued, 3);
	ck_assert_int_eq(taskpool_start(pool), 0);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(probe_await(&probes[i]), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_batch_may_be_delayed)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_task tasks[10];
	struct probe probes[10];
	int64_t begin = now();
	size_t accepted;

	for (unsigned i = 0; i < 10; i++)
		tasks[i] = delay_task(i % 3 ? "key" : NULL, i % 2 ? 20 * MILLISECOND : 0, &probes[i]);
	ck_assert_int_eq(taskpool_submit_batch(pool, tasks, 10, &accepted), 0);
	ck_assert_uint_eq(accepted, 10);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_ge(now() - begin, 20 * MILLISECOND);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		delayed_jobs_take_room,
		delayed_jobs_take_room_of_their_key,
		a_blocked_submit_goes_on_when_a_delayed_job_starts,
		a_job_may_submit_a_delayed_one_past_the_bound,
		wait_waits_for_delayed_jobs,
		stop_cancels_delayed_jobs,
		shutdown_runs_what_is_due_while_it_drains,
		shutdown_cancels_what_is_due_after_the_drain,
		what_is_due_before_the_start_runs_after_it,
		a_batch_may_be_delayed,
		NULL,
	};

	return run_suite("delayed jobs in the queue", NULL, placed);
}
