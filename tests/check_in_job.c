/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What a job learns from its context.
 */
#include <config.h>

#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "suite.h"

/* Runs one job of the key "key" and waits for it. */
static void run_one(struct taskpool *pool, taskpool_run_fn *run, void *arg)
{
	ck_assert_int_eq(taskpool_submit(pool, "key", run, arg), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
}

/* Runs one job that waits to be canceled, and stops the pool once it has entered. */
static void run_until_stop(unsigned placement, taskpool_run_fn *run)
{
	struct taskpool *pool = start_pool(2, 0, placement);
	struct endings endings;
	struct tally entered;

	tally_init(&entered);
	endings_init(&endings);
	ck_assert_int_eq(taskpool_submit(pool, "key", run, &entered), 0);
	tally_wait(&entered, 1);
	ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, endings_end, &endings), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_uint_eq(tally_read(&endings.canceled), 1);
	taskpool_free(pool);
}

static void look_around(struct taskpool_context *context, void *pool)
{
	size_t length = 7;

	ck_assert_ptr_eq(taskpool_current(), context);
	ck_assert_ptr_eq(taskpool_context_pool(context), pool);
	ck_assert_uint_lt(taskpool_context_worker(context), 3);
	ck_assert_ptr_null(taskpool_context_worker_data(context));
	ck_assert(!taskpool_context_canceled(context));
	ck_assert_mem_eq(taskpool_context_key(context, &length), "key", 3);
	ck_assert_uint_eq(length, 3);
}

START_TEST(the_context_names_pool_worker_and_key)
{
	struct taskpool *pool = start_pool(3, 0, (unsigned)_i);

	run_one(pool, look_around, pool);
	taskpool_free(pool);
}
END_TEST

static void have_no_key(struct taskpool_context *context, void *ran)
{
	size_t length = 7;

	ck_assert_ptr_null(taskpool_context_key(context, &length));
	ck_assert_uint_eq(length, 0);
	ck_assert_ptr_null(taskpool_context_key(context, NULL));
	tally_add(ran);
}

static void have_an_empty_key(struct taskpool_context *context, void *ran)
{
	size_t length = 7;

	ck_assert_ptr_nonnull(taskpool_context_key(context, &length));
	ck_assert_uint_eq(length, 0);
	tally_add(ran);
}

START_TEST(no_key_and_the_empty_key_look_different)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(taskpool_submit(pool, NULL, have_no_key, &ran), 0);
	ck_assert_int_eq(taskpool_submit(pool, "", have_an_empty_key, &ran), 0);
	tally_wait(&ran, 2);
	taskpool_free(pool);
}
END_TEST

static void have_no_current(void *ended, int outcome)
{
	(void)outcome;
	ck_assert_ptr_null(taskpool_current());
	tally_add(ended);
}

START_TEST(there_is_no_current_job_in_end_and_off_the_workers)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct tally ended;

	tally_init(&ended);
	ck_assert_ptr_null(taskpool_current());
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(submit_with_end(pool, "key", nothing_job, have_no_current, &ended), 0);
	tally_wait(&ended, 10);
	ck_assert_ptr_null(taskpool_current());
	taskpool_free(pool);
}
END_TEST

static _Atomic bool canceled_was_seen;

static void spin_until_canceled(struct taskpool_context *context, void *entered)
{
	ck_assert(!taskpool_context_canceled(context));
	tally_add(entered);
	while (!taskpool_context_canceled(context))
		pause_shortly();
	ck_assert(taskpool_context_canceled(context));
	ck_assert_int_eq(taskpool_context_sleep(context, 2 * DEADLINE), -ECANCELED);
	ck_assert_int_eq(taskpool_context_sleep(context, 0), -ECANCELED);
	canceled_was_seen = true;
}

START_TEST(stop_cancels_the_running_job)
{
	run_until_stop((unsigned)_i, spin_until_canceled);
	ck_assert(canceled_was_seen);
}
END_TEST

static void sleep_canceled(struct taskpool_context *context, void *entered)
{
	tally_add(entered);
	ck_assert_int_eq(taskpool_context_sleep(context, INT64_MAX), -ECANCELED);
	canceled_was_seen = true;
}

START_TEST(stop_wakes_a_sleeping_job)
{
	for (unsigned round = 0; round < 50; round++) {
		canceled_was_seen = false;
		run_until_stop((unsigned)_i, sleep_canceled);
		ck_assert(canceled_was_seen);
	}
}
END_TEST

