/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Traces that are started and stopped while jobs run, by several threads, and around forks: nobody is disturbed.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "suite.h"
#include "traces.h"

static _Atomic bool done;
static _Atomic unsigned long submitted, ran;

static void count_run(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	ran++;
}

static void *keep_busy(void *pool)
{
	char key[32];

	for (unsigned i = 0; !done; i++) {
		snprintf(key, sizeof(key), "%u", i % 50);
		expect(taskpool_submit(pool, i % 5 ? key : NULL, count_run, NULL) == 0);
		submitted++;
	}
	return NULL;
}

static void await_more_runs(unsigned long more)
{
	int64_t until = now() + DEADLINE;

	for (unsigned long before = ran; ran < before + more;)
		expect(now() < until);
}

static void end_busy(struct taskpool *pool, pthread_t thread)
{
	done = true;
	pthread_join(thread, NULL);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(ran, submitted);
	taskpool_free(pool);
}

START_TEST(traces_start_and_stop_while_jobs_run)
{
	struct taskpool *pool = start_pool(4, 10, (unsigned)_i);
	pthread_t thread = spawn(keep_busy, pool);

	make_folder();
	for (unsigned i = 0; i < 60; i++) {
		char *text;

		ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
		await_more_runs(i * 20);
		ck_assert_int_eq(taskpool_trace_stop(), 0);
		await_more_runs(2);
		text = text_of(trace_file);
		check_whole(text);
		free(text);
	}
	end_busy(pool, thread);
	remove_folder();
}
END_TEST

static _Atomic unsigned starts, stops;

static void *start_and_stop(void *path)
{
	for (unsigned i = 0; i < 200; i++) {
		int error = taskpool_trace_start(path);

		expect(error == 0 || error == -EALREADY);
		starts += error == 0;
		error = taskpool_trace_stop();
		expect(error == 0 || error == -EINVAL);
		stops += error == 0;
	}
	return NULL;
}

START_TEST(threads_may_start_and_stop_traces_at_once)
{
	struct taskpool *pool = start_pool(2, 10, (unsigned)_i);
	pthread_t thread = spawn(keep_busy, pool), threads[3];
	char *text;

	make_folder();
	for (size_t i = 0; i < LENGTH(threads); i++)
		threads[i] = spawn(start_and_stop, i == 0 ? trace_file : other_file);
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(starts, stops);
	ck_assert_uint_ge(starts, 200);
	ck_assert_int_eq(taskpool_trace_stop(), -EINVAL);
	end_busy(pool, thread);
	text = text_of(trace_file);
	check_whole(text);
	free(text);
	remove_folder();
}
END_TEST

/* ---- Fork ---- */

/* Tracing is off here, may be switched on, and off again by the end of the process. */
static int trace_in_child(void *arg)
{
	(void)arg;
	expect(taskpool_trace_stop() == -EINVAL);
	expect(taskpool_trace_start(other_file) == 0);
	expect(taskpool_trace_start(other_file) == -EALREADY);
	exit(0);
}

static void fork_and_check(void)
{
	char *text;

	if (!CHILD_HAS_MALLOC)
		return;
	ck_assert_int_eq(in_child(trace_in_child, NULL), 0);
	text = text_of(other_file);
	ck_assert_str_eq(text, "[]\n");
	free(text);
}

START_TEST(a_child_does_not_write_its_parents_trace)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	run_jobs(pool, 10);
	fork_and_check();
	run_jobs(pool, 10);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	check_slices(trace_file, 20);
	taskpool_free(pool);
	remove_folder();
}
END_TEST

static int without_descriptor(void *arg)
{
	struct stat file, open;

	(void)arg;
	expect(stat(trace_file, &file) == 0);
	for (int fd = 0; fd < 100; fd++)
		expect(fstat(fd, &open) != 0 || open.st_ino != file.st_ino || open.st_dev != file.st_dev);
	return 0;
}

START_TEST(a_child_has_not_the_file_of_its_parents_trace)
{
	make_folder();
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	ck_assert_int_eq(in_child(without_descriptor, NULL), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	ck_assert_int_eq(in_child(without_descriptor, NULL), 0);
	remove_folder();
}
END_TEST

/* The workers of the parent hold the trace's lock most of the time. */
START_TEST(fork_at_any_moment_of_a_trace_disturbs_nobody)
{
	struct taskpool *pool = start_pool(4, 10, (unsigned)_i);
	pthread_t thread = spawn(keep_busy, pool);
	uint64_t seed = test_seed();

	make_folder();
	for (unsigned i = 0; i < 40; i++) {
		char *text;

		ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
		await_more_runs(random_below(&seed, 100));
		fork_and_check();
		await_more_runs(10);
		ck_assert_int_eq(taskpool_trace_stop(), 0);
		text = text_of(trace_file);
		check_whole(text);
		ck_assert_uint_ge(count_in(text, SLICE), 2);
		free(text);
	}
	end_busy(pool, thread);
	remove_folder();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_child_has_not_the_file_of_its_parents_trace,
		NULL,
	};
	const TTest *placed[] = {
		traces_start_and_stop_while_jobs_run,
		threads_may_start_and_stop_traces_at_once,
		a_child_does_not_write_its_parents_trace,
		fork_at_any_moment_of_a_trace_disturbs_nobody,
		NULL,
	};

	return run_suite("trace races", tests, placed);
}
