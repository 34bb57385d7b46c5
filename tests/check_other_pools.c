/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Jobs that wait for other pools, or stop them.
 */
#include <config.h>

#include "actors.h"
#include "suite.h"

struct two {
	struct taskpool *p, *q;
	struct actor a, b; /* a in p, b in q */
};

static void two_start(struct two *two, unsigned placement)
{
	*two = (struct two){ .p = start_pool(1, 0, placement), .q = start_pool(1, 0, placement) };
	actor_start(&two->a, two->p, "key");
	actor_start(&two->b, two->q, "key");
}

static void two_end(struct two *two)
{
	taskpool_free(two->p);
	taskpool_free(two->q);
}

static bool takes_jobs(struct taskpool *pool)
{
	int error = taskpool_submit(pool, "key", nothing_job, NULL);

	ck_assert(error == 0 || error == -ECANCELED);
	return error == 0;
}

START_TEST(a_job_may_wait_for_another_pool)
{
	struct two two;

	two_start(&two, (unsigned)_i);
	ck_assert_int_eq(actor_do(&two.a, for_pool(two.q, 0)), -ETIMEDOUT);
	ck_assert_int_eq(actor_do(&two.a, for_pool(two.q, MILLISECOND)), -ETIMEDOUT);
	actor_block(&two.a, for_pool(two.q, TASKPOOL_FOREVER));
	actor_leave(&two.b);
	ck_assert_int_eq(actor_result(&two.a), 0);
	ck_assert_int_eq(actor_do(&two.a, for_pool(two.q, TASKPOOL_FOREVER)), 0);
	actor_leave(&two.a);
	two_end(&two);
}
END_TEST

START_TEST(pools_that_wait_for_each_other_are_refused)
{
	struct two two;

	two_start(&two, (unsigned)_i);
	actor_block(&two.a, for_pool(two.q, TASKPOOL_FOREVER));
	ck_assert_int_eq(actor_do(&two.b, for_pool(two.p, TASKPOOL_FOREVER)), -EDEADLK);
	ck_assert_int_eq(actor_do(&two.b, for_pool(two.p, MILLISECOND)), -ETIMEDOUT);
	ck_assert_int_eq(actor_do(&two.b, for_job(two.a.job, TASKPOOL_FOREVER)), -EDEADLK);
	ck_assert_int_eq(actor_do(&two.b, for_key(two.p, "key", TASKPOOL_FOREVER)), -EDEADLK);
	ck_assert_int_eq(actor_do(&two.b, for_key(two.p, "another", TASKPOOL_FOREVER)), 0);
	ck_assert(!actor_returned(&two.a));
	actor_leave(&two.b);
	ck_assert_int_eq(actor_result(&two.a), 0);
	actor_leave(&two.a);
	two_end(&two);
}
END_TEST

/* A wait for a pool speaks of the jobs accepted before. */
START_TEST(a_pool_wait_does_not_speak_of_jobs_that_come_later)
{
	struct actor later = { 0 };
	struct two two;

	two_start(&two, (unsigned)_i);
	actor_block(&two.a, for_pool(two.q, TASKPOOL_FOREVER));
	actor_submit(&later, two.q, "key");
	actor_leave(&two.b);
	ck_assert_int_eq(actor_result(&two.a), 0);
	actor_await(&later);
	actor_block(&later, for_pool(two.p, TASKPOOL_FOREVER));
	actor_leave(&two.a);
	ck_assert_int_eq(actor_result(&later), 0);
	actor_leave(&later);
	two_end(&two);
}
END_TEST

/* Of q only b holds a worker: a queued job there waits for it, and a for that one. */
START_TEST(a_pool_wait_includes_what_is_queued)
{
	struct actor queued = { 0 };
	struct two two;

	two_start(&two, (unsigned)_i);
	actor_submit(&queued, two.q, "another");
	actor_block(&two.a, for_pool(two.q, TASKPOOL_FOREVER));
	ck_assert_int_eq(actor_do(&two.b, for_key(two.p, "key", TASKPOOL_FOREVER)), -EDEADLK);
	actor_leave(&two.b);
	actor_await(&queued);
	ck_assert_int_eq(actor_do(&queued, for_key(two.p, "key", TASKPOOL_FOREVER)), -EDEADLK);
	ck_assert(!actor_returned(&two.a));
	actor_leave(&queued);
	ck_assert_int_eq(actor_result(&two.a), 0);
	actor_leave(&two.a);
	two_end(&two);
}
END_TEST

