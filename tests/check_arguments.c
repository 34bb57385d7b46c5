/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Bad arguments: an error, and nothing was taken.
 */
#include <config.h>

#include <limits.h>
#include <string.h>

#include "probe.h"
#include "suite.h"

START_TEST(a_null_pool_is_refused_by_every_call)
{
	struct taskpool_worker_stats worker_stats = { .size = sizeof(worker_stats) };
	struct taskpool_report report = { .size = sizeof(report) };
	struct taskpool_stats stats = { .size = sizeof(stats) };
	struct taskpool_task task = make_task("key", forbidden_job, NULL);
	size_t accepted = 7;

	ck_assert_int_eq(taskpool_new(NULL, 1), -EINVAL);
	ck_assert_int_eq(taskpool_new_with(NULL, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_start(NULL), -EINVAL);
	ck_assert_uint_eq(taskpool_workers(NULL), 0);
	ck_assert_int_eq(taskpool_stop(NULL), -EINVAL);
	ck_assert_int_eq(taskpool_request_stop(NULL), -EINVAL);
	ck_assert_int_eq(taskpool_shutdown(NULL, 0, 0, &report), -EINVAL);
	ck_assert_int_eq(taskpool_shutdown(NULL, 0, 0, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_wait(NULL, TASKPOOL_FOREVER), -EINVAL);
	ck_assert_int_eq(taskpool_submit(NULL, "key", forbidden_job, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_submit_task(NULL, &task, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_submit_batch(NULL, &task, 1, &accepted), -EINVAL);
	ck_assert_uint_eq(accepted, 0);
	ck_assert_int_eq(taskpool_stats(NULL, &stats), -EINVAL);
	ck_assert_int_eq(taskpool_worker_stats(NULL, 0, &worker_stats), -EINVAL);
}
END_TEST

START_TEST(null_arguments_are_refused)
{
	struct taskpool_task task = make_task("key", NULL, NULL);
	struct taskpool *pool = start_pool(2, 0, TASKPOOL_FLOATING);
	size_t accepted = 7;

	ck_assert_int_eq(taskpool_submit(pool, "key", NULL, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_submit(pool, NULL, NULL, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_submit_task(pool, NULL, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_submit_batch(pool, NULL, 3, &accepted), -EINVAL);
	ck_assert_uint_eq(accepted, 0);
	ck_assert_int_eq(taskpool_stats(pool, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_worker_stats(pool, 0, NULL), -EINVAL);
	taskpool_free(pool);
}
END_TEST

START_TEST(bad_options_are_refused)
{
	struct taskpool *pool = NULL;

	for (unsigned bad = 0; bad < 7; bad++) {
		struct taskpool_options options = TASKPOOL_OPTIONS_INIT;

		switch (bad) {
		case 0:
			options.placement = 2;
			break;
		case 1:
			options.placement = UINT_MAX;
			break;
		case 2:
			options.hash = 2;
			break;
		case 3:
			options.flags = 1u << 31;
			break;
		case 4:
			options.flags = 1u << 16;
			break;
		case 5:
			options.key_interval = -1;
			break;
		case 6:
			options.key_interval = INT64_MIN;
			break;
		}
		ck_assert_int_eq(taskpool_new_with(&pool, &options), -EINVAL);
		ck_assert_ptr_null(pool);
	}
}
END_TEST

START_TEST(unknown_flags_of_a_pool_are_refused)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
		struct taskpool *pool = NULL;

		options.flags = 1u << bit;
		if (options.flags == TASKPOOL_MANUAL || options.flags == TASKPOOL_STRICT)
			continue;
		ck_assert_int_eq(taskpool_new_with(&pool, &options), -EINVAL);
		options.flags |= TASKPOOL_MANUAL | TASKPOOL_STRICT;
		ck_assert_int_eq(taskpool_new_with(&pool, &options), -EINVAL);
		ck_assert_ptr_null(pool);
	}
}
END_TEST

START_TEST(absurd_capacities_are_no_crash)
{
#ifndef SANITIZED_THREAD /* it keeps a record of every byte that could be used */
	static const unsigned capacities[] = { 1u << 20, 1u << 28, 1u << 30, 1u << 31, UINT_MAX - 1, UINT_MAX };

	for (size_t i = 0; i < LENGTH(capacities); i++)
		for (unsigned workers = 1; workers < 65536; workers += 65534) {
			struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
			struct taskpool *pool = NULL;
			int error;

			options.workers = workers;
			options.queue_capacity = capacities[i];
			options.key_capacity = UINT_MAX;
			options.key_turn = UINT_MAX;
			error = taskpool_new_with(&pool, &options);
			ck_assert(error == 0 || error == -EINVAL || error == -ENOMEM);
			ck_assert(error == 0 || pool == NULL);
			taskpool_free(pool);
		}
#endif
}
END_TEST

START_TEST(absurd_stacks_are_no_crash)
{
	static const size_t sizes[] = { 1, 4096, SIZE_MAX / 2, SIZE_MAX };

	for (size_t i = 0; i < LENGTH(sizes); i++) {
		struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
		struct taskpool *pool = NULL;

		options.workers = 2;
		options.stack_size = sizes[i];
		if (taskpool_new_with(&pool, &options) != 0)
			continue;
		if (taskpool_start(pool) == 0)
			ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
		taskpool_free(pool);
	}
}
END_TEST

static void measure_stack(struct taskpool_context *context, void *arg)
{
	pthread_attr_t attributes;
	size_t size;

	(void)context;
	ck_assert_int_eq(pthread_getattr_np(pthread_self(), &attributes), 0);
	ck_assert_int_eq(pthread_attr_getstacksize(&attributes, &size), 0);
	pthread_attr_destroy(&attributes);
	*(size_t *)arg = size;
}

START_TEST(workers_have_the_stack_that_was_asked_for)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;
	size_t size = 0;

	options.workers = 1;
	options.stack_size = 3 << 20;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", measure_stack, &size), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
	ck_assert_uint_ge(size, 3 << 20);
	ck_assert_uint_lt(size, 6 << 20);
}
END_TEST

START_TEST(bad_tasks_are_refused_and_end_is_not_called)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct endings endings;

	endings_init(&endings);
	for (unsigned bad = 0; bad < 11; bad++) {
		struct taskpool_task task = make_task("key", forbidden_job, &endings);
		int error = -EINVAL;

		task.end = endings_end;
		switch (bad) {
		case 0:
			task.run = NULL;
			break;
		case 1:
			task.key = NULL;
			break;
		case 2:
			task.flags = 1u << 31;
			break;
		case 3:
			task.flags = 1u << 16;
			break;
		case 4:
			task.delay = -1;
			break;
		case 5:
			task.ttl = INT64_MIN;
			break;
		case 6:
			task.key_len = TASKPOOL_KEY_MAX + 1;
			error = -ENAMETOOLONG;
			break;
		case 7:
			task.delay = INT64_MIN;
			break;
		case 8:
			task.ttl = -1;
			break;
		case 9:
			task.size = 0;
			break;
		case 10:
			task.flags = TASKPOOL_REPLACE;
			task.key = NULL;
			task.key_len = 0;
			break;
		}
		ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), error);
	}
	taskpool_free(pool);
	ck_assert_uint_eq(tally_read(&endings.ran) + tally_read(&endings.canceled) + tally_read(&endings.other), 0);
}
END_TEST

START_TEST(a_job_that_is_refused_has_no_handle)
{
	struct taskpool_task task = make_task("key", forbidden_job, NULL);
	struct taskpool *pool = make_pool(1, 1, (unsigned)_i);
	struct taskpool_job *job = NULL;

	ck_assert_int_eq(taskpool_submit(pool, "key", forbidden_job, NULL), 0);
	ck_assert_int_eq(taskpool_submit_task(NULL, &task, &job), -EINVAL);
	ck_assert_int_eq(taskpool_submit_task(pool, NULL, &job), -EINVAL);
	task.timeout = 0;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &job), -EAGAIN);
	task.timeout = MILLISECOND;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &job), -ETIMEDOUT);
	task.ttl = -1;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &job), -EINVAL);
	task.ttl = 0;
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &job), -ECANCELED);
	ck_assert_ptr_null(job);
	taskpool_free(pool);
}
END_TEST

