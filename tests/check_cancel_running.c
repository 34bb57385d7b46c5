/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool_job_cancel of jobs that run, and inside jobs and their ends.
 */
#include <config.h>

#include <poll.h>

#include "probe.h"
#include "suite.h"

/* ---- Jobs that run are told to stop ---- */

static void sleep_until_canceled(struct taskpool_context *context, void *probe)
{
	tally_add(probe);
	ck_assert_int_eq(taskpool_context_sleep(context, INT64_MAX), -ECANCELED);
	ck_assert(taskpool_context_canceled(context));
}

static void spin_until_canceled(struct taskpool_context *context, void *probe)
{
	ck_assert(!taskpool_context_canceled(context));
	tally_add(probe);
	while (!taskpool_context_canceled(context))
		pause_shortly();
}

static void poll_until_canceled(struct taskpool_context *context, void *probe)
{
	struct pollfd poll_fd = { .fd = taskpool_context_fd(context), .events = POLLIN };

	ck_assert_int_ge(poll_fd.fd, 0);
	ck_assert_int_eq(poll(&poll_fd, 1, 0), 0);
	tally_add(probe);
	ck_assert_int_eq(poll(&poll_fd, 1, 60 * 1000), 1);
	ck_assert(taskpool_context_canceled(context));
}

/* Nothing of the cancel that was meant for another job is left. */
static void find_nothing_canceled(struct taskpool_context *context, void *probe)
{
	struct pollfd poll_fd = { .fd = taskpool_context_fd(context), .events = POLLIN };

	ck_assert(!taskpool_context_canceled(context));
	ck_assert_int_ge(poll_fd.fd, 0);
	ck_assert_int_eq(poll(&poll_fd, 1, 0), 0);
	ck_assert_int_eq(taskpool_context_sleep(context, MILLISECOND), 0);
	ck_assert(!taskpool_context_canceled(context));
	tally_add(probe);
}

static void check_cancel_running(unsigned placement, const char *key, taskpool_run_fn *run)
{
	struct taskpool *pool = start_pool(1, 0, placement);
	struct probe probe, next[2];
	struct taskpool_job *job;
	struct call call;

	submit_probe(pool, key, run, &probe, &job);
	tally_wait(&probe.gate.entered, 1);
	submit_probe(pool, key, find_nothing_canceled, &next[0], NULL);
	submit_probe(pool, "next", find_nothing_canceled, &next[1], NULL);
	call_begin(&call, wait_for_job, job);
	ck_assert_int_eq(taskpool_job_cancel(job), -EBUSY);
	ck_assert_int_eq(call_end(&call), 0);
	ck_assert_int_eq(taskpool_job_outcome(job), TASKPOOL_RAN); /* run was called, canceled or not */
	ck_assert_int_eq(probe_outcome(&probe), TASKPOOL_RAN);
	ck_assert_int_eq(taskpool_job_cancel(job), -EALREADY);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(probe_await(&next[i]), TASKPOOL_RAN);
		ck_assert_uint_eq(probe_runs(&next[i]), 1);
	}
	ck_assert_uint_eq(read_stats(pool).canceled, 0);
	taskpool_job_unref(job);
	taskpool_free(pool);
}

START_TEST(a_running_job_is_told_to_stop_and_the_next_one_is_not)
{
	static taskpool_run_fn *const runs[] = { sleep_until_canceled, spin_until_canceled, poll_until_canceled };

	for (size_t i = 0; i < LENGTH(runs); i++) {
		check_cancel_running((unsigned)_i, "key", runs[i]);
		check_cancel_running((unsigned)_i, NULL, runs[i]);
	}
}
END_TEST

START_TEST(a_running_job_may_be_canceled_again)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct taskpool_job *job;
	struct probe probe;

	submit_probe(pool, "key", gate_job, &probe, &job);
	tally_wait(&probe.gate.entered, 1);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(taskpool_job_cancel(job), -EBUSY);
	ck_assert_int_eq(taskpool_job_outcome(job), 0);
	gate_open(&probe.gate);
	ck_assert_int_eq(taskpool_job_wait(job, TASKPOOL_FOREVER), 0);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

static void cancel_reaches_no_other(struct taskpool_context *context, void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 50; i++)
		expect(!taskpool_context_canceled(context));
	expect(taskpool_context_sleep(context, 0) == 0);
}

