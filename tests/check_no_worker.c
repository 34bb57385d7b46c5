/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Jobs that wait for queued ones: refused where no worker is left to run them, and only there.
 */
#include <config.h>

#include "actors.h"
#include "suite.h"

/* A queued job gets its worker, runs and ends. */
static void see_through(struct actor *queued)
{
	actor_await(queued);
	actor_leave(queued);
}

START_TEST(the_only_worker_may_not_wait_for_a_queued_job)
{
	struct stage stage;

	stage_start(&stage, 1, (unsigned)_i);
	for (unsigned i = 0; i < 4; i++) {
		struct actor a = { .acts_in_end = i / 2 }, queued = { 0 };

		actor_start(&a, stage.pool, stage.key[0]);
		actor_submit(&queued, stage.pool, stage.key[1]);
		ck_assert_int_eq(actor_do(&a, for_ever(&queued, i % 2)), -EDEADLK);
		ck_assert(!actor_started(&queued));
		actor_leave(&a);
		see_through(&queued);
	}
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(the_only_worker_may_not_wait_for_a_queued_job_without_a_key)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct actor a = { 0 }, queued = { 0 };

	actor_start(&a, pool, NULL);
	actor_submit(&queued, pool, NULL);
	ck_assert_int_eq(actor_do(&a, for_job(queued.job, TASKPOOL_FOREVER)), -EDEADLK);
	actor_leave(&a);
	see_through(&queued);
	taskpool_free(pool);
}
END_TEST

/* Timed, it gives the worker back by itself. */
START_TEST(the_only_worker_may_wait_for_a_queued_job_with_a_timeout)
{
	struct actor a = { 0 }, queued = { 0 };
	struct stage stage;

	stage_start(&stage, 1, (unsigned)_i);
	actor_start(&a, stage.pool, stage.key[0]);
	actor_submit(&queued, stage.pool, stage.key[1]);
	ck_assert_int_eq(actor_do(&a, for_key(stage.pool, stage.key[1], 0)), -ETIMEDOUT);
	ck_assert_int_eq(actor_do(&a, for_key(stage.pool, stage.key[1], MILLISECOND)), -ETIMEDOUT);
	ck_assert_int_eq(actor_do(&a, for_job(queued.job, MILLISECOND)), -ETIMEDOUT);
	actor_leave(&a);
	see_through(&queued);
	taskpool_free(stage.pool);
}
END_TEST

/* Just enough of an actor to be waited for. */
static void submit_extra(struct actor *extra, struct taskpool *pool, const char *key)
{
	struct taskpool_task task = make_task(key, nothing_job, NULL);

	*extra = (struct actor){ .pool = pool, .key = key };
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &extra->job), 0);
}

