/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The process ends while jobs run: no hang, no crash, and the exit status is its own.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "suite.h"

#ifdef SANITIZED_THREAD
/* Threads that run when the process ends are the matter here. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "report_thread_leaks=0";
}
#endif

#define STATUS 7

static struct taskpool *pool;
static struct tally running;

static void run_for_ever(struct taskpool_context *context, void *arg)
{
	static _Atomic unsigned long turns;

	(void)arg;
	tally_add(&running);
	while (!taskpool_context_canceled(context))
		turns++;
}

static void wait_for_ever(struct taskpool_context *context, void *arg)
{
	(void)arg;
	tally_add(&running);
	taskpool_context_fd(context);
	taskpool_context_sleep(context, INT64_MAX);
}

static void exit_inside(struct taskpool_context *context, void *arg)
{
	(void)context;
	if (arg)
		_Exit(STATUS);
	exit(STATUS);
}

static void *submit_for_ever(void *arg)
{
	while (taskpool_submit(pool, "blocked", nothing_job, arg) == 0)
		;
	return NULL;
}

/* Jobs that run, that wait, and that others of their key wait for. */
static void make_busy(struct taskpool *busy)
{
	pool = busy;
	tally_init(&running);
	expect(taskpool_submit(pool, "spin", run_for_ever, NULL) == 0);
	expect(taskpool_submit(pool, "sleep", wait_for_ever, NULL) == 0);
	tally_wait(&running, 2);
	for (unsigned i = 0; i < 10; i++)
		expect(taskpool_submit(pool, "spin", nothing_job, NULL) == 0);
}

/* And a job that does not care whether it is canceled, and submits that run or block. */
static void make_busier(struct taskpool *busy)
{
	static struct gate gate;

	make_busy(busy);
	gate_init(&gate);
	expect(taskpool_submit(pool, "stubborn", gate_job, &gate) == 0);
	tally_wait(&gate.entered, 1);
	pthread_detach(spawn(submit_for_ever, NULL));
}

static int exit_busy(void *arg)
{
	make_busier(start_pool(4, 20, TASKPOOL_FLOATING));
	(void)arg;
	exit(STATUS);
}

static int exit_busy_at_once(void *arg)
{
	make_busier(start_pool(4, 20, TASKPOOL_FLOATING));
	(void)arg;
	_Exit(STATUS);
}

static int exit_busy_default(void *arg)
{
	make_busier(taskpool_default());
	(void)arg;
	exit(STATUS);
}

static int exit_in_job(void *arg)
{
	make_busier(start_pool(4, 20, TASKPOOL_FLOATING));
	expect(taskpool_submit(pool, NULL, exit_inside, arg) == 0);
	for (;;)
		pause();
}

static void use_pool_at_exit(void)
{
	struct tally ran;

	tally_init(&ran);
	expect(taskpool_submit(pool, NULL, tally_job, &ran) == 0);
	tally_wait(&ran, 1);
	expect(taskpool_wait(pool, MILLISECOND) == -ETIMEDOUT);
	taskpool_free(pool);
}

static int use_pool_in_atexit_handler(void *arg)
{
	expect(atexit(use_pool_at_exit) == 0);
	make_busy(arg ? taskpool_default() : start_pool(3, 0, TASKPOOL_FLOATING));
	exit(STATUS);
}

START_TEST(exit_while_jobs_run)
{
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(in_child(exit_busy, NULL), STATUS);
}
END_TEST

START_TEST(immediate_exit_while_jobs_run)
{
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(in_child(exit_busy_at_once, NULL), STATUS);
}
END_TEST

START_TEST(exit_while_the_default_pool_is_busy)
{
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(in_child(exit_busy_default, NULL), STATUS);
}
END_TEST

START_TEST(exit_inside_a_job)
{
	ck_assert_int_eq(in_child(exit_in_job, NULL), STATUS);
	ck_assert_int_eq(in_child(exit_in_job, &running), STATUS);
}
END_TEST

START_TEST(an_atexit_handler_may_use_and_stop_the_pool)
{
	ck_assert_int_eq(in_child(use_pool_in_atexit_handler, NULL), STATUS);
	ck_assert_int_eq(in_child(use_pool_in_atexit_handler, &running), STATUS);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		exit_while_jobs_run,
		immediate_exit_while_jobs_run,
		exit_while_the_default_pool_is_busy,
		exit_inside_a_job,
		an_atexit_handler_may_use_and_stop_the_pool,
		NULL,
	};

	return run_suite("exit", tests, NULL);
}
