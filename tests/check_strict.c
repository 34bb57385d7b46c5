/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * TASKPOOL_STRICT: inside jobs a wait that could never end is refused in spite of its timeout, and no other.
 */
#include <config.h>

#include "actors.h"
#include "suite.h"

/* Each waits for the next one, by its handle or its key, with a timeout or without, as the bits say. */
static void refuse_circle(struct stage *stage, unsigned count, unsigned by_job, unsigned endless, bool in_end)
{
	struct actor actors[3] = { { .acts_in_end = in_end }, { 0 }, { .acts_in_end = in_end } };

	for (unsigned i = 0; i < count; i++)
		actor_start(&actors[i], stage->pool, stage->key[i]);
	for (unsigned i = 0; i + 1 < count; i++)
		actor_block(&actors[i], for_actor(&actors[i + 1], by_job >> i & 1,
						  endless >> i & 1 ? TASKPOOL_FOREVER : LONG));
	actor_refused(&actors[count - 1], &actors[0]);
	for (unsigned i = 0; i + 1 < count; i++)
		ck_assert(!actor_returned(&actors[i]));
	actor_leave(&actors[count - 1]);
	for (unsigned i = count - 1; i-- > 0;)
		actor_end_wait(&actors[i]);
}

START_TEST(circles_of_waits_with_timeouts_are_refused)
{
	for (unsigned count = 2; count <= 3; count++) {
		struct stage stage;

		stage_start_strict(&stage, count, (unsigned)_i);
		for (unsigned ways = 0; ways < 1U << 2 * (count - 1); ways++)
			refuse_circle(&stage, count, ways, ways >> (count - 1), false);
		refuse_circle(&stage, count, 1, 0, true);
		taskpool_free(stage.pool);
	}
}
END_TEST

START_TEST(circles_through_two_strict_pools_are_refused)
{
	struct taskpool *p = start_strict_pool(1, (unsigned)_i), *q = start_strict_pool(1, (unsigned)_i);
	struct actor a = { 0 }, b = { 0 };

	actor_start(&a, p, "key");
	actor_start(&b, q, "key");
	actor_block(&a, for_pool(q, LONG));
	ck_assert_int_eq(actor_do(&b, for_pool(p, LONG)), -EDEADLK);
	ck_assert_int_eq(actor_do(&b, for_pool(p, 0)), -ETIMEDOUT);
	actor_refused(&b, &a);
	actor_leave(&b);
	actor_end_wait(&a);
	taskpool_free(p);
	taskpool_free(q);
}
END_TEST

START_TEST(the_only_worker_may_not_wait_for_a_queued_job_with_a_timeout)
{
	struct stage stage;

	stage_start_strict(&stage, 1, (unsigned)_i);
	for (unsigned in_end = 0; in_end < 2; in_end++) {
		struct actor a = { .acts_in_end = in_end }, queued = { 0 };

		actor_start(&a, stage.pool, stage.key[0]);
		actor_submit(&queued, stage.pool, stage.key[1]);
		actor_refused(&a, &queued);
		ck_assert(!actor_started(&queued));
		actor_leave(&a);
		actor_await(&queued);
		actor_leave(&queued);
	}
	taskpool_free(stage.pool);
}
END_TEST

