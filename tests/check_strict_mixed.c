/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * TASKPOOL_STRICT beside pools without it, and which threads are inside of a strict pool.
 */
#include <config.h>

#include <string.h>

#include "actors.h"
#include "suite.h"

/* Ends the wait for a job, and then the job that waited. */
static void cancel_for(struct actor *queued, struct actor *waiting)
{
	actor_cancel(queued);
	actor_end_wait(waiting);
}

/* A in a strict pool, b in another one, and behind b a job that can be canceled: to wait for it is to wait for b. */
struct mixed {
	struct taskpool *strict, *plain;
	struct actor a, b, queued;
};

static void mixed_start(struct mixed *mixed, unsigned placement)
{
	*mixed = (struct mixed){ .strict = start_strict_pool(2, placement), .plain = start_pool(1, 0, placement) };
	actor_start(&mixed->a, mixed->strict, "key");
	actor_start(&mixed->b, mixed->plain, "key");
	actor_submit(&mixed->queued, mixed->plain, "key");
}

static void mixed_end(struct mixed *mixed)
{
	taskpool_free(mixed->strict);
	taskpool_free(mixed->plain);
}

/* What closes a circle with a. */
static struct order towards_a(const struct mixed *mixed, unsigned way)
{
	switch (way) {
	case 0: return for_ever(&mixed->a, false);
	case 1: return for_ever(&mixed->a, true);
	case 2: return for_pool(mixed->strict, TASKPOOL_FOREVER);
	default: return stop_pool(mixed->strict);
	}
}

START_TEST(a_wait_elsewhere_is_not_refused_for_a_circle_with_a_timeout)
{
	struct mixed mixed;

	for (unsigned way = 0; way < 4; way++) {
		mixed_start(&mixed, (unsigned)_i);
		actor_block(&mixed.a, for_job(mixed.queued.job, LONG));
		actor_block(&mixed.b, towards_a(&mixed, way));
		cancel_for(&mixed.queued, &mixed.a);
		actor_end_wait(&mixed.b);
		mixed_end(&mixed);
	}
}
END_TEST

/* Should that be before b waits, nothing is different for b. */
START_TEST(a_wait_elsewhere_ends_when_the_timeout_has_passed)
{
	struct mixed mixed;

	for (unsigned way = 0; way < 3; way++) {
		mixed_start(&mixed, (unsigned)_i);
		actor_tell(&mixed.a, for_job(mixed.queued.job, 50 * MILLISECOND));
		actor_blocks(&mixed.a); /* b must not be the first of them */
		actor_tell(&mixed.b, towards_a(&mixed, way));
		ck_assert_int_eq(actor_result(&mixed.a), -ETIMEDOUT);
		ck_assert(actor_blocks(&mixed.b));
		actor_cancel(&mixed.queued);
		actor_leave(&mixed.a);
		actor_end_wait(&mixed.b);
		mixed_end(&mixed);
	}
}
END_TEST

START_TEST(a_wait_elsewhere_is_refused_for_a_circle_without_a_timeout)
{
	struct mixed mixed;

	for (unsigned way = 0; way < 4; way++) {
		mixed_start(&mixed, (unsigned)_i);
		actor_block(&mixed.a, for_job(mixed.queued.job, TASKPOOL_FOREVER));
		ck_assert_int_eq(actor_do(&mixed.b, towards_a(&mixed, way)), -EDEADLK);
		cancel_for(&mixed.queued, &mixed.a);
		actor_leave(&mixed.b);
		mixed_end(&mixed);
	}
}
END_TEST

START_TEST(a_strict_wait_may_not_close_a_circle_with_one_elsewhere)
{
	struct mixed mixed;

	for (unsigned way = 0; way < 3; way++) {
		mixed_start(&mixed, (unsigned)_i);
		actor_block(&mixed.b, towards_a(&mixed, way));
		actor_refused(&mixed.a, &mixed.b);
		actor_refused(&mixed.a, &mixed.queued);
		ck_assert_int_eq(actor_do(&mixed.a, for_pool(mixed.plain, LONG)), -EDEADLK);
		ck_assert(!actor_returned(&mixed.b));
		actor_cancel(&mixed.queued);
		actor_leave(&mixed.a);
		actor_end_wait(&mixed.b);
		mixed_end(&mixed);
	}
}
END_TEST

/* It will end: that holds for a timeout in a pool that is not strict as it ever did. */
START_TEST(a_strict_wait_may_rely_on_a_timeout_elsewhere)
{
	struct mixed mixed;

	mixed_start(&mixed, (unsigned)_i);
	actor_block(&mixed.b, for_actor(&mixed.a, false, LONG));
	actor_block(&mixed.a, for_job(mixed.queued.job, LONG));
	cancel_for(&mixed.queued, &mixed.a);
	actor_end_wait(&mixed.b);
	mixed_end(&mixed);
}
END_TEST

/* A and b wait for each other until a's time is over; c must not count on that, d may. */
START_TEST(a_strict_wait_may_not_rely_on_a_strict_timeout)
{
	struct taskpool *other = start_pool(1, 0, (unsigned)_i);
	struct actor c = { 0 }, d = { 0 };
	struct mixed mixed;
	unsigned number = 0;
	char key[32];

	mixed_start(&mixed, (unsigned)_i);
	key_at_home(key, "key ", &number, 2, 1 - mixed.a.worker);
	actor_start(&c, mixed.strict, key);
	actor_start(&d, other, "key");
	actor_block(&mixed.a, for_job(mixed.queued.job, LONG));
	actor_block(&mixed.b, for_ever(&mixed.a, true));
	actor_refused(&c, &mixed.b);
	actor_block(&d, for_ever(&mixed.b, false));
	cancel_for(&mixed.queued, &mixed.a);
	ck_assert_int_eq(actor_result(&mixed.b), 0);
	actor_block(&c, for_job(mixed.b.job, LONG));
	actor_leave(&mixed.b);
	actor_end_wait(&c);
	actor_end_wait(&d);
	taskpool_free(other);
	mixed_end(&mixed);
}
END_TEST

