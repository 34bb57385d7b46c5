/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Growable structs: programs built against a shorter or a longer header.
 */
#include <config.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#define GUARD 0xa5
#define TAIL 24

/* A longer struct of a later header: what this library does not know follows. */
struct long_options {
	struct taskpool_options known;
	unsigned char tail[TAIL];
};

struct long_task {
	struct taskpool_task known;
	unsigned char tail[TAIL];
};

/* Options whose fields are all nonsense, in a struct that ends after `size` bytes. */
static struct taskpool_options dirty_options(size_t size)
{
	struct taskpool_options options, clean = TASKPOOL_OPTIONS_INIT;

	memset(&options, GUARD, sizeof(options));
	memcpy(&options, &clean, size);
	options.size = size;
	return options;
}

START_TEST(short_options_read_as_defaults)
{
	static const size_t sizes[] = {
		sizeof(size_t),
		offsetof(struct taskpool_options, queue_capacity),
		offsetof(struct taskpool_options, placement),
		offsetof(struct taskpool_options, flags),
		offsetof(struct taskpool_options, stack_size),
		offsetof(struct taskpool_options, key_interval),
		offsetof(struct taskpool_options, worker_start),
		offsetof(struct taskpool_options, user),
	};

	for (size_t i = 0; i < LENGTH(sizes); i++) {
		struct taskpool_options options = dirty_options(sizes[i]);
		struct taskpool *pool;

		ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
		ck_assert_uint_eq(taskpool_workers(pool), 8);
		taskpool_free(pool);
	}
}
END_TEST

START_TEST(fields_of_short_options_count)
{
	struct taskpool_options options = dirty_options(offsetof(struct taskpool_options, key_capacity));
	struct taskpool *pool;

	options.workers = 1;
	options.queue_capacity = 2;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_uint_eq(taskpool_workers(pool), 1);
	ck_assert_int_eq(submit_timed(pool, "key", nothing_job, NULL, 0), 0);
	ck_assert_int_eq(submit_timed(pool, "key", nothing_job, NULL, 0), 0);
	ck_assert_int_eq(submit_timed(pool, "key", nothing_job, NULL, 0), -EAGAIN);
	ck_assert_int_eq(taskpool_start(pool), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(long_options_are_accepted_with_a_clean_tail_only)
{
	struct long_options options = { .known = TASKPOOL_OPTIONS_INIT };
	struct taskpool *pool = NULL;

	options.known.size = sizeof(options);
	ck_assert_int_eq(taskpool_new_with(&pool, &options.known), 0);
	taskpool_free(pool);
	pool = NULL;
	for (size_t i = 0; i < TAIL; i++) {
		options.tail[i] = 1;
		ck_assert_int_eq(taskpool_new_with(&pool, &options.known), -E2BIG);
		ck_assert_ptr_null(pool);
		options.tail[i] = 0;
	}
}
END_TEST

START_TEST(options_smaller_than_their_size_field_are_refused)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool = NULL;

	for (options.size = 0; options.size < sizeof(size_t); options.size++)
		ck_assert_int_eq(taskpool_new_with(&pool, &options), -EINVAL);
	ck_assert_ptr_null(pool);
}
END_TEST

/* Submitted inside a job to a full queue: with the timeout that short structs have, FOREVER, it is let in. */
static void submit_short_task(struct taskpool_context *context, void *ran)
{
	static const size_t sizes[] = { offsetof(struct taskpool_task, flags), offsetof(struct taskpool_task, timeout),
					offsetof(struct taskpool_task, delay), offsetof(struct taskpool_task, ttl) };
	struct taskpool *pool = taskpool_context_pool(context);

	for (size_t i = 0; i < LENGTH(sizes); i++) {
		struct taskpool_task task, clean = make_task("key", tally_job, ran);

		memset(&task, GUARD, sizeof(task));
		memcpy(&task, &clean, sizes[i]);
		task.size = sizes[i];
		ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), 0);
		clean.timeout = 0;
		ck_assert_int_eq(taskpool_submit_task(pool, &clean, NULL), -EAGAIN);
	}
}

START_TEST(short_tasks_read_as_initialised)
{
	struct taskpool *pool = start_pool(1, 1, (unsigned)_i);
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(taskpool_submit(pool, "key", submit_short_task, &ran), 0);
	tally_wait(&ran, 4);
	taskpool_free(pool);
}
END_TEST

static void expect_null(struct taskpool_context *context, void *arg)
{
	(void)context;
	ck_assert_ptr_null(arg);
}

