/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Every request for memory fails once. This file stands in for lib/alloc.c: its functions are linked in the library's
 * place.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "suite.h"
#include "util.h"

static _Atomic long outstanding;
static _Atomic unsigned requests, failing; /* the number of the request that fails, from 1; 0: none */

static bool fails(void)
{
	return atomic_fetch_add(&requests, 1) + 1 == failing;
}

static void fail_at(unsigned nth)
{
	requests = 0;
	failing = nth;
}

void *tpi_alloc(size_t size)
{
	void *memory = NULL;

	if (fails())
		return NULL;
	if (size % TPI_LINE != 0)
		memory = malloc(size);
	else if (posix_memalign(&memory, TPI_LINE, size) != 0)
		memory = NULL;
	outstanding += memory != NULL;
	return memory;
}

void *tpi_alloc_zero(size_t count, size_t size)
{
	void *memory = fails() ? NULL : calloc(count, size);

	outstanding += memory != NULL;
	return memory;
}

void tpi_release(void *memory)
{
	outstanding -= memory != NULL;
	free(memory);
}

START_TEST(a_pool_that_gets_no_memory_leaves_none_behind)
{
	struct taskpool *pool = NULL;
	unsigned nth = 1;

	for (fail_at(nth); taskpool_new(&pool, 3) != 0; fail_at(++nth)) {
		ck_assert_ptr_null(pool);
		ck_assert_int_eq(outstanding, 0);
		fail_at(nth);
		ck_assert_int_eq(taskpool_new(&pool, 3), -ENOMEM);
	}
	ck_assert_uint_gt(nth, 10);
	taskpool_free(pool);
	ck_assert_int_eq(outstanding, 0);
}
END_TEST

/* A long key needs memory, a job past the bound too; without it the job was not taken, and the pool goes on. */
static void submit_from_inside(struct taskpool_context *context, void *arg)
{
	struct taskpool *pool = taskpool_context_pool(context);
	const char *key = "a key that is longer than what fits into a record";

	for (unsigned i = 0; i < 4; i++)
		expect(submit_timed(pool, "key", tally_job, arg, 0) == (i < 2 ? 0 : -EAGAIN));
	for (unsigned nth = 1; nth <= 3; nth++) {
		fail_at(nth);
		expect(taskpool_submit(pool, key, tally_job, arg) == -ENOMEM);
	}
	fail_at(0);
	expect(taskpool_submit(pool, key, tally_job, arg) == 0);
}

START_TEST(a_submit_that_gets_no_memory_takes_nothing)
{
	struct taskpool *pool = start_pool(1, 2, TASKPOOL_FLOATING);
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(taskpool_submit(pool, "key", submit_from_inside, &ran), 0);
	tally_wait(&ran, 3);
	taskpool_free(pool);
	ck_assert_int_eq(outstanding, 0);
}
END_TEST

START_TEST(a_wait_says_that_it_gets_no_memory_and_a_stop_needs_none)
{
	struct taskpool *pool = start_pool(40, 2, TASKPOOL_FLOATING);

	fail_at(1);
	ck_assert_int_eq(taskpool_wait(pool, 0), -ENOMEM);
	ck_assert_int_eq(taskpool_wait(pool, 0), 0);
	fail_at(1);
	ck_assert_int_eq(taskpool_shutdown(pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, NULL), 0);
	ck_assert_uint_eq(requests, 0);
	taskpool_free(pool);
	ck_assert_int_eq(outstanding, 0);
}
END_TEST

START_TEST(short_keys_need_no_memory_and_idle_keys_hold_none)
{
	struct taskpool *pool = start_pool(2, 50, TASKPOOL_FLOATING);
	long before = outstanding;
	struct tally ran;
	char key[32];

	tally_init(&ran);
	fail_at(0);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		ck_assert_int_eq(taskpool_submit(pool, key, tally_job, &ran), 0);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(requests, 0);
	ck_assert_int_eq(outstanding, before);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_pool_that_gets_no_memory_leaves_none_behind,
		a_submit_that_gets_no_memory_takes_nothing,
		a_wait_says_that_it_gets_no_memory_and_a_stop_needs_none,
		short_keys_need_no_memory_and_idle_keys_hold_none,
		NULL,
	};

	return run_suite("alloc", tests, NULL);
}
