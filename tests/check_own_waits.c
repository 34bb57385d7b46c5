/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * A job that waits for its own key, its own pool or itself: refused whatever the timeout, on every thread that works
 * for the pool.
 */
#include <config.h>

#include <string.h>

#include "suite.h"

struct own {
	struct taskpool *pool;
	const char *key;
	struct taskpool_job *job;
	struct tally known, ended; /* known: `job` is written */
	bool in_run, in_end;
	int outcome;
};

static void own_init(struct own *own, struct taskpool *pool, const char *key)
{
	*own = (struct own){ .pool = pool, .key = key };
	tally_init(&own->known);
	tally_init(&own->ended);
}

static void refuse_to_stop(struct taskpool *pool)
{
	ck_assert_int_eq(taskpool_stop(pool), -EDEADLK);
	ck_assert_int_eq(taskpool_shutdown(pool, 0, 0, NULL), -EDEADLK);
	ck_assert_int_eq(taskpool_shutdown(pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, NULL), -EDEADLK);
}

/* INT64_MAX shows that it is refused at once. */
static void refuse_own_waits(struct own *own)
{
	static const int64_t timeouts[] = { 0, SECOND, INT64_MAX, TASKPOOL_FOREVER };

	for (unsigned i = 0; i < LENGTH(timeouts); i++) {
		int64_t timeout = timeouts[i];

		if (own->key)
			ck_assert_int_eq(taskpool_key_wait(own->pool, own->key, strlen(own->key), timeout), -EDEADLK);
		ck_assert_int_eq(taskpool_wait(own->pool, timeout), -EDEADLK);
		ck_assert_int_eq(taskpool_job_wait(own->job, timeout), -EDEADLK);
	}
	refuse_to_stop(own->pool);
	ck_assert_int_eq(taskpool_job_outcome(own->job), 0);
}

static void own_run(struct taskpool_context *context, void *arg)
{
	struct own *own = arg;

	(void)context;
	tally_wait(&own->known, 1);
	if (own->in_run)
		refuse_own_waits(own);
}

static void own_end(void *arg, int outcome)
{
	struct own *own = arg;

	if (own->in_end)
		refuse_own_waits(own);
	own->outcome = outcome;
	tally_add(&own->ended);
}

static void submit_own(struct own *own, unsigned flags, int64_t ttl)
{
	struct taskpool_task task = make_task(own->key, own_run, own);

	task.end = own_end;
	task.flags = flags;
	task.ttl = ttl;
	ck_assert_int_eq(taskpool_submit_task(own->pool, &task, &own->job), 0);
	tally_add(&own->known);
}