/* ---- Not in run: ends of canceled jobs, and hooks ---- */

struct errand {
	struct order order;
	struct taskpool_job *victim;
	_Atomic int result;
};

static void wait_in_end(void *arg, int outcome)
{
	struct errand *errand = arg;

	expect(outcome == TASKPOOL_CANCELED);
	errand->result = carry_out(errand->order);
}

/* A job that never runs: it is canceled, and then waits. */
static void submit_victim(struct errand *errand, struct taskpool *pool, const char *key)
{
	struct taskpool_task task = make_task(key, forbidden_job, errand);

	task.end = wait_in_end;
	ck_assert_int_eq(taskpool_key_pause(pool, key, strlen(key)), 0);
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &errand->victim), 0);
}

/* This thread is none of a job's, but for the time in which it ends one. */
START_TEST(who_ends_jobs_of_a_strict_pool_is_inside)
{
	struct errand errand = { .result = 1 };
	struct actor a = { 0 };
	struct stage stage;

	stage_start_strict(&stage, 2, (unsigned)_i);
	actor_start(&a, stage.pool, stage.key[0]);
	submit_victim(&errand, stage.pool, stage.key[1]);
	actor_block(&a, for_job(errand.victim, LONG));
	errand.order = for_actor(&a, _i, LONG);
	ck_assert_int_eq(carry_out(for_actor(&a, _i, MILLISECOND)), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_job_cancel(errand.victim), 0);
	ck_assert_int_eq(errand.result, -EDEADLK);
	taskpool_job_unref(errand.victim);
	actor_end_wait(&a);
	taskpool_free(stage.pool);
}
END_TEST

static void cancel_victim(struct taskpool_context *context, void *arg)
{
	struct errand *errand = arg;

	(void)context;
	expect(taskpool_job_cancel(errand->victim) == 0);
}

/* A job of a strict pool ends one of another pool, or the other way round. */
START_TEST(it_is_enough_that_one_pool_of_the_thread_is_strict)
{
	for (unsigned i = 0; i < 2; i++) {
		struct taskpool *strict = start_strict_pool(1, (unsigned)_i), *plain = start_pool(1, 0, (unsigned)_i);
		struct taskpool *inner = i ? strict : plain, *outer = i ? plain : strict;
		struct taskpool *third = start_pool(1, 0, (unsigned)_i);
		struct errand errand = { .result = 1 };
		struct actor b = { 0 };

		actor_start(&b, third, "key");
		submit_victim(&errand, inner, "victim");
		errand.order = for_key(third, "key", LONG);
		ck_assert_int_eq(taskpool_key_pause(outer, "key", 3), 0);
		ck_assert_int_eq(taskpool_submit(outer, "key", cancel_victim, &errand), 0);
		actor_block(&b, for_key(outer, "key", TASKPOOL_FOREVER));
		ck_assert_int_eq(taskpool_key_resume(outer, "key", 3), 0);
		actor_end_wait(&b);
		ck_assert_int_eq(errand.result, -EDEADLK);
		taskpool_job_unref(errand.victim);
		taskpool_free(strict);
		taskpool_free(plain);
		taskpool_free(third);
	}
}
END_TEST

static void *wait_in_hook(void *user, unsigned worker)
{
	struct errand *errand = user;

	(void)worker;
	errand->result = carry_out(errand->order);
	return NULL;
}

/* B waits for a job of a pool whose only worker begins by waiting for b. */
START_TEST(hooks_of_a_strict_pool_are_inside)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *plain = start_pool(1, 0, (unsigned)_i), *strict;
	struct errand errand = { .order = for_key(plain, "key", LONG), .result = 1 };
	struct actor b = { 0 };

	options.workers = 1;
	options.placement = (unsigned)_i;
	options.flags = TASKPOOL_STRICT;
	options.worker_start = wait_in_hook;
	options.user = &errand;
	ck_assert_int_eq(taskpool_new_with(&strict, &options), 0);
	ck_assert_int_eq(taskpool_submit(strict, "key", nothing_job, NULL), 0);
	actor_start(&b, plain, "key");
	actor_block(&b, for_key(strict, "key", TASKPOOL_FOREVER));
	ck_assert_int_eq(taskpool_start(strict), 0);
	actor_end_wait(&b);
	ck_assert_int_eq(errand.result, -EDEADLK);
	taskpool_free(plain);
	taskpool_free(strict);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_wait_elsewhere_is_not_refused_for_a_circle_with_a_timeout,
		a_wait_elsewhere_ends_when_the_timeout_has_passed,
		a_wait_elsewhere_is_refused_for_a_circle_without_a_timeout,
		a_strict_wait_may_not_close_a_circle_with_one_elsewhere,
		a_strict_wait_may_rely_on_a_timeout_elsewhere,
		a_strict_wait_may_not_rely_on_a_strict_timeout,
		who_ends_jobs_of_a_strict_pool_is_inside,
		it_is_enough_that_one_pool_of_the_thread_is_strict,
		hooks_of_a_strict_pool_are_inside,
		NULL,
	};

	return run_suite("strict mixed", NULL, placed);
}
