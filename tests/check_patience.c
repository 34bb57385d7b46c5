/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Waits of jobs that look like a deadlock and are none: they end by themselves, or from outside.
 */
#include <config.h>

#include <string.h>

#include "actors.h"
#include "suite.h"

/* Just enough of an actor to be waited for. */
static void submit_extra(struct actor *extra, struct taskpool *pool, const char *key, int64_t delay, int64_t ttl)
{
	struct taskpool_task task = make_task(key, nothing_job, NULL);

	task.delay = delay;
	task.ttl = ttl;
	*extra = (struct actor){ .pool = pool, .key = key };
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &extra->job), 0);
}

static void release(struct actor *extra, int outcome)
{
	ck_assert_int_eq(taskpool_job_wait(extra->job, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_job_outcome(extra->job), outcome);
	taskpool_job_unref(extra->job);
}

START_TEST(a_chain_of_five_waits_ends_from_its_end)
{
	struct actor actors[5] = { { 0 } };
	struct stage stage;

	stage_start(&stage, 5, (unsigned)_i);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 5; i++)
			actor_start(&actors[i], stage.pool, stage.key[i]);
		for (unsigned n = 0; n < 4; n++) {
			unsigned i = round % 2 ? n : 3 - n; /* from its beginning, or from its end */

			actor_block(&actors[i], for_ever(&actors[i + 1], (i + round) % 3 == 0));
		}
		for (unsigned i = 5; i-- > 0;) {
			if (i < 4)
				ck_assert_int_eq(actor_result(&actors[i]), 0);
			actor_leave(&actors[i]);
		}
	}
	taskpool_free(stage.pool);
}
END_TEST