static void release_extra(struct actor *extra)
{
	ck_assert_int_eq(taskpool_job_wait(extra->job, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_job_outcome(extra->job), TASKPOOL_RAN);
	taskpool_job_unref(extra->job);
}

/* What each waits for has its home where the next one waits. */
static void occupy_all_workers(struct stage *stage, unsigned workers)
{
	struct actor waiting[4] = { { 0 } }, queued[4];

	for (unsigned i = 0; i < workers; i++)
		actor_start(&waiting[i], stage->pool, stage->key[i]);
	for (unsigned i = 0; i < workers; i++)
		submit_extra(&queued[i], stage->pool, stage->key[workers + (i + 1) % workers]);
	for (unsigned i = 0; i + 1 < workers; i++)
		actor_block(&waiting[i], for_ever(&queued[i], i % 2));
	for (unsigned i = 0; i < workers; i++) {
		ck_assert_int_eq(actor_do(&waiting[workers - 1], for_ever(&queued[i], true)), -EDEADLK);
		ck_assert_int_eq(actor_do(&waiting[workers - 1], for_ever(&queued[i], false)), -EDEADLK);
	}
	actor_leave(&waiting[workers - 1]);
	for (unsigned i = workers - 1; i-- > 0;) {
		ck_assert_int_eq(actor_result(&waiting[i]), 0);
		actor_leave(&waiting[i]);
	}
	for (unsigned i = 0; i < workers; i++)
		release_extra(&queued[i]);
}

START_TEST(the_last_worker_that_waits_is_refused_and_the_others_go_on)
{
	for (unsigned workers = 2; workers <= 4; workers++) {
		struct stage stage;

		stage_start(&stage, workers, (unsigned)_i);
		for (unsigned round = 0; round < 5; round++)
			occupy_all_workers(&stage, workers);
		taskpool_free(stage.pool);
	}
}
END_TEST

START_TEST(a_job_may_wait_for_a_queued_one_while_another_worker_may_come_free)
{
	struct actor a = { 0 }, b = { 0 }, queued = { 0 };
	struct stage stage;

	stage_start(&stage, 2, (unsigned)_i);
	actor_start(&a, stage.pool, stage.key[0]);
	actor_start(&b, stage.pool, stage.key[1]);
	actor_submit(&queued, stage.pool, stage.key[3]); /* at home where b runs */
	actor_block(&a, for_ever(&queued, _i));
	ck_assert_int_eq(actor_do(&b, for_ever(&a, _i)), -EDEADLK); /* now it would not */
	ck_assert_int_eq(actor_do(&b, for_ever(&queued, _i)), -EDEADLK);
	actor_leave(&b);
	see_through(&queued);
	ck_assert_int_eq(actor_result(&a), 0);
	actor_leave(&a);
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(pinned_a_job_may_not_wait_for_one_of_its_own_worker)
{
	struct actor a = { 0 }, home = { 0 }, away = { 0 };
	struct stage stage;

	stage_start(&stage, 3, TASKPOOL_PINNED);
	actor_start(&a, stage.pool, stage.key[0]);
	actor_submit(&home, stage.pool, stage.key[3]);
	ck_assert_int_eq(actor_do(&a, for_ever(&home, false)), -EDEADLK); /* while two workers idle */
	ck_assert_int_eq(actor_do(&a, for_ever(&home, true)), -EDEADLK);
	ck_assert_int_eq(actor_do(&a, for_key(stage.pool, stage.key[3], MILLISECOND)), -ETIMEDOUT);
	actor_submit(&away, stage.pool, stage.key[1]);
	actor_await(&away);
	ck_assert_uint_eq(away.worker, 1);
	actor_block(&a, for_ever(&away, false));
	actor_leave(&away);
	ck_assert_int_eq(actor_result(&a), 0);
	actor_leave(&a);
	see_through(&home);
	ck_assert_uint_eq(home.worker, 0);
	taskpool_free(stage.pool);
}
END_TEST

START_TEST(floating_a_job_may_wait_for_one_of_its_own_worker)
{
	struct actor a = { 0 }, home = { 0 };
	struct stage stage;

	stage_start(&stage, 2, TASKPOOL_FLOATING);
	actor_start(&a, stage.pool, stage.key[0]);
	actor_submit(&home, stage.pool, stage.key[2]);
	actor_await(&home);
	actor_block(&a, for_ever(&home, false));
	actor_leave(&home);
	ck_assert_int_eq(actor_result(&a), 0);
	actor_leave(&a);
	taskpool_free(stage.pool);
}
END_TEST

/* Jobs of two pools, one worker each, hold the worker that what the other waits for needs. */
START_TEST(a_worker_may_be_missing_in_another_pool)
{
	struct taskpool *p = start_pool(1, 0, (unsigned)_i), *q = start_pool(1, 0, (unsigned)_i);
	struct actor in_p = { 0 }, in_q = { 0 }, behind_p = { 0 }, behind_q = { 0 };

	actor_start(&in_p, p, "a");
	actor_start(&in_q, q, "a");
	actor_submit(&behind_p, p, "b");
	actor_submit(&behind_q, q, "b");
	actor_block(&in_p, for_ever(&behind_q, _i));
	ck_assert_int_eq(actor_do(&in_q, for_ever(&behind_p, _i)), -EDEADLK);
	actor_leave(&in_q);
	see_through(&behind_q);
	ck_assert_int_eq(actor_result(&in_p), 0);
	actor_leave(&in_p);
	see_through(&behind_p);
	taskpool_free(p);
	taskpool_free(q);
}
END_TEST

START_TEST(a_job_may_wait_for_a_pool_that_has_not_been_started)
{
	struct taskpool *p = start_pool(1, 0, (unsigned)_i), *q = make_pool(1, 0, (unsigned)_i);
	struct actor a = { 0 }, queued = { 0 };

	actor_start(&a, p, "a");
	actor_submit(&queued, q, "b");
	actor_block(&a, for_ever(&queued, _i));
	ck_assert_int_eq(taskpool_start(q), 0);
	see_through(&queued);
	ck_assert_int_eq(actor_result(&a), 0);
	actor_leave(&a);
	taskpool_free(p);
	taskpool_free(q);
}
END_TEST

/* Jobs without a key have no order among them: each needs a worker, and nothing else. */
START_TEST(jobs_without_keys_do_not_stand_behind_each_other)
{
	struct stage stage;

	stage_start(&stage, 3, TASKPOOL_FLOATING);
	for (unsigned round = 0; round < 4; round++) {
		struct actor a = { 0 }, b = { 0 }, c = { 0 }, queued[4];

		actor_start(&a, stage.pool, NULL);
		actor_start(&b, stage.pool, stage.key[1]);
		actor_start(&c, stage.pool, stage.key[2]);
		for (unsigned i = 0; i < 4; i++)
			submit_extra(&queued[i], stage.pool, NULL);
		actor_block(&a, for_ever(&queued[3 - round], true));
		actor_block(&c, for_ever(&queued[round], true)); /* wherever that is queued */
		actor_leave(&b);
		ck_assert_int_eq(actor_result(&a), 0);
		ck_assert_int_eq(actor_result(&c), 0);
		actor_leave(&a);
		actor_leave(&c);
		for (unsigned i = 0; i < 4; i++)
			release_extra(&queued[i]);
	}
	taskpool_free(stage.pool);
}
END_TEST

static void *drain(void *pool)
{
	expect(taskpool_shutdown(pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, NULL) == 0);
	return NULL;
}

START_TEST(while_the_pool_drains_it_is_no_different)
{
	struct actor a = { 0 }, queued;
	struct stage stage;
	pthread_t thread;

	stage_start(&stage, 1, (unsigned)_i);
	actor_start(&a, stage.pool, stage.key[0]);
	submit_extra(&queued, stage.pool, stage.key[1]);
	thread = spawn(drain, stage.pool);
	while (submit_timed(stage.pool, stage.key[2], nothing_job, NULL, 0) != -ECANCELED)
		pause_shortly();
	ck_assert_int_eq(actor_do(&a, for_ever(&queued, false)), -EDEADLK);
	ck_assert_int_eq(actor_do(&a, for_ever(&queued, true)), -EDEADLK);
	actor_leave(&a);
	release_extra(&queued);
	pthread_join(thread, NULL);
	taskpool_free(stage.pool);
}
END_TEST

struct parent {
	pthread_barrier_t barrier;
	_Atomic unsigned refused, waited;
	_Atomic unsigned children;
};

static void count_child(struct taskpool_context *context, void *arg)
{
	struct parent *parent = arg;

	(void)context;
	parent->children++;
}

static void wait_for_child(struct taskpool_context *context, void *arg)
{
	struct taskpool_task task = make_task(NULL, count_child, arg);
	struct parent *parent = arg;
	struct taskpool_job *child;
	int error;

	pthread_barrier_wait(&parent->barrier); /* each worker has a parent */
	expect(taskpool_submit_task(taskpool_context_pool(context), &task, &child) == 0);
	error = taskpool_job_wait(child, TASKPOOL_FOREVER);
	expect(error == 0 || error == -EDEADLK);
	expect(error != 0 || taskpool_job_outcome(child) == TASKPOOL_RAN);
	if (error)
		parent->refused++;
	else
		parent->waited++;
	taskpool_job_unref(child);
}

/* As many parents as workers, all at once: a single refusal gives a worker back, on which all children run. */
START_TEST(of_parents_that_wait_for_their_children_just_one_is_refused)
{
	for (unsigned workers = 1; workers <= 4; workers++) {
		struct taskpool *pool = start_pool(workers, 0, TASKPOOL_FLOATING);

		for (unsigned round = 0; round < 200; round++) {
			struct parent parent = { .refused = 0 };

			pthread_barrier_init(&parent.barrier, NULL, workers);
			for (unsigned i = 0; i < workers; i++)
				ck_assert_int_eq(taskpool_submit(pool, NULL, wait_for_child, &parent), 0);
			ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
			ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0); /* the children */
			ck_assert_uint_eq(parent.refused, 1);
			ck_assert_uint_eq(parent.waited, workers - 1);
			ck_assert_uint_eq(parent.children, workers);
			pthread_barrier_destroy(&parent.barrier);
		}
		taskpool_free(pool);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		pinned_a_job_may_not_wait_for_one_of_its_own_worker,
		floating_a_job_may_wait_for_one_of_its_own_worker,
		jobs_without_keys_do_not_stand_behind_each_other,
		of_parents_that_wait_for_their_children_just_one_is_refused,
		NULL,
	};
	const TTest *placed[] = {
		the_only_worker_may_not_wait_for_a_queued_job,
		the_only_worker_may_not_wait_for_a_queued_job_without_a_key,
		the_only_worker_may_wait_for_a_queued_job_with_a_timeout,
		the_last_worker_that_waits_is_refused_and_the_others_go_on,
		a_job_may_wait_for_a_queued_one_while_another_worker_may_come_free,
		a_worker_may_be_missing_in_another_pool,
		a_job_may_wait_for_a_pool_that_has_not_been_started,
		while_the_pool_drains_it_is_no_different,
		NULL,
	};

	return run_suite("no worker", tests, placed);
}