START_TEST(a_job_may_stop_another_pool)
{
	struct actor queued = { 0 };
	struct two two;

	two_start(&two, (unsigned)_i);
	actor_submit(&queued, two.q, "key");
	actor_block(&two.a, stop_pool(two.q));
	ck_assert_int_eq(taskpool_job_outcome(queued.job), TASKPOOL_CANCELED);
	taskpool_job_unref(queued.job);
	ck_assert(!takes_jobs(two.q));
	actor_leave(&two.b);
	ck_assert_int_eq(actor_result(&two.a), 0);
	ck_assert_int_eq(actor_do(&two.a, stop_pool(two.q)), 0);
	actor_leave(&two.a);
	ck_assert(takes_jobs(two.p));
	two_end(&two);
}
END_TEST

START_TEST(a_job_may_shut_another_pool_down)
{
	struct actor queued = { 0 };
	struct two two;

	two_start(&two, (unsigned)_i);
	actor_submit(&queued, two.q, "key");
	actor_block(&two.a, shut_down(two.q, TASKPOOL_FOREVER, TASKPOOL_FOREVER));
	actor_leave(&two.b);
	actor_await(&queued);
	ck_assert(actor_blocks(&two.a));
	actor_leave(&queued);
	ck_assert_int_eq(actor_result(&two.a), 0);
	actor_leave(&two.a);
	two_end(&two);
}
END_TEST

/* B may not wait for the job that waits for the stop of b's own pool. */
START_TEST(a_wait_for_the_job_that_stops_the_pool_is_refused)
{
	for (unsigned i = 0; i < 2; i++) {
		int64_t drain = i ? TASKPOOL_FOREVER : 0;
		struct two two;

		two_start(&two, (unsigned)_i);
		actor_block(&two.a, shut_down(two.q, drain, TASKPOOL_FOREVER));
		ck_assert_int_eq(actor_do(&two.b, for_job(two.a.job, TASKPOOL_FOREVER)), -EDEADLK);
		ck_assert_int_eq(actor_do(&two.b, for_key(two.p, "key", TASKPOOL_FOREVER)), -EDEADLK);
		ck_assert_int_eq(actor_do(&two.b, for_pool(two.p, TASKPOOL_FOREVER)), -EDEADLK);
		ck_assert_int_eq(actor_do(&two.b, stop_pool(two.p)), -EDEADLK);
		ck_assert_int_eq(actor_do(&two.b, for_job(two.a.job, MILLISECOND)), -ETIMEDOUT);
		ck_assert(takes_jobs(two.p));
		ck_assert(!actor_returned(&two.a));
		actor_leave(&two.b);
		ck_assert_int_eq(actor_result(&two.a), 0);
		actor_leave(&two.a);
		two_end(&two);
	}
}
END_TEST

/* A stop without a limit of time, that is; and nothing changes. */
START_TEST(a_stop_of_the_pool_whose_job_waits_for_this_one_is_refused)
{
	struct two two;

	for (unsigned i = 0; i < 3; i++) {
		two_start(&two, (unsigned)_i);
		actor_block(&two.b, i == 0 ? for_job(two.a.job, TASKPOOL_FOREVER) :
				    i == 1 ? for_key(two.p, "key", TASKPOOL_FOREVER) :
					     for_pool(two.p, TASKPOOL_FOREVER));
		ck_assert_int_eq(actor_do(&two.a, stop_pool(two.q)), -EDEADLK);
		ck_assert_int_eq(actor_do(&two.a, shut_down(two.q, 0, TASKPOOL_FOREVER)), -EDEADLK);
		ck_assert_int_eq(actor_do(&two.a, shut_down(two.q, TASKPOOL_FOREVER, TASKPOOL_FOREVER)), -EDEADLK);
		ck_assert(takes_jobs(two.q));
		ck_assert(!actor_returned(&two.b));
		ck_assert_int_eq(actor_do(&two.a, shut_down(two.q, MILLISECOND, MILLISECOND)), -ETIMEDOUT);
		ck_assert(!takes_jobs(two.q));
		ck_assert(!actor_returned(&two.b));
		actor_leave(&two.a);
		ck_assert_int_eq(actor_result(&two.b), 0);
		actor_leave(&two.b);
		two_end(&two);
	}
}
END_TEST