START_TEST(a_task_without_end_and_arg_has_none)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct taskpool_task task;

	memset(&task, GUARD, sizeof(task));
	task.size = offsetof(struct taskpool_task, end);
	task.key = "key";
	task.key_len = 3;
	task.run = expect_null;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), 0);
	task.size = offsetof(struct taskpool_task, run); /* and without run it is no task */
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), -EINVAL);
	task.size = sizeof(size_t);
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), -EINVAL);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(long_tasks_are_accepted_with_a_clean_tail_only)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct long_task task = { .known = make_task("key", nothing_job, NULL) };

	task.known.size = sizeof(task);
	ck_assert_int_eq(taskpool_submit_task(pool, &task.known, NULL), 0);
	task.known.run = forbidden_job;
	for (size_t i = 0; i < TAIL; i++) {
		task.tail[i] = 1;
		ck_assert_int_eq(taskpool_submit_task(pool, &task.known, NULL), -E2BIG);
		task.tail[i] = 0;
	}
	for (task.known.size = 0; task.known.size < sizeof(size_t); task.known.size++)
		ck_assert_int_eq(taskpool_submit_task(pool, &task.known, NULL), -EINVAL);
	taskpool_free(pool);
}
END_TEST

static int fill_stats(struct taskpool *pool, void *stats)
{
	return taskpool_stats(pool, stats);
}

static int fill_worker_stats(struct taskpool *pool, void *stats)
{
	return taskpool_worker_stats(pool, 0, stats);
}

static int fill_key_stats(struct taskpool *pool, void *stats)
{
	return taskpool_key_stats(pool, "key", 3, stats);
}

static int fill_report(struct taskpool *pool, void *report)
{
	return taskpool_shutdown(pool, 0, TASKPOOL_FOREVER, report);
}

/*
 * The struct is filled up to the caller's size and no further: a longer one is zero where this library knows nothing.
 * The counters are the same whatever the size.
 */
static void check_filled(struct taskpool *pool, int (*fill)(struct taskpool *, void *), size_t known)
{
	unsigned char *complete = malloc(known), *filled = malloc(known + 2 * TAIL);

	ck_assert(complete && filled);
	memcpy(complete, &known, sizeof(known));
	ck_assert_int_eq(fill(pool, complete), 0);
	for (size_t size = 0; size <= known + TAIL; size += size < sizeof(size_t) ? 1 : 8) {
		memset(filled, GUARD, known + 2 * TAIL);
		memcpy(filled, &size, sizeof(size));
		ck_assert_int_eq(fill(pool, filled), size < sizeof(size_t) ? -EINVAL : 0);
		expect(memcmp(filled, &size, sizeof(size)) == 0);
		for (size_t i = sizeof(size); i < known + 2 * TAIL; i++)
			expect(filled[i] == (i >= size ? GUARD : i < known ? complete[i] : 0));
	}
	free(complete);
	free(filled);
}

START_TEST(structs_are_filled_up_to_the_callers_size)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);

	for (unsigned i = 0; i < 50; i++)
		ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	check_filled(pool, fill_stats, sizeof(struct taskpool_stats));
	check_filled(pool, fill_worker_stats, sizeof(struct taskpool_worker_stats));
	check_filled(pool, fill_key_stats, sizeof(struct taskpool_key_stats));
	check_filled(pool, fill_report, sizeof(struct taskpool_report));
	taskpool_free(pool);
}
END_TEST

/* The same for the initialisers; `macro` is what the macro of the same name gives. */
static void check_initialised(void (*init)(void *, size_t), const void *macro, size_t known)
{
	unsigned char *filled = malloc(known + 2 * TAIL);

	ck_assert_ptr_nonnull(filled);
	for (size_t size = 0; size <= known + TAIL; size += size < sizeof(size_t) ? 1 : 8) {
		size_t written = size < sizeof(size_t) ? 0 : size;

		memset(filled, GUARD, known + 2 * TAIL);
		init(filled, size);
		if (written)
			expect(memcmp(filled, &size, sizeof(size)) == 0);
		for (size_t i = written ? sizeof(size) : 0; i < known + 2 * TAIL; i++)
			expect(filled[i] ==
			       (i >= written ? GUARD : i < known ? ((const unsigned char *)macro)[i] : 0));
	}
	free(filled);
}

static void init_options(void *options, size_t size)
{
	taskpool_options_init(options, size);
}

static void init_task(void *task, size_t size)
{
	taskpool_task_init(task, size);
}

START_TEST(the_initialisers_are_the_macros_as_functions)
{
	static const struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	static const struct taskpool_task task = TASKPOOL_TASK_INIT;

	check_initialised(init_options, &options, sizeof(options));
	check_initialised(init_task, &task, sizeof(task));
	ck_assert_int_eq(task.timeout, TASKPOOL_FOREVER);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		short_options_read_as_defaults,
		fields_of_short_options_count,
		long_options_are_accepted_with_a_clean_tail_only,
		options_smaller_than_their_size_field_are_refused,
		the_initialisers_are_the_macros_as_functions,
		NULL,
	};
	const TTest *placed[] = {
		short_tasks_read_as_initialised,
		a_task_without_end_and_arg_has_none,
		long_tasks_are_accepted_with_a_clean_tail_only,
		structs_are_filled_up_to_the_callers_size,
		NULL,
	};

	return run_suite("growable structs", tests, placed);
}