static void await_own(struct own *own, int outcome)
{
	ck_assert_int_eq(taskpool_job_wait(own->job, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(tally_read(&own->ended), 1);
	ck_assert_int_eq(own->outcome, outcome);
	ck_assert_int_eq(taskpool_job_outcome(own->job), outcome);
	taskpool_job_unref(own->job);
}

static void run_own(unsigned placement, const char *key, bool in_end)
{
	struct taskpool *pool = start_pool(2, 0, placement);
	struct own own;

	own_init(&own, pool, key);
	own.in_run = !in_end;
	own.in_end = in_end;
	submit_own(&own, 0, 0);
	await_own(&own, TASKPOOL_RAN);
	ck_assert_int_eq(taskpool_submit(pool, key, nothing_job, NULL), 0); /* nothing has changed */
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}

START_TEST(own_waits_are_refused_in_run)
{
	run_own((unsigned)_i, "key", false);
	run_own((unsigned)_i, "", false);
	run_own((unsigned)_i, NULL, false);
}
END_TEST

START_TEST(own_waits_are_refused_in_end)
{
	run_own((unsigned)_i, "key", true);
	run_own((unsigned)_i, NULL, true);
}
END_TEST

enum killer { JOB_CANCEL, KEY_CANCEL, REQUEST_STOP, STOP, SHUTDOWN, KILLERS };

static void kill_own(struct own *own, enum killer killer)
{
	switch (killer) {
	case JOB_CANCEL:
		ck_assert_int_eq(taskpool_job_cancel(own->job), 0);
		break;
	case KEY_CANCEL:
		ck_assert_int_eq(taskpool_key_cancel(own->pool, own->key, strlen(own->key)), 1);
		break;
	case REQUEST_STOP:
		ck_assert_int_eq(taskpool_request_stop(own->pool), 0);
		break;
	case STOP:
		ck_assert_int_eq(taskpool_stop(own->pool), 0);
		break;
	default:
		ck_assert_int_eq(taskpool_shutdown(own->pool, 0, TASKPOOL_FOREVER, NULL), 0);
	}
}

static void end_on_this_thread(unsigned placement, bool started, enum killer killer)
{
	struct taskpool *pool = make_pool(2, 0, placement);
	struct own own;

	ck_assert_int_eq(taskpool_key_pause(pool, "key", 3), 0);
	if (started)
		ck_assert_int_eq(taskpool_start(pool), 0);
	own_init(&own, pool, "key");
	own.in_end = true;
	submit_own(&own, 0, 0);
	kill_own(&own, killer);
	await_own(&own, TASKPOOL_CANCELED);
	taskpool_free(pool);
}

START_TEST(own_waits_are_refused_in_the_end_of_a_canceled_job)
{
	for (enum killer killer = 0; killer < KILLERS; killer++) {
		end_on_this_thread((unsigned)_i, false, killer);
		end_on_this_thread((unsigned)_i, true, killer);
	}
}
END_TEST

START_TEST(own_waits_are_refused_in_the_end_of_a_replaced_job)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct own old, new;

	own_init(&old, pool, "key");
	own_init(&new, pool, "key");
	old.in_end = true;
	submit_own(&old, TASKPOOL_REPLACE, 0);
	submit_own(&new, TASKPOOL_REPLACE, 0);
	await_own(&old, TASKPOOL_REPLACED);
	ck_assert_int_eq(taskpool_start(pool), 0);
	await_own(&new, TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(own_waits_are_refused_in_the_end_of_an_expired_job)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct own own;

	ck_assert_int_eq(taskpool_key_pause(pool, "key", 3), 0);
	own_init(&own, pool, "key");
	own.in_end = true;
	submit_own(&own, 0, MILLISECOND);
	await_own(&own, TASKPOOL_EXPIRED);
	ck_assert_int_eq(taskpool_key_resume(pool, "key", 3), 0);
	taskpool_free(pool);
}
END_TEST

/* A job of one pool cancels one of another: in the end of that it is inside of both. */
struct both {
	struct own outer, inner;
};

static void cancel_inner(struct taskpool_context *context, void *arg)
{
	struct both *both = arg;

	(void)context;
	tally_wait(&both->outer.known, 1);
	ck_assert_int_eq(taskpool_job_wait(both->inner.job, 0), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_job_cancel(both->inner.job), 0);
	refuse_own_waits(&both->outer);
	ck_assert_int_eq(taskpool_wait(both->inner.pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_key_wait(both->inner.pool, "inner", 5, TASKPOOL_FOREVER), 0);
}

static void end_inside_both(void *arg, int outcome)
{
	struct both *both = arg;

	refuse_own_waits(&both->inner);
	refuse_own_waits(&both->outer);
	own_end(&both->inner, outcome);
}

START_TEST(own_waits_of_both_pools_are_refused_where_a_job_ends_another)
{
	struct taskpool *outer = start_pool(1, 0, (unsigned)_i), *inner = make_pool(1, 0, (unsigned)_i);
	struct taskpool_task task = make_task("inner", forbidden_job, NULL);
	struct both both;

	own_init(&both.outer, outer, "outer");
	own_init(&both.inner, inner, "inner");
	task.end = end_inside_both;
	task.arg = &both;
	ck_assert_int_eq(taskpool_submit_task(inner, &task, &both.inner.job), 0);
	task = make_task("outer", cancel_inner, &both);
	ck_assert_int_eq(taskpool_submit_task(outer, &task, &both.outer.job), 0);
	tally_add(&both.outer.known);
	ck_assert_int_eq(taskpool_job_wait(both.outer.job, TASKPOOL_FOREVER), 0);
	await_own(&both.inner, TASKPOOL_CANCELED);
	taskpool_job_unref(both.outer.job);
	taskpool_free(inner);
	taskpool_free(outer);
}
END_TEST

/* A thread that has ended a job is inside of nothing any more. */
static void wait_freely(void *arg, int outcome)
{
	ck_assert_int_eq(outcome, TASKPOOL_CANCELED);
	ck_assert_int_eq(taskpool_key_wait(arg, "other", 5, 0), -ETIMEDOUT);
}

START_TEST(after_the_end_of_a_canceled_job_the_thread_may_wait)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);

	ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, wait_freely, pool), 0);
	ck_assert_int_eq(taskpool_submit(pool, "other", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_key_cancel(pool, "key", 3), 1);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_key_wait(pool, "key", 3, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	taskpool_free(pool);
}
END_TEST

struct ancestor {
	struct taskpool_job *job;
	struct tally known;
	bool later;
};

static void wait_for_ancestor(struct taskpool_context *context, void *arg)
{
	struct ancestor *ancestor = arg;

	(void)context;
	tally_wait(&ancestor->known, 1);
	ck_assert_int_eq(taskpool_job_wait(ancestor->job, TASKPOOL_FOREVER), ancestor->later ? -EDEADLK : 0);
	if (!ancestor->later)
		ck_assert_int_eq(taskpool_job_wait(ancestor->job, 0), 0);
}

START_TEST(of_its_own_key_a_job_may_wait_for_one_that_has_ended)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct ancestor ancestor = { .later = false };
	struct taskpool_task task = make_task("key", nothing_job, NULL);

	tally_init(&ancestor.known);
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &ancestor.job), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", wait_for_ancestor, &ancestor), 0);
	tally_add(&ancestor.known);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_job_unref(ancestor.job);
	taskpool_free(pool);
}
END_TEST

START_TEST(of_its_own_key_a_job_may_not_wait_for_one_that_comes_later)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct ancestor ancestor = { .later = true };
	struct taskpool_task task = make_task("key", nothing_job, NULL);

	tally_init(&ancestor.known);
	ck_assert_int_eq(taskpool_submit(pool, "key", wait_for_ancestor, &ancestor), 0);
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &ancestor.job), 0);
	tally_add(&ancestor.known);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_job_unref(ancestor.job);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		own_waits_are_refused_in_run,
		own_waits_are_refused_in_end,
		own_waits_are_refused_in_the_end_of_a_canceled_job,
		own_waits_are_refused_in_the_end_of_a_replaced_job,
		own_waits_are_refused_in_the_end_of_an_expired_job,
		own_waits_of_both_pools_are_refused_where_a_job_ends_another,
		after_the_end_of_a_canceled_job_the_thread_may_wait,
		of_its_own_key_a_job_may_wait_for_one_that_has_ended,
		of_its_own_key_a_job_may_not_wait_for_one_that_comes_later,
		NULL,
	};

	return run_suite("own waits", NULL, placed);
}