/* A drain without an end would wait for ever, however short the limit that comes after it. */
START_TEST(an_endless_drain_of_the_pool_whose_job_waits_for_this_one_is_refused)
{
	struct two two;

	two_start(&two, (unsigned)_i);
	actor_block(&two.b, for_job(two.a.job, TASKPOOL_FOREVER));
	ck_assert_int_eq(actor_do(&two.a, shut_down(two.q, TASKPOOL_FOREVER, 0)), -EDEADLK);
	ck_assert(takes_jobs(two.q));
	actor_leave(&two.a);
	ck_assert_int_eq(actor_result(&two.b), 0);
	actor_leave(&two.b);
	two_end(&two);
}
END_TEST

START_TEST(pools_that_stop_each_other_are_refused)
{
	struct two two;

	two_start(&two, (unsigned)_i);
	actor_block(&two.a, stop_pool(two.q));
	ck_assert_int_eq(actor_do(&two.b, stop_pool(two.p)), -EDEADLK);
	ck_assert_int_eq(actor_do(&two.b, stop_pool(two.q)), -EDEADLK); /* its own */
	ck_assert(takes_jobs(two.p));
	actor_leave(&two.b);
	ck_assert_int_eq(actor_result(&two.a), 0);
	actor_leave(&two.a);
	two_end(&two);
}
END_TEST

struct crossing {
	struct taskpool *other;
	pthread_barrier_t *barrier;
	_Atomic int result;
};

static void wait_for_other_pool(struct taskpool_context *context, void *arg)
{
	struct crossing *crossing = arg;

	(void)context;
	pthread_barrier_wait(crossing->barrier);
	crossing->result = taskpool_wait(crossing->other, TASKPOOL_FOREVER);
}

START_TEST(of_pools_that_wait_for_each_other_at_once_one_is_refused)
{
	struct taskpool *p = start_pool(2, 0, (unsigned)_i), *q = start_pool(2, 0, (unsigned)_i);

	for (unsigned round = 0; round < 500; round++) {
		pthread_barrier_t barrier;
		struct crossing in_p = { .other = q, .barrier = &barrier }, in_q = { .other = p, .barrier = &barrier };

		pthread_barrier_init(&barrier, NULL, 2);
		ck_assert_int_eq(taskpool_submit(p, "key", wait_for_other_pool, &in_p), 0);
		ck_assert_int_eq(taskpool_submit(q, "key", wait_for_other_pool, &in_q), 0);
		ck_assert_int_eq(taskpool_wait(p, TASKPOOL_FOREVER), 0);
		ck_assert_int_eq(taskpool_wait(q, TASKPOOL_FOREVER), 0);
		ck_assert((in_p.result == 0) != (in_q.result == 0));
		ck_assert((in_p.result == -EDEADLK) != (in_q.result == -EDEADLK));
		pthread_barrier_destroy(&barrier);
	}
	taskpool_free(p);
	taskpool_free(q);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_job_may_wait_for_another_pool,
		pools_that_wait_for_each_other_are_refused,
		a_pool_wait_does_not_speak_of_jobs_that_come_later,
		a_pool_wait_includes_what_is_queued,
		a_job_may_stop_another_pool,
		a_job_may_shut_another_pool_down,
		a_wait_for_the_job_that_stops_the_pool_is_refused,
		a_stop_of_the_pool_whose_job_waits_for_this_one_is_refused,
		an_endless_drain_of_the_pool_whose_job_waits_for_this_one_is_refused,
		pools_that_stop_each_other_are_refused,
		of_pools_that_wait_for_each_other_at_once_one_is_refused,
		NULL,
	};

	return run_suite("other pools", NULL, placed);
}
