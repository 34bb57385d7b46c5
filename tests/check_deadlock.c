/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Jobs that wait for each other: the wait that closes a circle is refused, and no other.
 */
#include <config.h>

#include "actors.h"
#include "suite.h"

#define MAX_CIRCLE 5

enum way { BY_KEY, BY_JOB, BY_POOL };

static struct order wait_for(const struct actor *actor, enum way way, int64_t timeout)
{
	if (way == BY_KEY)
		return for_key(actor->pool, actor->key, timeout);
	return way == BY_JOB ? for_job(actor->job, timeout) : for_pool(actor->pool, timeout);
}

static struct order wait_for_ever(const struct actor *actor, enum way way)
{
	return wait_for(actor, way, TASKPOOL_FOREVER);
}

/* Actor i in key i of the stage. */
static void start_actors(struct stage *stage, struct actor *actors, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		actor_start(&actors[i], stage->pool, stage->key[i]);
}

/* Nobody waits any more for the one that leaves first; each of the others waits for the one after it. */
static void unwind(struct actor *actors, unsigned count, unsigned first)
{
	for (unsigned n = 0; n < count; n++) {
		unsigned i = (first + count - n) % count;

		if (n > 0)
			ck_assert_int_eq(actor_result(&actors[i]), 0);
		for (unsigned k = n + 1; k < count; k++)
			ck_assert(!actor_returned(&actors[(first + count - k) % count]));
		actor_leave(&actors[i]);
	}
}

/* Each waits for the next one, the last for the first. The wait of `closing` is made last. */
static void refuse_circle(struct actor *actors, unsigned count, const enum way *ways, unsigned closing)
{
	for (unsigned i = 0; i < count; i++)
		if (i != closing)
			actor_block(&actors[i], wait_for_ever(&actors[(i + 1) % count], ways[i]));
	for (unsigned again = 0; again < 2; again++) {
		struct order order = wait_for_ever(&actors[(closing + 1) % count], ways[closing]);

		ck_assert_int_eq(actor_do(&actors[closing], order), -EDEADLK);
	}
	unwind(actors, count, closing);
}

/* The `number`-th of all combinations of `choices` ways. */
static void choose_ways(enum way *ways, unsigned count, unsigned choices, unsigned number)
{
	for (unsigned i = 0; i < count; i++, number /= choices)
		ways[i] = (enum way)(number % choices);
}

static void refuse_circles(unsigned placement, unsigned count, unsigned combinations, bool in_end)
{
	struct actor actors[MAX_CIRCLE] = { { .acts_in_end = in_end }, { 0 }, { .acts_in_end = in_end } };
	enum way ways[MAX_CIRCLE];
	struct stage stage;

	stage_start(&stage, count, placement);
	for (unsigned number = 0; number < combinations; number++) {
		choose_ways(ways, count, 2, number);
		start_actors(&stage, actors, count);
		refuse_circle(actors, count, ways, number % count);
	}
	taskpool_free(stage.pool);
}

START_TEST(circles_of_two_jobs_are_refused)
{
	for (unsigned i = 0; i < 5; i++)
		refuse_circles((unsigned)_i, 2, 4, false);
}
END_TEST

START_TEST(circles_of_three_jobs_are_refused)
{
	refuse_circles((unsigned)_i, 3, 8, false);
}
END_TEST

START_TEST(circles_of_five_jobs_are_refused)
{
	refuse_circles((unsigned)_i, 5, 32, false);
}
END_TEST

START_TEST(circles_of_jobs_in_end_are_refused)
{
	refuse_circles((unsigned)_i, 2, 4, true);
	refuse_circles((unsigned)_i, 3, 8, true);
}
END_TEST