static void sleep_and_measure(struct taskpool_context *context, void *arg)
{
	int64_t begin = now();

	(void)arg;
	ck_assert_int_eq(taskpool_context_sleep(context, 20 * MILLISECOND), 0);
	ck_assert_int_ge(now() - begin, 20 * MILLISECOND);
	ck_assert_int_eq(taskpool_context_sleep(context, 0), 0);
	ck_assert_int_eq(taskpool_context_sleep(context, -1), -EINVAL);
	ck_assert_int_eq(taskpool_context_sleep(context, INT64_MIN), -EINVAL);
}

START_TEST(sleep_lasts_as_long_as_it_says)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	run_one(pool, sleep_and_measure, NULL);
	taskpool_free(pool);
}
END_TEST

static void poll_until_canceled(struct taskpool_context *context, void *entered)
{
	struct pollfd poll_fd = { .fd = taskpool_context_fd(context), .events = POLLIN };

	ck_assert_int_ge(poll_fd.fd, 0);
	ck_assert_int_eq(taskpool_context_fd(context), poll_fd.fd);
	ck_assert_int_eq(poll(&poll_fd, 1, 0), 0);
	tally_add(entered);
	ck_assert_int_eq(poll(&poll_fd, 1, 60 * 1000), 1);
	ck_assert_int_eq(poll_fd.revents, POLLIN);
	ck_assert(taskpool_context_canceled(context));
	ck_assert_int_eq(poll(&poll_fd, 1, 0), 1); /* and it stays readable */
	canceled_was_seen = true;
}

START_TEST(the_fd_becomes_readable_when_the_job_is_canceled)
{
	unsigned fds = count_fds();

	run_until_stop((unsigned)_i, poll_until_canceled);
	ck_assert(canceled_was_seen);
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

static void poll_when_canceled(struct taskpool_context *context, void *entered)
{
	struct pollfd poll_fd = { .events = POLLIN };

	tally_add(entered);
	while (!taskpool_context_canceled(context))
		pause_shortly();
	poll_fd.fd = taskpool_context_fd(context);
	ck_assert_int_ge(poll_fd.fd, 0);
	ck_assert_int_eq(poll(&poll_fd, 1, 0), 1);
	canceled_was_seen = true;
}

START_TEST(the_fd_of_a_canceled_job_is_readable_at_once)
{
	run_until_stop((unsigned)_i, poll_when_canceled);
	ck_assert(canceled_was_seen);
}
END_TEST

static void make_fd(struct taskpool_context *context, void *arg)
{
	struct pollfd poll_fd = { .fd = taskpool_context_fd(context), .events = POLLIN };

	(void)arg;
	ck_assert_int_ge(poll_fd.fd, 0);
	ck_assert_int_eq(poll(&poll_fd, 1, 0), 0);
}

START_TEST(fds_are_closed_when_the_job_returns)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	unsigned fds;

	run_one(pool, nothing_job, NULL);
	fds = count_fds();
	for (unsigned i = 0; i < 100; i++)
		run_one(pool, make_fd, NULL);
	ck_assert_uint_eq(count_fds(), fds);
	taskpool_free(pool);
}
END_TEST

static void want_fd_in_vain(struct taskpool_context *context, void *arg)
{
	struct rlimit limit, none;

	(void)arg;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = limit.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(taskpool_context_fd(context), -EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_ge(taskpool_context_fd(context), 0);
}

START_TEST(an_fd_that_cannot_be_had_is_an_error)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);

	run_one(pool, want_fd_in_vain, NULL);
	taskpool_free(pool);
}
END_TEST

static void check_pool(struct taskpool_context *context, void *pool)
{
	ck_assert_ptr_eq(taskpool_context_pool(context), pool);
	ck_assert_ptr_eq(taskpool_current(), context);
}

struct pools {
	struct taskpool *inner, *outer;
};

static void use_inner_pool(struct taskpool_context *context, void *arg)
{
	struct pools *pools = arg;

	run_one(pools->inner, check_pool, pools->inner);
	check_pool(context, pools->outer);
}

START_TEST(jobs_of_two_pools_know_their_own)
{
	struct pools pools = { start_pool(1, 0, (unsigned)_i), start_pool(1, 0, (unsigned)_i) };

	run_one(pools.outer, use_inner_pool, &pools);
	taskpool_free(pools.inner);
	taskpool_free(pools.outer);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		the_context_names_pool_worker_and_key,
		no_key_and_the_empty_key_look_different,
		there_is_no_current_job_in_end_and_off_the_workers,
		stop_cancels_the_running_job,
		stop_wakes_a_sleeping_job,
		sleep_lasts_as_long_as_it_says,
		the_fd_becomes_readable_when_the_job_is_canceled,
		the_fd_of_a_canceled_job_is_readable_at_once,
		fds_are_closed_when_the_job_returns,
		an_fd_that_cannot_be_had_is_an_error,
		jobs_of_two_pools_know_their_own,
		NULL,
	};

	return run_suite("in a job", NULL, placed);
}
