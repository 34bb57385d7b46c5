/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * worker_start and worker_stop: once for every worker, on it, around all of its jobs. worker_idle and worker_wake:
 * around its sleep.
 */
#include <config.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

#include "suite.h"

#define WORKERS 4

/* Without atomics: all of it happens on one thread, or after it was joined. */
struct worker_record {
	pid_t thread;
	unsigned started, stopped, jobs;
};

static struct worker_record records[WORKERS];
static _Thread_local struct worker_record *own_record;
static _Atomic unsigned stops;
static int user_word;

static void *start_hook(void *user, unsigned worker)
{
	expect(user == &user_word);
	expect(worker < WORKERS);
	expect(taskpool_current() == NULL);
	expect(records[worker].jobs == 0);
	records[worker].thread = thread_id();
	records[worker].started++;
	own_record = &records[worker];
	return &records[worker];
}

static void stop_hook(void *user, unsigned worker, void *data)
{
	expect(user == &user_word);
	expect(worker < WORKERS);
	expect(taskpool_current() == NULL);
	expect(data == &records[worker]);
	expect(records[worker].thread == thread_id());
	records[worker].stopped++;
	stops++;
}

static void hooked_job(struct taskpool_context *context, void *arg)
{
	struct worker_record *record = taskpool_context_worker_data(context);

	(void)arg;
	expect(record == &records[taskpool_context_worker(context)]);
	expect(record->thread == thread_id());
	expect(record->started == 1 && record->stopped == 0);
	record->jobs++;
}

static void hooked_end(void *arg, int outcome)
{
	(void)arg;
	expect(outcome == TASKPOOL_RAN);
	expect(own_record->started == 1 && own_record->stopped == 0);
}

static struct taskpool *make_hooked_pool(unsigned placement)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = WORKERS;
	options.placement = placement;
	options.worker_start = start_hook;
	options.worker_stop = stop_hook;
	options.user = &user_word;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	return pool;
}

static unsigned check_records(unsigned times)
{
	unsigned jobs = 0;

	for (unsigned i = 0; i < WORKERS; i++) {
		ck_assert_uint_eq(records[i].started, times);
		ck_assert_uint_eq(records[i].stopped, times);
		jobs += records[i].jobs;
	}
	return jobs;
}

START_TEST(hooks_surround_the_jobs_of_every_worker)
{
	struct taskpool *pool = make_hooked_pool((unsigned)_i);
	char key[32];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "%u", i);
		ck_assert_int_eq(taskpool_submit(pool, key, hooked_job, NULL), 0);
	}
	ck_assert_int_eq(taskpool_start(pool), 0);
	for (unsigned i = 0; i < 400; i++) {
		snprintf(key, sizeof(key), "%u", i);
		ck_assert_int_eq(taskpool_submit(pool, i % 3 ? key : NULL, hooked_job, NULL), 0);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_uint_eq(check_records(1), 500);
	taskpool_free(pool);
	check_records(1);
}
END_TEST

START_TEST(hooks_are_called_on_workers_without_jobs)
{
	struct taskpool *pool = make_hooked_pool((unsigned)_i);

	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_start(pool), -EALREADY);
	taskpool_free(pool);
	ck_assert_uint_eq(check_records(1), 0);
}
END_TEST

START_TEST(hooks_are_not_called_without_start)
{
	struct taskpool *pool = make_hooked_pool((unsigned)_i);

	ck_assert_int_eq(taskpool_submit(pool, "key", hooked_job, NULL), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	taskpool_free(pool);
	check_records(0);
}
END_TEST

static void free_own_pool(struct taskpool_context *context, void *arg)
{
	hooked_job(context, arg);
	taskpool_free(taskpool_context_pool(context));
}

START_TEST(hooks_are_called_where_a_job_frees_the_pool)
{
	struct taskpool *pool = make_hooked_pool((unsigned)_i);
	unsigned threads = settled_threads();

	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(submit_with_end(pool, "key", free_own_pool, hooked_end, NULL), 0);
	await_threads(threads);
	if (threads == 0)
		return; /* whether they have gone cannot be told here */
	ck_assert_uint_eq(stops, WORKERS);
	ck_assert_uint_eq(check_records(1), 1);
}
END_TEST

static void count_stop(void *user, unsigned worker, void *data)
{
	(void)user;
	(void)worker;
	expect(data == NULL);
	stops++;
}

START_TEST(each_hook_may_be_missing)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = 3;
	options.worker_stop = count_stop;
	options.placement = (unsigned)_i;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	taskpool_free(pool);
	ck_assert_uint_eq(stops, 3);

	options.worker_start = start_hook;
	options.worker_stop = NULL;
	options.user = &user_word;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", hooked_job, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(records[i].started, 1);
}
END_TEST

static _Atomic unsigned idles, early_idles;
static sem_t idle;

static void idle_hook(void *user, unsigned worker, void *data)
{
	expect(user == &user_word && worker == 0 && data == own_record && own_record->stopped == 0);
	idles++;
	sem_post(&idle);
}

static void count_idles(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	early_idles = idles;
}

START_TEST(a_worker_is_idle_when_it_finds_no_job_and_not_before)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;
	char key[32];

	ck_assert_int_eq(sem_init(&idle, 0, 0), 0);
	options.workers = 1;
	options.queue_capacity = 1000;
	options.placement = (unsigned)_i;
	options.worker_start = start_hook;
	options.worker_stop = stop_hook;
	options.worker_idle = idle_hook;
	options.user = &user_word;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%u", i % 100);
		ck_assert_int_eq(taskpool_submit(pool, key, count_idles, NULL), 0);
	}
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(sem_wait(&idle), 0);
	ck_assert_uint_eq(early_idles, 0);
	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(taskpool_submit(pool, "key", count_idles, NULL), 0);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		while (early_idles == idles)
			ck_assert_int_eq(sem_wait(&idle), 0);
	}
	taskpool_free(pool);
	sem_destroy(&idle);
}
END_TEST

static _Atomic unsigned wakes, wakes_before;

static void wake_hook(void *user, unsigned worker, void *data)
{
	expect(user == &user_word && worker == 0 && data == own_record && own_record->stopped == 0);
	expect(taskpool_current() == NULL);
	expect(wakes < idles);
	wakes++;
}

static void count_idle(void *user, unsigned worker, void *data)
{
	(void)user;
	(void)worker;
	(void)data;
	idles++;
}

static void count_wakes(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	wakes_before = wakes;
}

START_TEST(a_worker_that_slept_is_woken_before_its_job)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = 1;
	options.placement = (unsigned)_i;
	options.worker_start = start_hook;
	options.worker_stop = stop_hook;
	options.worker_idle = count_idle;
	options.worker_wake = wake_hook;
	options.user = &user_word;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", count_wakes, NULL), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(wakes_before, 0);
	for (unsigned slept = 1; slept <= 10; slept++) {
		do { /* it need not have slept yet */
			ck_assert_int_eq(taskpool_submit(pool, "key", count_wakes, NULL), 0);
			ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		} while (wakes_before < slept);
	}
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		hooks_surround_the_jobs_of_every_worker,
		hooks_are_called_on_workers_without_jobs,
		hooks_are_not_called_without_start,
		hooks_are_called_where_a_job_frees_the_pool,
		each_hook_may_be_missing,
		a_worker_is_idle_when_it_finds_no_job_and_not_before,
		a_worker_that_slept_is_woken_before_its_job,
		NULL,
	};

	return run_suite("hooks", NULL, placed);
}