/* B and C wait for D, A for B and then for C. */
START_TEST(a_diamond_of_waits_ends)
{
	struct actor actors[4] = { { 0 } }, *a = &actors[0], *b = &actors[1], *c = &actors[2], *d = &actors[3];
	struct stage stage;

	stage_start(&stage, 4, (unsigned)_i);
	for (unsigned i = 0; i < 4; i++)
		actor_start(&actors[i], stage.pool, stage.key[i]);
	actor_block(a, for_ever(b, false));
	actor_block(c, for_ever(d, true));
	actor_block(b, for_ever(d, false));
	actor_leave(d);
	ck_assert_int_eq(actor_result(b), 0);
	ck_assert_int_eq(actor_result(c), 0);
	ck_assert(actor_blocks(a));
	actor_leave(b);
	ck_assert_int_eq(actor_result(a), 0);
	actor_block(a, for_ever(c, true));
	actor_leave(c);
	ck_assert_int_eq(actor_result(a), 0);
	actor_leave(a);
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(waits_for_what_has_ended_return_at_once)
{
	struct actor a = { 0 }, ended;
	struct stage stage;

	stage_start(&stage, 1, (unsigned)_i);
	submit_extra(&ended, stage.pool, stage.key[1], 0, 0);
	ck_assert_int_eq(taskpool_job_wait(ended.job, TASKPOOL_FOREVER), 0);
	actor_start(&a, stage.pool, stage.key[0]);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(actor_do(&a, for_ever(&ended, i % 2)), 0);
	ck_assert_int_eq(actor_do(&a, for_job(ended.job, 0)), 0);
	ck_assert_int_eq(actor_do(&a, for_key(stage.pool, "never seen", 0)), 0);
	ck_assert_int_eq(actor_do(&a, for_key(stage.pool, "never seen", TASKPOOL_FOREVER)), 0);
	actor_leave(&a);
	release(&ended, TASKPOOL_RAN);
	taskpool_free(stage.pool);
}
END_TEST

static void *wait_outside(void *arg)
{
	struct order *order = arg;

	expect(carry_out(*order) == 0);
	return NULL;
}

/* Threads that are no jobs hold nothing that anybody waits for. */
START_TEST(threads_outside_of_the_pool_close_no_circle)
{
	struct actor a = { 0 }, b = { 0 };
	struct order orders[3];
	pthread_t threads[3];
	struct stage stage;

	stage_start(&stage, 2, (unsigned)_i);
	actor_start(&a, stage.pool, stage.key[0]);
	actor_start(&b, stage.pool, stage.key[1]);
	orders[0] = for_ever(&a, false);
	orders[1] = for_job(taskpool_job_ref(b.job), TASKPOOL_FOREVER);
	orders[2] = for_pool(stage.pool, TASKPOOL_FOREVER);
	for (unsigned i = 0; i < 3; i++)
		threads[i] = spawn(wait_outside, &orders[i]);
	actor_block(&a, for_ever(&b, _i));
	actor_leave(&b);
	ck_assert_int_eq(actor_result(&a), 0);
	actor_leave(&a);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	taskpool_job_unref(orders[1].job);
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(a_paused_key_is_no_deadlock)
{
	struct stage stage;

	stage_start(&stage, 2, (unsigned)_i);
	for (unsigned i = 0; i < 2; i++) {
		const char *key = stage.key[1];
		struct actor a = { 0 }, paused;

		ck_assert_int_eq(taskpool_key_pause(stage.pool, key, strlen(key)), 0);
		submit_extra(&paused, stage.pool, key, 0, 0);
		actor_start(&a, stage.pool, stage.key[0]);
		actor_block(&a, for_ever(&paused, i));
		ck_assert_int_eq(taskpool_key_resume(stage.pool, key, strlen(key)), 0);
		ck_assert_int_eq(actor_result(&a), 0);
		release(&paused, TASKPOOL_RAN);
		actor_leave(&a);
	}
	taskpool_free(stage.pool);
}
END_TEST

/* A waits for B's key, which is paused; behind B waits another. */
START_TEST(a_paused_key_whose_job_runs_is_no_deadlock)
{
	struct actor a = { 0 }, b = { 0 }, behind;
	const char *key;
	struct stage stage;

	stage_start(&stage, 2, (unsigned)_i);
	key = stage.key[1];
	actor_start(&a, stage.pool, stage.key[0]);
	actor_start(&b, stage.pool, key);
	ck_assert_int_eq(taskpool_key_pause(stage.pool, key, strlen(key)), 0);
	submit_extra(&behind, stage.pool, key, 0, 0);
	actor_block(&a, for_ever(&b, false));
	actor_leave(&b);
	ck_assert(actor_blocks(&a));
	ck_assert_int_eq(taskpool_key_resume(stage.pool, key, strlen(key)), 0);
	ck_assert_int_eq(actor_result(&a), 0);
	actor_leave(&a);
	release(&behind, TASKPOOL_RAN);
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(a_delayed_job_is_no_deadlock)
{
	struct stage stage;

	stage_start(&stage, 2, (unsigned)_i);
	for (unsigned i = 0; i < 2; i++) {
		struct actor a = { 0 }, delayed;
		int64_t begin = now();

		submit_extra(&delayed, stage.pool, stage.key[1], 30 * MILLISECOND, 0);
		actor_start(&a, stage.pool, stage.key[0]);
		ck_assert_int_eq(actor_do(&a, for_ever(&delayed, i)), 0);
		ck_assert_int_ge(now() - begin, 30 * MILLISECOND);
		release(&delayed, TASKPOOL_RAN);
		actor_leave(&a);
	}
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(the_only_worker_may_not_wait_for_a_delayed_job)
{
	struct actor a = { 0 }, delayed;
	struct stage stage;

	stage_start(&stage, 1, (unsigned)_i);
	submit_extra(&delayed, stage.pool, stage.key[1], 30 * MILLISECOND, 0);
	actor_start(&a, stage.pool, stage.key[0]);
	ck_assert_int_eq(actor_do(&a, for_ever(&delayed, false)), -EDEADLK);
	ck_assert_int_eq(actor_do(&a, for_ever(&delayed, true)), -EDEADLK);
	actor_leave(&a);
	release(&delayed, TASKPOOL_RAN);
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(a_key_with_a_limit_is_no_deadlock)
{
	struct actor a = { 0 }, first, limited;
	struct stage stage;

	stage_start(&stage, 2, (unsigned)_i);
	ck_assert_int_eq(taskpool_key_limit(stage.pool, stage.key[1], strlen(stage.key[1]), 30 * MILLISECOND, 1), 0);
	submit_extra(&first, stage.pool, stage.key[1], 0, 0);
	submit_extra(&limited, stage.pool, stage.key[1], 0, 0);
	actor_start(&a, stage.pool, stage.key[0]);
	ck_assert_int_eq(actor_do(&a, for_ever(&limited, _i)), 0);
	actor_leave(&a);
	release(&first, TASKPOOL_RAN);
	release(&limited, TASKPOOL_RAN);
	taskpool_free(stage.pool);
}
END_TEST

/* C waits for a job behind A, which blocks; that job expires, since a worker idles. */
START_TEST(a_job_that_expires_behind_a_blocked_one_is_no_deadlock)
{
	struct actor a = { 0 }, b = { 0 }, c = { 0 }, expiring;
	struct stage stage;

	stage_start(&stage, 4, (unsigned)_i);
	actor_start(&a, stage.pool, stage.key[0]);
	actor_start(&b, stage.pool, stage.key[1]);
	actor_start(&c, stage.pool, stage.key[2]);
	submit_extra(&expiring, stage.pool, stage.key[0], 0, 30 * MILLISECOND);
	actor_block(&a, for_ever(&b, false));
	ck_assert_int_eq(actor_do(&c, for_ever(&expiring, true)), 0);
	release(&expiring, TASKPOOL_EXPIRED);
	ck_assert(actor_blocks(&a));
	actor_leave(&b);
	ck_assert_int_eq(actor_result(&a), 0);
	actor_leave(&a);
	actor_leave(&c);
	taskpool_free(stage.pool);
}
END_TEST

/* A waits for c, and c for a job behind a: it will not be there for ever, since a worker idles. */
START_TEST(a_circle_that_an_expiry_breaks_is_no_circle)
{
	struct actor a = { 0 }, c = { 0 }, expiring;
	struct stage stage;

	stage_start(&stage, 3, (unsigned)_i);
	actor_start(&a, stage.pool, stage.key[0]);
	actor_start(&c, stage.pool, stage.key[1]);
	submit_extra(&expiring, stage.pool, stage.key[0], 0, 50 * MILLISECOND);
	actor_tell(&c, for_ever(&expiring, true));
	actor_tell(&a, for_ever(&c, false));
	ck_assert_int_eq(actor_result(&c), 0);
	release(&expiring, TASKPOOL_EXPIRED);
	ck_assert(actor_blocks(&a));
	actor_leave(&c);
	ck_assert_int_eq(actor_result(&a), 0);
	actor_leave(&a);
	taskpool_free(stage.pool);
}
END_TEST

/* It can be canceled whatever stands before it. */
START_TEST(a_wait_ends_when_what_it_waits_for_is_canceled)
{
	struct stage stage;

	stage_start(&stage, 3, (unsigned)_i);
	for (unsigned i = 0; i < 4; i++) {
		struct actor a = { 0 }, b = { 0 }, queued;

		actor_start(&a, stage.pool, stage.key[0]);
		actor_start(&b, stage.pool, stage.key[1]);
		submit_extra(&queued, stage.pool, stage.key[1], 0, 0);
		actor_block(&a, for_job(queued.job, TASKPOOL_FOREVER));
		if (i % 2)
			ck_assert_int_eq(taskpool_job_cancel(queued.job), 0);
		else
			ck_assert_int_eq(taskpool_key_cancel(stage.pool, stage.key[1], strlen(stage.key[1])), 1);
		ck_assert_int_eq(actor_result(&a), 0);
		release(&queued, TASKPOOL_CANCELED);
		actor_block(&a, for_ever(&b, i / 2));
		actor_leave(&b);
		ck_assert_int_eq(actor_result(&a), 0);
		actor_leave(&a);
	}
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(a_wait_ends_when_a_stop_cancels_what_it_waits_for)
{
	struct actor a = { 0 }, b = { 0 }, queued;
	struct stage stage;

	stage_start(&stage, 2, (unsigned)_i);
	actor_start(&a, stage.pool, stage.key[0]);
	actor_start(&b, stage.pool, stage.key[1]);
	submit_extra(&queued, stage.pool, stage.key[3], 0, 0);
	actor_block(&a, for_ever(&queued, _i));
	ck_assert_int_eq(taskpool_request_stop(stage.pool), 0);
	ck_assert_int_eq(actor_result(&a), 0);
	release(&queued, TASKPOOL_CANCELED);
	actor_block(&a, for_ever(&b, _i)); /* also while it stops */
	ck_assert_int_eq(actor_do(&b, for_ever(&a, _i)), -EDEADLK);
	actor_leave(&b);
	ck_assert_int_eq(actor_result(&a), 0);
	actor_leave(&a);
	taskpool_free(stage.pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_chain_of_five_waits_ends_from_its_end,
		a_diamond_of_waits_ends,
		waits_for_what_has_ended_return_at_once,
		threads_outside_of_the_pool_close_no_circle,
		a_paused_key_is_no_deadlock,
		a_paused_key_whose_job_runs_is_no_deadlock,
		a_delayed_job_is_no_deadlock,
		the_only_worker_may_not_wait_for_a_delayed_job,
		a_key_with_a_limit_is_no_deadlock,
		a_job_that_expires_behind_a_blocked_one_is_no_deadlock,
		a_circle_that_an_expiry_breaks_is_no_circle,
		a_wait_ends_when_what_it_waits_for_is_canceled,
		a_wait_ends_when_a_stop_cancels_what_it_waits_for,
		NULL,
	};

	return run_suite("patience", NULL, placed);
}