/* The cancel is under way while its job ends and the next one takes its place on the worker. */
START_TEST(a_late_cancel_reaches_no_other_job)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	unsigned reached = 0;

	for (unsigned round = 0; round < 3000; round++) {
		struct taskpool_task task = make_task(round % 3 ? "key" : NULL, nothing_job, NULL);
		struct taskpool_job *job;
		int error;

		submit_probe_task(pool, &task, &job);
		for (unsigned i = 0; i < 3; i++)
			expect(taskpool_submit(pool, i ? "key" : "next", cancel_reaches_no_other, NULL) == 0);
		error = taskpool_job_cancel(job);
		expect(error == 0 || error == -EBUSY || error == -EALREADY);
		reached += error == -EBUSY;
		taskpool_job_unref(job);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_le(reached, read_stats(pool).ran);
	taskpool_free(pool);
}
END_TEST

/* ---- Inside jobs and ends ---- */

/* Set before the pool starts. */
static struct taskpool_job *target;
static struct probe target_probe;

static void cancel_itself(struct taskpool_context *context, void *arg)
{
	(void)arg;
	ck_assert(!taskpool_context_canceled(context));
	ck_assert_int_eq(taskpool_job_cancel(target), -EBUSY);
	ck_assert(taskpool_context_canceled(context));
}

START_TEST(a_job_may_cancel_itself)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	struct taskpool_task task = make_task("key", cancel_itself, NULL);
	struct probe next;

	submit_probe_task(pool, &task, &target);
	submit_probe(pool, "key", find_nothing_canceled, &next, NULL);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(probe_await(&next), TASKPOOL_RAN);
	ck_assert_int_eq(taskpool_job_outcome(target), TASKPOOL_RAN);
	taskpool_job_unref(target);
	taskpool_free(pool);
}
END_TEST

/* Runs inside the other job's run, and is an end all the same. */
static void end_off_the_job(void *probe, int outcome)
{
	int error = taskpool_job_cancel(target);

	ck_assert(error == -EBUSY || error == -EALREADY);
	ck_assert_int_eq(taskpool_job_wait(target, 0), -EDEADLK);
	ck_assert_int_eq(taskpool_job_wait(target, TASKPOOL_FOREVER), -EDEADLK);
	ck_assert_int_eq(taskpool_job_outcome(target), 0);
	ck_assert_ptr_null(taskpool_current());
	probe_end(probe, outcome);
}

static void expect_target_ended(struct taskpool_context *context, void *probe)
{
	expect(probe_outcome(&target_probe) == TASKPOOL_CANCELED);
	tally_job(context, probe);
}

/* The target and one behind it wait while the job runs that cancels, in run or in end. */
static void check_cancel_inside(unsigned placement, taskpool_run_fn *run, taskpool_end_fn *end, const char *key)
{
	struct taskpool *pool = start_pool(1, 0, placement);
	struct taskpool_task task;
	struct probe behind;
	struct gate gate;

	gate_init(&gate);
	ck_assert_int_eq(submit_with_end(pool, "key", run, end, &gate), 0);
	tally_wait(&gate.entered, 1);
	task = probe_task(key, forbidden_job, &target_probe);
	task.end = end_off_the_job;
	submit_probe_task(pool, &task, &target);
	submit_probe(pool, key, key ? expect_target_ended : tally_job, &behind, NULL);
	gate_open(&gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(probe_outcome(&behind), TASKPOOL_RAN);
	ck_assert_int_eq(probe_outcome(&target_probe), TASKPOOL_CANCELED);
	taskpool_job_unref(target);
	taskpool_free(pool);
}

static void cancel_target(struct taskpool_context *context, void *gate)
{
	gate_job(context, gate);
	ck_assert_int_eq(taskpool_job_cancel(target), 0);
	ck_assert_int_eq(probe_outcome(&target_probe), TASKPOOL_CANCELED);
	ck_assert_int_eq(taskpool_job_cancel(target), -EALREADY);
	ck_assert(!taskpool_context_canceled(context));
	ck_assert_ptr_eq(taskpool_current(), context);
}

START_TEST(a_job_may_cancel_one_that_waits)
{
	check_cancel_inside((unsigned)_i, cancel_target, NULL, "key"); /* behind itself */
	check_cancel_inside((unsigned)_i, cancel_target, NULL, "other");
	check_cancel_inside((unsigned)_i, cancel_target, NULL, NULL);
}
END_TEST

static void cancel_target_in_end(void *arg, int outcome)
{
	(void)arg;
	ck_assert_int_eq(outcome, TASKPOOL_RAN);
	ck_assert_int_eq(taskpool_job_cancel(target), 0);
	ck_assert_int_eq(probe_outcome(&target_probe), TASKPOOL_CANCELED);
	ck_assert_int_eq(taskpool_job_cancel(target), -EALREADY);
}

START_TEST(an_end_may_cancel_a_job_that_waits)
{
	check_cancel_inside((unsigned)_i, gate_job, cancel_target_in_end, "key");
	check_cancel_inside((unsigned)_i, gate_job, cancel_target_in_end, "other");
	check_cancel_inside((unsigned)_i, gate_job, cancel_target_in_end, NULL);
}
END_TEST

/* Each job's end cancels the next. */
struct link {
	struct taskpool_job *job;
	struct link *next;
	struct tally *ended;
};

static void cancel_next(void *arg, int outcome)
{
	struct link *link = arg;

	ck_assert_int_eq(outcome, TASKPOOL_CANCELED);
	ck_assert_int_eq(taskpool_job_outcome(link->job), 0);
	if (link->next)
		ck_assert_int_eq(taskpool_job_cancel(link->next->job), 0);
	tally_add(link->ended);
}

START_TEST(the_end_of_a_canceled_job_may_cancel_the_next)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	struct link links[30];
	struct tally ended;

	tally_init(&ended);
	for (unsigned i = 0; i < LENGTH(links); i++) {
		struct taskpool_task task = make_task(i % 3 ? "key" : NULL, forbidden_job, &links[i]);

		links[i] = (struct link){ NULL, i + 1 < LENGTH(links) ? &links[i + 1] : NULL, &ended };
		task.end = cancel_next;
		submit_probe_task(pool, &task, &links[i].job);
	}
	ck_assert_int_eq(taskpool_job_cancel(links[0].job), 0);
	ck_assert_uint_eq(tally_read(&ended), LENGTH(links));
	ck_assert_uint_eq(read_stats(pool).keys_active, 0);
	for (unsigned i = 0; i < LENGTH(links); i++)
		taskpool_job_unref(links[i].job);
	taskpool_free(pool);
}
END_TEST