/* One job in each pool of one worker: then a wait for the pool is one more way. */
static void refuse_circles_across_pools(unsigned placement, unsigned count, unsigned combinations)
{
	struct actor actors[3] = { { 0 } };
	struct stage stages[3];
	enum way ways[3];

	for (unsigned i = 0; i < count; i++)
		stage_start(&stages[i], 1, placement);
	for (unsigned number = 0; number < combinations; number++) {
		choose_ways(ways, count, 3, number);
		for (unsigned i = 0; i < count; i++)
			actor_start(&actors[i], stages[i].pool, "key"); /* the same in all: it is another one */
		refuse_circle(actors, count, ways, number % count);
	}
	for (unsigned i = 0; i < count; i++)
		taskpool_free(stages[i].pool);
}

START_TEST(circles_across_two_pools_are_refused)
{
	refuse_circles_across_pools((unsigned)_i, 2, 9);
}
END_TEST

START_TEST(circles_across_three_pools_are_refused)
{
	refuse_circles_across_pools((unsigned)_i, 3, 27);
}
END_TEST

START_TEST(a_circle_of_jobs_without_keys_is_refused)
{
	struct taskpool *pool = start_pool(3, 0, TASKPOOL_FLOATING);
	static const enum way ways[3] = { BY_JOB, BY_JOB, BY_JOB };
	struct actor actors[3] = { { 0 } };

	for (unsigned i = 0; i < 3; i++)
		actor_start(&actors[i], pool, NULL);
	refuse_circle(actors, 3, ways, 1);
	taskpool_free(pool);
}
END_TEST

/* A waits for a job that B's job comes before. */
START_TEST(a_circle_through_the_queue_of_a_key_is_refused)
{
	struct actor a = { 0 }, b = { 0 }, queued = { 0 };
	struct stage stage;

	stage_start(&stage, 3, (unsigned)_i);
	for (enum way way = BY_KEY; way <= BY_JOB; way++) {
		actor_start(&a, stage.pool, stage.key[0]);
		actor_start(&b, stage.pool, stage.key[1]);
		actor_submit(&queued, stage.pool, stage.key[1]);
		actor_block(&a, wait_for_ever(&queued, way));
		ck_assert_int_eq(actor_do(&b, wait_for_ever(&a, BY_KEY)), -EDEADLK);
		ck_assert_int_eq(actor_do(&b, wait_for_ever(&a, BY_JOB)), -EDEADLK);
		ck_assert_int_eq(actor_do(&b, wait_for_ever(&queued, BY_JOB)), -EDEADLK); /* it is behind b */
		ck_assert(!actor_returned(&a));
		actor_leave(&b);
		actor_await(&queued);
		ck_assert(actor_blocks(&a));
		actor_leave(&queued);
		ck_assert_int_eq(actor_result(&a), 0);
		actor_leave(&a);
	}
	taskpool_free(stage.pool);
}
END_TEST

/* A waits for a delayed job of b's key; b came later, and is before it all the same. */
START_TEST(a_circle_through_a_delayed_job_is_refused)
{
	struct actor a = { 0 }, b = { 0 }, delayed = { .delay = 300 * MILLISECOND };
	struct stage stage;

	stage_start(&stage, 3, (unsigned)_i);
	for (enum way way = BY_KEY; way <= BY_JOB; way++) {
		actor_start(&a, stage.pool, stage.key[0]);
		actor_submit(&delayed, stage.pool, stage.key[1]);
		actor_block(&a, wait_for_ever(&delayed, way));
		actor_start(&b, stage.pool, stage.key[1]);
		ck_assert_int_eq(actor_do(&b, wait_for_ever(&a, BY_KEY)), -EDEADLK);
		ck_assert_int_eq(actor_do(&b, wait_for_ever(&a, BY_JOB)), -EDEADLK);
		ck_assert_int_eq(actor_do(&b, for_job(delayed.job, TASKPOOL_FOREVER)), -EDEADLK);
		ck_assert(!actor_started(&delayed));
		actor_leave(&b);
		actor_await(&delayed);
		actor_leave(&delayed);
		ck_assert_int_eq(actor_result(&a), 0);
		actor_leave(&a);
	}
	taskpool_free(stage.pool);
}
END_TEST

