/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * A submit from inside a job never waits: where it would, the job is let in past the bound, and counted.
 */
#include <config.h>

#include "suite.h"

#define PAST_BOUND 10

static struct taskpool *pool;
static struct journal journal;
static struct note notes[PAST_BOUND];
static struct gate after_submits;

static uint64_t overflow(void)
{
	struct taskpool_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(taskpool_stats(pool, &stats), 0);
	return stats.overflow;
}

static void submit_many(const char *key)
{
	for (unsigned i = 0; i < PAST_BOUND; i++) {
		notes[i] = (struct note){ &journal, i };
		ck_assert_int_eq(submit_timed(pool, key, note_job, &notes[i], i % 2 ? -1 : MILLISECOND), 0);
	}
	ck_assert_int_eq(submit_timed(pool, key, forbidden_job, NULL, 0), -EAGAIN);
}

static void submit_past_bound(struct taskpool_context *context, void *key)
{
	(void)context;
	submit_many(key);
	gate_job(context, &after_submits);
}

static void submit_past_bound_in_end(void *key, int outcome)
{
	ck_assert_int_eq(outcome, TASKPOOL_RAN);
	submit_many(key);
	gate_job(NULL, &after_submits);
}

static void check_journal(void)
{
	tally_wait(&after_submits.entered, 1);
	ck_assert_uint_eq(overflow(), PAST_BOUND - 2);
	ck_assert_int_eq(submit_timed(pool, "outside", forbidden_job, NULL, 0), -EAGAIN);
	gate_open(&after_submits);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(journal.count, PAST_BOUND);
	for (unsigned i = 0; i < PAST_BOUND; i++)
		ck_assert_uint_eq(journal.entries[i], i);
	ck_assert_int_eq(submit_timed(pool, "outside", nothing_job, NULL, 0), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(overflow(), PAST_BOUND - 2);
	taskpool_free(pool);
}

static void prepare(unsigned placement)
{
	pool = start_pool(1, 2, placement);
	journal_init(&journal);
	gate_init(&after_submits);
}

static char own[] = "own", other[] = "other";

START_TEST(a_job_submits_past_the_bound_to_its_own_key)
{
	prepare((unsigned)_i);
	ck_assert_int_eq(taskpool_submit(pool, own, submit_past_bound, own), 0);
	check_journal();
}
END_TEST

START_TEST(a_job_submits_past_the_bound_to_another_key)
{
	prepare((unsigned)_i);
	ck_assert_int_eq(taskpool_submit(pool, own, submit_past_bound, other), 0);
	check_journal();
}
END_TEST

START_TEST(end_submits_past_the_bound)
{
	prepare((unsigned)_i);
	ck_assert_int_eq(submit_with_end(pool, own, nothing_job, submit_past_bound_in_end, own), 0);
	check_journal();
}
END_TEST

static void submit_keyless_past_bound(struct taskpool_context *context, void *ran)
{
	for (unsigned i = 0; i < PAST_BOUND; i++)
		ck_assert_int_eq(taskpool_submit(pool, NULL, tally_job, ran), 0);
	ck_assert_int_eq(submit_timed(pool, NULL, forbidden_job, NULL, 0), -EAGAIN);
	ck_assert_uint_eq(overflow(), PAST_BOUND - 2);
	(void)context;
}

START_TEST(a_job_submits_past_the_bound_without_a_key)
{
	struct tally ran;

	tally_init(&ran);
	prepare((unsigned)_i);
	ck_assert_int_eq(taskpool_submit(pool, own, submit_keyless_past_bound, &ran), 0);
	tally_wait(&ran, PAST_BOUND);
	taskpool_free(pool);
}
END_TEST

static void submit_past_key_bound(struct taskpool_context *context, void *ran)
{
	(void)context;
	for (unsigned i = 0; i < PAST_BOUND; i++)
		ck_assert_int_eq(taskpool_submit(pool, other, tally_job, ran), 0);
	ck_assert_int_eq(submit_timed(pool, other, forbidden_job, NULL, 0), -EAGAIN);
	ck_assert_int_eq(submit_timed(pool, "third", tally_job, ran, 0), 0);
	ck_assert_uint_eq(overflow(), PAST_BOUND - 3);
}

START_TEST(a_job_submits_past_the_bound_of_a_key)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct tally ran;

	tally_init(&ran);
	options.workers = 1;
	options.key_capacity = 3;
	options.placement = (unsigned)_i;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_submit(pool, own, submit_past_key_bound, &ran), 0);
	tally_wait(&ran, PAST_BOUND + 1);
	taskpool_free(pool);
}
END_TEST

/* A tree of jobs far larger than the queues: each job has two children until the depth is used up. */
static struct tally leaves;

static void grow(struct taskpool_context *context, void *arg)
{
	uintptr_t depth = (uintptr_t)arg;

	(void)context;
	if (depth == 0) {
		tally_add(&leaves);
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		char key[] = { (char)('a' + depth), i ? 'x' : 'y', '\0' };

		expect(taskpool_submit(pool, i ? key : NULL, grow, (void *)(depth - 1)) == 0);
	}
}

START_TEST(a_tree_of_jobs_grows_in_a_tiny_pool)
{
	tally_init(&leaves);
	pool = start_pool(2, 1, (unsigned)_i);
	ck_assert_int_eq(taskpool_submit(pool, "root", grow, (void *)(uintptr_t)11), 0);
	tally_wait(&leaves, 1 << 11);
	taskpool_free(pool);
}
END_TEST

static void leave_behind(struct taskpool_context *context, void *endings)
{
	for (unsigned i = 0; i < PAST_BOUND; i++)
		ck_assert_int_eq(submit_with_end(pool, i % 2 ? "own" : NULL, forbidden_job, endings_end, endings), 0);
	ck_assert_int_eq(taskpool_request_stop(pool), 0);
	ck_assert_int_eq(taskpool_submit(pool, "own", forbidden_job, NULL), -ECANCELED);
	(void)context;
}

START_TEST(stop_ends_jobs_past_the_bound_too)
{
	struct endings endings;

	endings_init(&endings);
	prepare((unsigned)_i);
	ck_assert_int_eq(taskpool_submit(pool, own, leave_behind, &endings), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_uint_eq(tally_read(&endings.canceled), PAST_BOUND);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_job_submits_past_the_bound_to_its_own_key,
		a_job_submits_past_the_bound_to_another_key,
		end_submits_past_the_bound,
		a_job_submits_past_the_bound_without_a_key,
		a_job_submits_past_the_bound_of_a_key,
		a_tree_of_jobs_grows_in_a_tiny_pool,
		stop_ends_jobs_past_the_bound_too,
		NULL,
	};

	return run_suite("overflow", NULL, placed);
}
