/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Threads that cannot be had: pthread_create is replaced in this program and fails when it is told to.
 */
#include <config.h>

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>

#include "suite.h"

#define WORKERS 5

/* How many more creations succeed before the next one fails; below 0: all do. */
static _Atomic int creations_left = -1;
static _Atomic unsigned creations_failed;

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *arg)
{
	static _Atomic(create_fn *) create;

	if (!create) {
		union {
			void *object;
			create_fn *function;
		} next = { .object = dlsym(RTLD_NEXT, "pthread_create") };

		create = next.function;
	}
	if (creations_left >= 0 && creations_left-- == 0) {
		creations_failed++;
		return EAGAIN;
	}
	return create(thread, attributes, body, arg);
}

static _Atomic unsigned hooks_started, hooks_stopped;

static void *count_worker_start(void *user, unsigned worker)
{
	(void)user;
	(void)worker;
	hooks_started++;
	return NULL;
}

static void count_worker_stop(void *user, unsigned worker, void *data)
{
	(void)user;
	(void)worker;
	(void)data;
	hooks_stopped++;
}

static struct taskpool *make_hooked_pool(unsigned placement)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = WORKERS;
	options.placement = placement;
	options.worker_start = count_worker_start;
	options.worker_stop = count_worker_stop;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	hooks_started = 0;
	hooks_stopped = 0;
	return pool;
}

static void fail_to_start(struct taskpool *pool, int successes)
{
	creations_failed = 0;
	creations_left = successes;
	ck_assert_int_eq(taskpool_start(pool), -EAGAIN);
	creations_left = -1;
	ck_assert_uint_eq(creations_failed, 1); /* 0: the library does not use this program's pthread_create */
	ck_assert_uint_eq(hooks_started, hooks_stopped);
}

START_TEST(start_that_fails_at_the_kth_thread_undoes_the_others)
{
	for (int k = 0; k < WORKERS; k++) {
		unsigned threads = settled_threads(), fds = count_fds();
		struct taskpool *pool = make_hooked_pool((unsigned)_i);

		fail_to_start(pool, k);
		await_threads(threads);
		taskpool_free(pool);
		ck_assert_uint_eq(count_fds(), fds);
		ck_assert_uint_eq(hooks_started, hooks_stopped);
	}
}
END_TEST

START_TEST(start_that_fails_keeps_the_jobs_and_can_be_repeated)
{
	for (int k = 0; k < WORKERS; k++) {
		struct taskpool_stats stats = { .size = sizeof(stats) };
		struct taskpool *pool = make_hooked_pool((unsigned)_i);
		struct endings endings;

		endings_init(&endings);
		for (unsigned i = 0; i < 20; i++)
			expect(submit_with_end(pool, i % 3 ? "key" : NULL, nothing_job, endings_end, &endings) == 0);
		fail_to_start(pool, k);
		fail_to_start(pool, WORKERS - 1 - k);
		ck_assert_int_eq(taskpool_stats(pool, &stats), 0);
		ck_assert_uint_eq(stats.queued, 20);
		ck_assert_uint_eq(stats.ran + stats.canceled + stats.running, 0);
		ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
		hooks_started = 0;
		hooks_stopped = 0;
		ck_assert_int_eq(taskpool_start(pool), 0);
		ck_assert_int_eq(taskpool_start(pool), -EALREADY);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		ck_assert_uint_eq(tally_read(&endings.ran), 20);
		ck_assert_int_eq(taskpool_stop(pool), 0);
		ck_assert_uint_eq(hooks_started, WORKERS);
		ck_assert_uint_eq(hooks_stopped, WORKERS);
		taskpool_free(pool);
	}
}
END_TEST

START_TEST(pool_that_failed_to_start_can_be_stopped)
{
	struct taskpool *pool = make_hooked_pool((unsigned)_i);
	struct endings endings;

	endings_init(&endings);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, endings_end, &endings), 0);
	fail_to_start(pool, 2);
	ck_assert_int_eq(taskpool_shutdown(pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, NULL), 0);
	ck_assert_uint_eq(tally_read(&endings.canceled), 20);
	ck_assert_int_eq(taskpool_start(pool), -ECANCELED);
	taskpool_free(pool);
}
END_TEST

START_TEST(default_pool_that_fails_is_null_and_can_be_had_later)
{
	unsigned threads = settled_threads();
	struct taskpool *pool;

	for (int k = 0; k < 8; k++) {
		creations_left = k;
		errno = 0;
		ck_assert_ptr_null(taskpool_default());
		ck_assert_int_eq(errno, EAGAIN);
		creations_left = -1;
		await_threads(threads);
	}
	pool = taskpool_default();
	ck_assert_ptr_nonnull(pool);
	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { default_pool_that_fails_is_null_and_can_be_had_later, NULL };
	const TTest *placed[] = {
		start_that_fails_at_the_kth_thread_undoes_the_others,
		start_that_fails_keeps_the_jobs_and_can_be_repeated,
		pool_that_failed_to_start_can_be_stopped,
		NULL,
	};

#if defined(__clang__) && (defined(SANITIZED_THREAD) || defined(SANITIZED_ADDRESS))
	puts("skipped: clang's sanitizers do not see threads made through a replaced pthread_create");
	return SKIPPED;
#endif
	return run_suite("threads that cannot be had", tests, placed);
}