START_TEST(bad_keys_are_refused)
{
	static char key[TASKPOOL_KEY_MAX + 1];
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);

	for (size_t i = 0; i < LENGTH(key_calls); i++) {
		ck_assert_int_eq(key_calls[i](NULL, "key", 3), -EINVAL);
		ck_assert_int_eq(key_calls[i](NULL, NULL, 0), -EINVAL);
		ck_assert_int_eq(key_calls[i](pool, NULL, 0), -EINVAL);
		ck_assert_int_eq(key_calls[i](pool, NULL, 3), -EINVAL);
		ck_assert_int_eq(key_calls[i](pool, key, TASKPOOL_KEY_MAX + 1), -ENAMETOOLONG);
		ck_assert_int_eq(key_calls[i](pool, key, SIZE_MAX), -ENAMETOOLONG);
		ck_assert_int_eq(key_calls[i](pool, key, TASKPOOL_KEY_MAX), 0);
		ck_assert_int_eq(key_calls[i](pool, "", 0), 0);
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(bad_arguments_of_calls_on_keys_are_refused)
{
	struct taskpool_key_stats stats = { .size = sizeof(size_t) - 1, .queued = 77 };
	struct taskpool_hot_key hot = { .size = sizeof(size_t) - 1, .queued = 77 };
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);

	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_key_limit(pool, "key", 3, -1, 1), -EINVAL);
	ck_assert_int_eq(taskpool_key_limit(pool, "key", 3, INT64_MIN, 0), -EINVAL);
	ck_assert_int_eq(taskpool_key_stats(pool, "key", 3, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_key_stats(pool, "key", 3, &stats), -EINVAL);
	ck_assert_int_eq(taskpool_hot_keys(pool, NULL, 1), -EINVAL);
	ck_assert_int_eq(taskpool_hot_keys(pool, &hot, 1), -EINVAL);
	hot.size = sizeof(hot);
	ck_assert_int_eq(taskpool_hot_keys(NULL, &hot, 1), -EINVAL);
	ck_assert_uint_eq(stats.queued, 77);
	ck_assert_uint_eq(hot.queued, 77);
	ck_assert_int_eq(taskpool_hot_keys(pool, &hot, 0), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_worker_that_does_not_exist_has_no_counts)
{
	struct taskpool_worker_stats stats = { .size = sizeof(stats), .ran = 77 };
	struct taskpool *pool = make_pool(3, 0, (unsigned)_i);

	ck_assert_int_eq(taskpool_worker_stats(pool, 3, &stats), -EINVAL);
	ck_assert_int_eq(taskpool_worker_stats(pool, UINT_MAX, &stats), -EINVAL);
	ck_assert_uint_eq(stats.ran, 77);
	ck_assert_int_eq(taskpool_worker_stats(pool, 2, &stats), 0);
	ck_assert_uint_eq(stats.ran, 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(negative_timeouts_wait_for_ever)
{
	struct taskpool *pool = start_pool(1, 1, (unsigned)_i);

	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(submit_timed(pool, "key", nothing_job, NULL, i % 2 ? -2 : INT64_MIN), 0);
	ck_assert_int_eq(taskpool_wait(pool, INT64_MIN), 0);
	ck_assert_int_eq(taskpool_shutdown(pool, INT64_MIN, -2, NULL), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(every_error_has_a_sentence_of_its_own)
{
	static const int errors[] = { 0, -EINVAL, -EAGAIN, -ETIMEDOUT, -ECANCELED, -EDEADLK, -EALREADY,
				      -EOWNERDEAD, -E2BIG, -ENAMETOOLONG, -ENOMEM, -ENOTSUP, -EBUSY };

	for (size_t i = 0; i < LENGTH(errors); i++) {
		ck_assert_uint_gt(strlen(taskpool_strerror(errors[i])), 0);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(taskpool_strerror(errors[i]), taskpool_strerror(errors[j]));
	}
	for (int error = -5000; error < 5000; error++)
		expect(taskpool_strerror(error) != NULL && taskpool_strerror(error)[0] != '\0');
	ck_assert_ptr_nonnull(taskpool_strerror(INT_MIN));
	ck_assert_ptr_nonnull(taskpool_strerror(INT_MAX));
}
END_TEST

START_TEST(the_library_has_the_version_of_its_header)
{
	ck_assert_str_eq(taskpool_version(), TASKPOOL_VERSION);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_null_pool_is_refused_by_every_call,
		null_arguments_are_refused,
		bad_options_are_refused,
		unknown_flags_of_a_pool_are_refused,
		absurd_capacities_are_no_crash,
		absurd_stacks_are_no_crash,
		workers_have_the_stack_that_was_asked_for,
		every_error_has_a_sentence_of_its_own,
		the_library_has_the_version_of_its_header,
		NULL,
	};
	const TTest *placed[] = {
		bad_tasks_are_refused_and_end_is_not_called,
		a_job_that_is_refused_has_no_handle,
		bad_keys_are_refused,
		bad_arguments_of_calls_on_keys_are_refused,
		a_worker_that_does_not_exist_has_no_counts,
		negative_timeouts_wait_for_ever,
		NULL,
	};

	return run_suite("arguments", tests, placed);
}