/* Of two workers that wait with a timeout, the last. */
START_TEST(the_wait_that_leaves_no_worker_is_refused)
{
	struct actor a = { 0 }, b = { 0 }, queued = { 0 };
	struct stage stage;

	stage_start_strict(&stage, 2, (unsigned)_i);
	actor_start(&a, stage.pool, stage.key[0]);
	actor_start(&b, stage.pool, stage.key[1]);
	actor_submit(&queued, stage.pool, stage.key[3]); /* at home where b runs */
	actor_block(&a, for_actor(&queued, _i, LONG));
	actor_refused(&b, &queued);
	actor_refused(&b, &a);
	ck_assert(!actor_returned(&a));
	actor_leave(&b);
	actor_await(&queued);
	actor_leave(&queued);
	actor_end_wait(&a);
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(waits_for_itself_are_refused_as_ever)
{
	static const int64_t timeouts[] = { 0, 1, LONG, TASKPOOL_FOREVER };
	struct actor a = { 0 };
	struct stage stage;

	stage_start_strict(&stage, 2, (unsigned)_i);
	actor_start(&a, stage.pool, stage.key[0]);
	for (unsigned i = 0; i < LENGTH(timeouts); i++) {
		ck_assert_int_eq(actor_do(&a, for_actor(&a, false, timeouts[i])), -EDEADLK);
		ck_assert_int_eq(actor_do(&a, for_actor(&a, true, timeouts[i])), -EDEADLK);
		ck_assert_int_eq(actor_do(&a, for_pool(stage.pool, timeouts[i])), -EDEADLK);
	}
	actor_leave(&a);
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(a_wait_that_is_over_is_in_nobodys_way)
{
	struct actor a = { 0 }, b = { 0 };
	struct stage stage;

	stage_start_strict(&stage, 2, (unsigned)_i);
	actor_start(&b, stage.pool, stage.key[1]);
	for (unsigned i = 0; i < 4; i++) {
		actor_start(&a, stage.pool, stage.key[0]);
		ck_assert_int_eq(actor_do(&a, for_actor(&b, i % 2, MILLISECOND)), -ETIMEDOUT);
		actor_block(&b, for_actor(&a, i / 2, LONG)); /* while the other waited this was a circle */
		actor_refused(&a, &b);
		actor_leave(&a);
		ck_assert_int_eq(actor_result(&b), 0);
		actor_start(&a, stage.pool, stage.key[0]);
		actor_block(&a, for_actor(&b, i % 2, LONG)); /* and so would this have been */
		actor_leave(&b);
		actor_end_wait(&a);
		actor_start(&b, stage.pool, stage.key[1]);
	}
	actor_leave(&b);
	taskpool_free(stage.pool);
}
END_TEST

static bool takes_jobs(struct taskpool *pool)
{
	return taskpool_submit(pool, "key", nothing_job, NULL) == 0;
}

/* Of the pool whose job waits for this one. Nothing changes. */
START_TEST(a_stop_with_timeouts_is_refused)
{
	struct taskpool *p = start_strict_pool(1, (unsigned)_i), *q = start_strict_pool(1, (unsigned)_i);
	struct actor a = { 0 }, b = { 0 };

	actor_start(&a, p, "key");
	actor_start(&b, q, "key");
	actor_block(&b, for_actor(&a, _i, LONG));
	ck_assert_int_eq(actor_do(&a, shut_down(q, LONG, LONG)), -EDEADLK);
	ck_assert_int_eq(actor_do(&a, shut_down(q, LONG, 0)), -EDEADLK);
	ck_assert_int_eq(actor_do(&a, shut_down(q, 0, LONG)), -EDEADLK);
	ck_assert_int_eq(actor_do(&a, shut_down(q, TASKPOOL_FOREVER, 0)), -EDEADLK);
	ck_assert(takes_jobs(q));
	ck_assert_int_eq(actor_do(&a, shut_down(q, 0, 0)), -ETIMEDOUT);
	ck_assert(!takes_jobs(q));
	actor_leave(&a);
	actor_end_wait(&b);
	taskpool_free(p);
	taskpool_free(q);
}
END_TEST

START_TEST(a_wait_for_the_job_that_stops_the_pool_with_timeouts_is_refused)
{
	for (unsigned way = 0; way < 3; way++) {
		struct taskpool *p = start_strict_pool(1, (unsigned)_i), *q = start_strict_pool(1, (unsigned)_i);
		struct actor a = { 0 }, b = { 0 };

		actor_start(&a, p, "key");
		actor_start(&b, q, "key");
		actor_block(&a, shut_down(q, way == 1 ? 0 : LONG, way == 2 ? 0 : LONG));
		actor_refused(&b, &a);
		ck_assert_int_eq(actor_do(&b, shut_down(p, LONG, LONG)), -EDEADLK);
		ck_assert(takes_jobs(p));
		ck_assert(!actor_returned(&a));
		actor_leave(&b);
		ck_assert_int_eq(actor_result(&a), 0);
		actor_leave(&a);
		taskpool_free(p);
		taskpool_free(q);
	}
}
END_TEST

/* ---- What bindings do ---- */

struct slicer {
	pthread_barrier_t *barrier;
	struct order order;
	_Atomic int result;
};

static void wait_in_slices(struct taskpool_context *context, void *arg)
{
	struct slicer *slicer = arg;
	int error;

	(void)context;
	pthread_barrier_wait(slicer->barrier);
	do
		error = carry_out(slicer->order);
	while (error == -ETIMEDOUT);
	slicer->result = error;
}

START_TEST(of_jobs_that_wait_in_slices_just_one_is_refused)
{
	struct stage stage;

	stage_start_strict(&stage, 2, (unsigned)_i);
	for (unsigned round = 0; round < 200; round++) {
		pthread_barrier_t barrier;
		struct slicer slicers[2];

		pthread_barrier_init(&barrier, NULL, 2);
		for (unsigned i = 0; i < 2; i++) {
			slicers[i] = (struct slicer){ .barrier = &barrier, .result = 1 };
			slicers[i].order = for_key(stage.pool, stage.key[1 - i], MILLISECOND);
			ck_assert_int_eq(taskpool_submit(stage.pool, stage.key[i], wait_in_slices, &slicers[i]), 0);
		}
		ck_assert_int_eq(taskpool_wait(stage.pool, TASKPOOL_FOREVER), 0);
		ck_assert((slicers[0].result == 0) != (slicers[1].result == 0));
		ck_assert((slicers[0].result == -EDEADLK) != (slicers[1].result == -EDEADLK));
		pthread_barrier_destroy(&barrier);
	}
	taskpool_free(stage.pool);
}
END_TEST

static void wait_for_a_child(struct taskpool_context *context, void *arg)
{
	struct taskpool *pool = taskpool_context_pool(context);
	struct taskpool_job *child;
	struct taskpool_task task = make_task(NULL, nothing_job, NULL);
	int *result = arg;

	expect(taskpool_submit_task(pool, &task, &child) == 0);
	*result = taskpool_job_wait(child, LONG);
	taskpool_job_unref(child);
}

START_TEST(a_manual_pool_may_be_strict)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;
	int result = 1;

	options.workers = 1;
	options.flags = TASKPOOL_MANUAL | TASKPOOL_STRICT;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", wait_for_a_child, &result), 0);
	ck_assert_int_eq(taskpool_key_wait(pool, "key", 3, MILLISECOND), -ETIMEDOUT); /* outside: as ever */
	ck_assert_int_eq(taskpool_run(pool, 1, 0), 1);
	ck_assert_int_eq(result, -EDEADLK);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_manual_pool_may_be_strict, NULL };
	const TTest *placed[] = {
		circles_of_waits_with_timeouts_are_refused,
		circles_through_two_strict_pools_are_refused,
		the_only_worker_may_not_wait_for_a_queued_job_with_a_timeout,
		the_wait_that_leaves_no_worker_is_refused,
		waits_for_itself_are_refused_as_ever,
		a_wait_that_is_over_is_in_nobodys_way,
		a_stop_with_timeouts_is_refused,
		a_wait_for_the_job_that_stops_the_pool_with_timeouts_is_refused,
		of_jobs_that_wait_in_slices_just_one_is_refused,
		NULL,
	};

	return run_suite("strict", tests, placed);
}
