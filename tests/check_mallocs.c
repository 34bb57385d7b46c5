/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * In steady state a job with a short key costs no malloc. This program's own malloc counts.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "suite.h"

#if defined(__GLIBC__) && !defined(SANITIZED_THREAD) && !defined(SANITIZED_ADDRESS)
#define CAN_COUNT
#endif

#ifdef CAN_COUNT

#define JOBS 50000

static _Atomic unsigned long allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	allocations++;
	return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	allocations++;
	return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	allocations++;
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	allocations++;
	*memory = __libc_memalign(alignment, size);
	return *memory ? 0 : ENOMEM;
}

/* Brings every queue to its bound, with as many keys as jobs. */
static void fill(struct taskpool *pool)
{
	unsigned workers = taskpool_workers(pool), number = 0;
	struct gate gate;
	char key[32];

	gate_init(&gate);
	for (unsigned home = 0; home < workers; home++) {
		key_at_home(key, "gate", &number, workers, home);
		ck_assert_int_eq(taskpool_submit(pool, key, gate_job, &gate), 0);
	}
	tally_wait(&gate.entered, workers);
	for (unsigned home = 0; home < workers; home++)
		do
			key_at_home(key, "key", &number, workers, home);
		while (submit_timed(pool, key, nothing_job, NULL, 0) == 0);
	gate_open(&gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
}

/* Submits JOBS jobs under `keys` different keys of `length` bytes, and one without for every eight with. */
static void submit_all(struct taskpool *pool, unsigned keys, int length, struct tally *done)
{
	char key[64];

	for (unsigned i = 0; i < JOBS; i++) {
		snprintf(key, sizeof(key), "%0*u", length, i % keys);
		expect(taskpool_submit(pool, i % 8 ? key : NULL, nothing_job, NULL) == 0);
	}
	for (unsigned i = 0; i < 8; i++) {
		snprintf(key, sizeof(key), "last %u", i);
		expect(taskpool_submit(pool, key, tally_job, done) == 0);
	}
}

static void check_no_malloc(unsigned placement, unsigned keys, int length)
{
	struct taskpool *pool = start_pool(2, 0, placement);
	unsigned long before;
	struct tally done;

	tally_init(&done);
	fill(pool);
	submit_all(pool, keys, length, &done);
	tally_wait(&done, 8);
	before = allocations;
	submit_all(pool, keys, length, &done);
	tally_wait(&done, 16);
	ck_assert_uint_eq(allocations - before, 0);
	taskpool_free(pool);
}

START_TEST(a_job_with_a_short_key_costs_no_malloc)
{
	check_no_malloc((unsigned)_i, 1, 1);
	check_no_malloc((unsigned)_i, 64, 12);
	check_no_malloc((unsigned)_i, JOBS, 20);
}
END_TEST

int main(void)
{
	const TTest *placed[] = { a_job_with_a_short_key_costs_no_malloc, NULL };

	return run_suite("mallocs", NULL, placed);
}

#else

int main(void)
{
	puts("skipped: malloc cannot be replaced under a sanitizer or with this C library");
	return SKIPPED;
}

#endif