static struct taskpool *pool_of_end;
static struct probe follower;

static void submit_in_end(void *probe, int outcome)
{
	for (unsigned i = 0; i < 3; i++) /* the queue is full, but this is inside a job */
		ck_assert_int_eq(taskpool_submit(pool_of_end, "key", nothing_job, NULL), 0);
	submit_probe(pool_of_end, "key", tally_job, &follower, NULL);
	probe_end(probe, outcome);
}

START_TEST(the_end_of_a_canceled_job_may_submit_to_a_full_queue)
{
	struct taskpool_task task = probe_task("key", forbidden_job, &target_probe);

	pool_of_end = make_pool(1, 2, (unsigned)_i);
	task.end = submit_in_end;
	submit_probe_task(pool_of_end, &task, &target);
	ck_assert_int_eq(taskpool_submit(pool_of_end, "other", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_job_cancel(target), 0);
	ck_assert_uint_eq(read_stats(pool_of_end).queued, 5);
	ck_assert_int_eq(taskpool_start(pool_of_end), 0);
	ck_assert_int_eq(probe_await(&follower), TASKPOOL_RAN);
	taskpool_job_unref(target);
	taskpool_free(pool_of_end);
}
END_TEST

static void free_in_end(void *probe, int outcome)
{
	ck_assert_int_eq(taskpool_wait(pool_of_end, 0), -EDEADLK);
	ck_assert_int_eq(taskpool_stop(pool_of_end), -EDEADLK);
	taskpool_free(pool_of_end);
	probe_end(probe, outcome);
}

START_TEST(the_end_of_a_canceled_job_may_free_the_pool)
{
	for (unsigned i = 0; i < 2; i++) {
		struct taskpool_task task = probe_task("key", forbidden_job, &target_probe);
		struct probe other;

		pool_of_end = i ? start_pool(2, 0, (unsigned)_i) : make_pool(2, 0, (unsigned)_i);
		task.end = free_in_end;
		task.delay = INT64_MAX;
		submit_probe_task(pool_of_end, &task, &target);
		task = probe_task("other", forbidden_job, &other);
		task.delay = INT64_MAX;
		submit_probe_task(pool_of_end, &task, NULL);
		ck_assert_int_eq(taskpool_job_cancel(target), 0);
		ck_assert_int_eq(probe_outcome(&target_probe), TASKPOOL_CANCELED);
		ck_assert_int_eq(probe_outcome(&other), TASKPOOL_CANCELED);
		ck_assert_int_eq(taskpool_job_outcome(target), TASKPOOL_CANCELED);
		taskpool_job_unref(target);
	}
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_running_job_is_told_to_stop_and_the_next_one_is_not,
		a_running_job_may_be_canceled_again,
		a_late_cancel_reaches_no_other_job,
		a_job_may_cancel_itself,
		a_job_may_cancel_one_that_waits,
		an_end_may_cancel_a_job_that_waits,
		the_end_of_a_canceled_job_may_cancel_the_next,
		the_end_of_a_canceled_job_may_submit_to_a_full_queue,
		the_end_of_a_canceled_job_may_free_the_pool,
		NULL,
	};

	return run_suite("cancel inside and of running jobs", NULL, placed);
}