/* A key wait speaks of the jobs accepted before: those that come later close no circle. */
START_TEST(a_job_that_came_later_is_no_part_of_a_circle)
{
	struct actor a = { 0 }, b = { 0 }, later = { 0 };
	struct stage stage;

	stage_start(&stage, 3, (unsigned)_i);
	actor_start(&a, stage.pool, stage.key[0]);
	actor_start(&b, stage.pool, stage.key[1]);
	actor_block(&a, wait_for_ever(&b, BY_KEY));
	actor_submit(&later, stage.pool, stage.key[1]);
	actor_leave(&b);
	ck_assert_int_eq(actor_result(&a), 0);
	actor_await(&later);
	actor_block(&later, wait_for_ever(&a, BY_KEY));
	actor_leave(&a);
	ck_assert_int_eq(actor_result(&later), 0);
	actor_leave(&later);
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(a_refused_wait_leaves_nothing_behind)
{
	struct actor actors[3] = { { 0 } }, *a = &actors[0], *b = &actors[1], *c = &actors[2];
	struct stage stage;

	stage_start(&stage, 3, (unsigned)_i);
	start_actors(&stage, actors, 3);
	actor_block(a, wait_for_ever(b, BY_KEY));
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(actor_do(b, wait_for_ever(a, i % 2 ? BY_KEY : BY_JOB)), -EDEADLK);
	actor_block(b, wait_for_ever(c, BY_KEY));
	ck_assert_int_eq(actor_do(c, wait_for_ever(a, BY_KEY)), -EDEADLK);
	ck_assert_int_eq(actor_do(c, wait_for_ever(b, BY_KEY)), -EDEADLK);
	unwind(actors, 3, 2);
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(a_wait_that_timed_out_leaves_nothing_behind)
{
	struct actor actors[2] = { { 0 } };
	struct stage stage;

	stage_start(&stage, 2, (unsigned)_i);
	start_actors(&stage, actors, 2);
	for (enum way way = BY_KEY; way <= BY_JOB; way++)
		ck_assert_int_eq(actor_do(&actors[1], wait_for(&actors[0], way, MILLISECOND)), -ETIMEDOUT);
	actor_block(&actors[0], wait_for_ever(&actors[1], BY_KEY));
	unwind(actors, 2, 1);
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(timed_waits_in_a_circle_time_out)
{
	struct actor a = { 0 }, b = { 0 };
	struct stage stage;

	stage_start(&stage, 2, (unsigned)_i);
	for (enum way way = BY_KEY; way <= BY_JOB; way++) {
		actor_start(&a, stage.pool, stage.key[0]);
		actor_start(&b, stage.pool, stage.key[1]);
		actor_tell(&a, wait_for(&b, way, 40 * MILLISECOND));
		ck_assert_int_eq(actor_do(&b, wait_for(&a, way, 0)), -ETIMEDOUT);
		ck_assert_int_eq(actor_do(&b, wait_for(&a, way, 10 * MILLISECOND)), -ETIMEDOUT);
		ck_assert_int_eq(actor_result(&a), -ETIMEDOUT);
		actor_block(&a, wait_for_ever(&b, way));
		ck_assert_int_eq(actor_do(&b, wait_for(&a, way, 0)), -ETIMEDOUT);
		ck_assert_int_eq(actor_do(&b, wait_for(&a, way, 10 * MILLISECOND)), -ETIMEDOUT);
		ck_assert(!actor_returned(&a));
		actor_leave(&b);
		ck_assert_int_eq(actor_result(&a), 0);
		actor_leave(&a);
	}
	taskpool_free(stage.pool);
}
END_TEST

/* It will end, and then the other one can: so neither could wait for ever. */
START_TEST(a_circle_with_a_timed_wait_is_no_circle)
{
	struct actor a = { 0 }, b = { 0 };
	struct stage stage;

	stage_start(&stage, 2, (unsigned)_i);
	for (enum way way = BY_KEY; way <= BY_JOB; way++) {
		actor_start(&a, stage.pool, stage.key[0]);
		actor_start(&b, stage.pool, stage.key[1]);
		actor_tell(&a, wait_for(&b, way, 40 * MILLISECOND));
		actor_tell(&b, wait_for_ever(&a, way));
		ck_assert_int_eq(actor_result(&a), -ETIMEDOUT);
		ck_assert(actor_blocks(&b));
		actor_leave(&a);
		ck_assert_int_eq(actor_result(&b), 0);
		actor_leave(&b);
	}
	taskpool_free(stage.pool);
}
END_TEST

struct round_table {
	pthread_barrier_t barrier;
	struct round_table_seat {
		struct round_table *table;
		struct order order;
		_Atomic int result;
	} seat[3];
};

static void wait_all_at_once(struct taskpool_context *context, void *arg)
{
	struct round_table_seat *seat = arg;

	(void)context;
	pthread_barrier_wait(&seat->table->barrier);
	seat->result = carry_out(seat->order);
}

/* Whichever comes last is refused, and lets the others go. */
static void close_circle_at_once(struct stage *stage, unsigned count, bool by_job)
{
	struct taskpool_job *jobs[3];
	struct round_table table;
	unsigned refused = 0;

	pthread_barrier_init(&table.barrier, NULL, count + 1);
	for (unsigned i = 0; i < count; i++) {
		struct taskpool_task task = make_task(stage->key[i], wait_all_at_once, &table.seat[i]);

		table.seat[i].table = &table;
		ck_assert_int_eq(taskpool_submit_task(stage->pool, &task, &jobs[i]), 0);
	}
	for (unsigned i = 0; i < count; i++) {
		unsigned next = (i + 1) % count;

		table.seat[i].order = by_job ? for_job(jobs[next], TASKPOOL_FOREVER) :
					       for_key(stage->pool, stage->key[next], TASKPOOL_FOREVER);
	}
	pthread_barrier_wait(&table.barrier);
	for (unsigned i = 0; i < count; i++) {
		ck_assert_int_eq(taskpool_job_wait(jobs[i], TASKPOOL_FOREVER), 0);
		refused += table.seat[i].result == -EDEADLK;
		ck_assert(table.seat[i].result == 0 || table.seat[i].result == -EDEADLK);
	}
	for (unsigned i = 0; i < count; i++)
		taskpool_job_unref(jobs[i]);
	ck_assert_uint_eq(refused, 1);
	pthread_barrier_destroy(&table.barrier);
}

START_TEST(of_waits_made_at_once_just_one_is_refused)
{
	for (unsigned count = 2; count <= 3; count++) {
		struct stage stage;

		stage_start(&stage, count, (unsigned)_i);
		for (unsigned round = 0; round < 500; round++)
			close_circle_at_once(&stage, count, round % 2);
		taskpool_free(stage.pool);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_circle_of_jobs_without_keys_is_refused, NULL };
	const TTest *placed[] = {
		circles_of_two_jobs_are_refused,
		circles_of_three_jobs_are_refused,
		circles_of_five_jobs_are_refused,
		circles_of_jobs_in_end_are_refused,
		circles_across_two_pools_are_refused,
		circles_across_three_pools_are_refused,
		a_circle_through_the_queue_of_a_key_is_refused,
		a_circle_through_a_delayed_job_is_refused,
		a_job_that_came_later_is_no_part_of_a_circle,
		a_refused_wait_leaves_nothing_behind,
		a_wait_that_timed_out_leaves_nothing_behind,
		timed_waits_in_a_circle_time_out,
		a_circle_with_a_timed_wait_is_no_circle,
		of_waits_made_at_once_just_one_is_refused,
		NULL,
	};

	return run_suite("deadlock", tests, placed);
}
