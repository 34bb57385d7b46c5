/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool_default: the process's own pool.
 */
#include <config.h>

#include <sched.h>
#include <stdatomic.h>

#include "suite.h"

static _Atomic bool go;

static void *use_default(void *ran)
{
	while (!go)
		sched_yield();
	for (unsigned i = 0; i < 100; i++)
		expect(taskpool_submit(taskpool_default(), i % 2 ? "key" : NULL, tally_job, ran) == 0);
	return taskpool_default();
}

START_TEST(the_first_use_may_come_from_many_threads_at_once)
{
	unsigned before = settled_threads();
	pthread_t threads[8];
	struct tally ran;
	void *pool;

	tally_init(&ran);
	for (size_t i = 0; i < LENGTH(threads); i++)
		threads[i] = spawn(use_default, &ran);
	go = true;
	for (size_t i = 0; i < LENGTH(threads); i++) {
		pthread_join(threads[i], &pool);
		ck_assert_ptr_eq(pool, taskpool_default());
	}
	tally_wait(&ran, 800);
	ck_assert_uint_eq(taskpool_workers(pool), 8);
	await_threads(before ? before + 8 : 0);
	ck_assert_int_eq(taskpool_start(pool), -EALREADY);
	taskpool_free(pool);
	await_threads(before);
}
END_TEST

START_TEST(free_only_stops_it_and_it_stays_stopped)
{
	struct taskpool *pool = taskpool_default();
	struct taskpool_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < 3; i++) {
		taskpool_free(pool);
		ck_assert_ptr_eq(taskpool_default(), pool);
		ck_assert_int_eq(taskpool_submit(pool, "key", forbidden_job, NULL), -ECANCELED);
		ck_assert_int_eq(taskpool_start(pool), -ECANCELED);
		ck_assert_int_eq(taskpool_stop(pool), 0);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		ck_assert_int_eq(taskpool_stats(pool, &stats), 0);
		ck_assert_uint_eq(stats.ran, 1);
		ck_assert_uint_eq(taskpool_workers(pool), 8);
	}
}
END_TEST

static void free_inside(struct taskpool_context *context, void *arg)
{
	(void)arg;
	taskpool_free(taskpool_context_pool(context));
	ck_assert(taskpool_context_canceled(context));
}

START_TEST(free_inside_one_of_its_jobs_only_stops_it)
{
	struct taskpool *pool = taskpool_default();

	ck_assert_int_eq(taskpool_submit(pool, "key", free_inside, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", forbidden_job, NULL), -ECANCELED);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_ptr_eq(taskpool_default(), pool);
	taskpool_free(pool);
}
END_TEST

static int use_default_in_child(void *inherited)
{
	struct taskpool *pool;
	struct tally ran;

	if (!CHILD_HAS_THREADS || !CHILD_HAS_MALLOC)
		return 0;
	pool = taskpool_default();
	expect(pool != NULL);
	expect(taskpool_workers(pool) == 8);
	tally_init(&ran);
	for (unsigned i = 0; i < 100; i++)
		expect(taskpool_submit(pool, i % 2 ? "key" : NULL, tally_job, &ran) == 0);
	tally_wait(&ran, 100);
	expect(taskpool_default() == pool);
	if (inherited != pool) {
		expect(taskpool_submit(inherited, "key", forbidden_job, NULL) == -EOWNERDEAD);
		taskpool_free(inherited);
	}
	expect(taskpool_stop(pool) == 0);
	return 0;
}

START_TEST(a_forked_child_gets_its_own)
{
	struct taskpool *pool = taskpool_default();
	struct tally ran;

	ck_assert_int_eq(in_child(use_default_in_child, pool), 0);
	ck_assert_int_eq(in_child(use_default_in_child, pool), 0);
	tally_init(&ran);
	ck_assert_int_eq(taskpool_submit(pool, "key", tally_job, &ran), 0);
	tally_wait(&ran, 1);
	ck_assert_ptr_eq(taskpool_default(), pool);
	taskpool_free(pool);
	ck_assert_int_eq(in_child(use_default_in_child, pool), 0); /* stopped here, but not there */
}
END_TEST

static int use_default_in_grandchild(void *pool)
{
	struct taskpool *own;

	if (!CHILD_HAS_THREADS || !CHILD_HAS_MALLOC)
		return 0;
	own = taskpool_default();
	expect(taskpool_submit(own, "key", nothing_job, NULL) == 0);
	return in_child(use_default_in_child, own) || use_default_in_child(pool);
}

START_TEST(a_childs_child_gets_its_own)
{
	ck_assert_int_eq(in_child(use_default_in_grandchild, taskpool_default()), 0);
	taskpool_free(taskpool_default());
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_first_use_may_come_from_many_threads_at_once,
		free_only_stops_it_and_it_stays_stopped,
		free_inside_one_of_its_jobs_only_stops_it,
		a_forked_child_gets_its_own,
		a_childs_child_gets_its_own,
		NULL,
	};

	return run_suite("default pool", tests, NULL);
}
