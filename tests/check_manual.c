/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * TASKPOOL_MANUAL: what taskpool_run runs, how much of it, and in which order.
 */
#include <config.h>

#include <string.h>

#include "manual.h"
#include "suite.h"

#define KEYS 5
#define JOBS_OF_KEY 4
#define JOBS (KEYS * JOBS_OF_KEY)

static void submit_tallies(struct taskpool *pool, struct tally *ran, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(taskpool_submit(pool, i % 2 ? "odd" : "even", tally_job, ran), 0);
}

static void *forbidden_hook(void *user, unsigned worker)
{
	(void)user;
	(void)worker;
	die("a worker hook of a manual pool was called");
}

static void forbidden_stop_hook(void *user, unsigned worker, void *data)
{
	(void)data;
	forbidden_hook(user, worker);
}

START_TEST(a_manual_pool_has_no_threads_and_calls_no_hooks)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	unsigned threads = settled_threads();
	struct taskpool *pool;
	struct tally ran;

	tally_init(&ran);
	options.workers = 3;
	options.flags = TASKPOOL_MANUAL;
	options.worker_start = forbidden_hook;
	options.worker_stop = forbidden_stop_hook;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_uint_eq(taskpool_workers(pool), 3);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_start(pool), -EALREADY);
	ck_assert_uint_eq(count_threads(), threads);
	submit_tallies(pool, &ran, 10);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 10);
	ck_assert_uint_eq(tally_read(&ran), 10);
	ck_assert_uint_eq(count_threads(), threads);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_uint_eq(taskpool_workers(pool), 3);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_pool_with_threads_cannot_be_run)
{
	struct taskpool *pool = start_pool(1, 0, TASKPOOL_FLOATING);

	ck_assert_int_eq(taskpool_run(pool, 0, 0), -EINVAL);
	ck_assert_int_eq(taskpool_run(NULL, 0, 0), -EINVAL);
	ck_assert_int_eq(taskpool_fd(pool), -EINVAL);
	ck_assert_int_eq(taskpool_fd(NULL), -EINVAL);
	taskpool_free(pool);
}
END_TEST

START_TEST(nothing_runs_before_the_start)
{
	struct taskpool *pool = make_manual(2, 0, 0);
	struct tally ran;

	tally_init(&ran);
	submit_tallies(pool, &ran, 3);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
	ck_assert_uint_eq(tally_read(&ran), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 3);
	taskpool_free(pool);
}
END_TEST

START_TEST(run_runs_no_more_than_it_was_told)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	struct tally ran;

	tally_init(&ran);
	submit_tallies(pool, &ran, 10);
	ck_assert_int_eq(taskpool_run(pool, 1, 0), 1);
	ck_assert_uint_eq(tally_read(&ran), 1);
	ck_assert_int_eq(taskpool_run(pool, 4, TASKPOOL_FOREVER), 4);
	ck_assert_uint_eq(tally_read(&ran), 5);
	ck_assert_int_eq(taskpool_run(pool, 0, SECOND), 5);
	ck_assert_uint_eq(tally_read(&ran), 10);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(run_waits_for_its_first_job_only)
{
	struct taskpool *pool = start_manual(1, 0, 0);
	int64_t begin = now();
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
	ck_assert_int_eq(taskpool_run(pool, 3, 20 * MILLISECOND), 0);
	ck_assert_int_ge(now() - begin, 20 * MILLISECOND);
	submit_tallies(pool, &ran, 2);
	ck_assert_int_eq(taskpool_run(pool, 3, TASKPOOL_FOREVER), 2); /* it does not wait for the third */
	taskpool_free(pool);
}
END_TEST

struct chain {
	struct taskpool *pool;
	unsigned left, ran;
};

static void chain_job(struct taskpool_context *context, void *arg)
{
	struct chain *chain = arg;

	chain->ran++;
	if (chain->left-- > 1)
		ck_assert_int_eq(taskpool_submit(taskpool_context_pool(context), "key", chain_job, chain), 0);
}

START_TEST(jobs_that_jobs_submit_run_too)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	struct chain chain = { .left = 50 };
	int ran = 0, more;

	ck_assert_int_eq(taskpool_submit(pool, "key", chain_job, &chain), 0);
	while ((more = taskpool_run(pool, 0, 0)) > 0)
		ran += more;
	ck_assert_int_eq(more, 0);
	ck_assert_int_eq(ran, 50);
	ck_assert_uint_eq(chain.ran, 50);
	chain.left = 50;
	ck_assert_int_eq(taskpool_submit(pool, "key", chain_job, &chain), 0);
	for (unsigned i = 0; i < 50; i++)
		ck_assert_int_eq(taskpool_run(pool, 1, 0), 1);
	ck_assert_int_eq(taskpool_run(pool, 1, 0), 0);
	taskpool_free(pool);
}
END_TEST

static void look_around(struct taskpool_context *context, void *pool)
{
	size_t length;

	ck_assert_ptr_eq(taskpool_current(), context);
	ck_assert_ptr_eq(taskpool_context_pool(context), pool);
	ck_assert_uint_lt(taskpool_context_worker(context), 2);
	ck_assert_ptr_null(taskpool_context_worker_data(context));
	ck_assert_mem_eq(taskpool_context_key(context, &length), "key", 3);
	ck_assert_uint_eq(length, 3);
	ck_assert(!taskpool_context_canceled(context));
	ck_assert_int_eq(taskpool_context_sleep(context, MILLISECOND), 0);
	ck_assert_int_ge(taskpool_context_fd(context), 0);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), -EDEADLK);
	ck_assert_int_eq(taskpool_run(pool, 1, TASKPOOL_FOREVER), -EDEADLK);
	ck_assert_int_eq(taskpool_stop(pool), -EDEADLK);
}

static void end_manually(void *pool, int outcome)
{
	ck_assert_int_eq(outcome, TASKPOOL_RAN);
	ck_assert_ptr_null(taskpool_current());
	ck_assert_int_eq(taskpool_run(pool, 0, 0), -EDEADLK);
}

START_TEST(inside_a_manual_job_all_is_as_on_a_worker)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	unsigned fds = count_fds();

	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(submit_with_end(pool, "key", look_around, end_manually, pool), 0);
		ck_assert_int_eq(taskpool_run(pool, 0, 0), 1);
		ck_assert_ptr_null(taskpool_current());
	}
	ck_assert_uint_eq(count_fds(), fds);
	taskpool_free(pool);
}
END_TEST

static void run_other_pool(struct taskpool_context *context, void *other)
{
	ck_assert_int_eq(taskpool_run(other, 0, TASKPOOL_FOREVER), 1);
	ck_assert_ptr_eq(taskpool_current(), context);
}

START_TEST(a_manual_job_may_run_another_pool)
{
	struct taskpool *outer = start_manual(1, 0, 0), *inner = start_manual(1, 0, 0);
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(taskpool_submit(outer, "key", run_other_pool, inner), 0);
	ck_assert_int_eq(taskpool_submit(inner, "key", tally_job, &ran), 0);
	ck_assert_int_eq(taskpool_run(outer, 0, 0), 1);
	ck_assert_uint_eq(tally_read(&ran), 1);
	taskpool_free(inner);
	taskpool_free(outer);
}
END_TEST

/* ---- Order: a job's number is key * JOBS_OF_KEY + its place in the key's order ---- */

static void play_seed(unsigned workers, uint64_t seed, size_t at_once, unsigned order[JOBS])
{
	struct taskpool *pool = start_manual(workers, 0, seed);
	static struct journal journal;
	struct note notes[JOBS];
	char key[2] = "a";
	int ran;

	journal_init(&journal);
	for (unsigned i = 0; i < JOBS; i++) {
		unsigned number = i % KEYS * JOBS_OF_KEY + i / KEYS;

		key[0] = (char)('a' + i % KEYS);
		notes[i] = (struct note){ &journal, number };
		ck_assert_int_eq(taskpool_submit(pool, key, note_job, &notes[i]), 0);
	}
	while ((ran = taskpool_run(pool, at_once, 0)) > 0)
		;
	ck_assert_int_eq(ran, 0);
	ck_assert_uint_eq(journal.count, JOBS);
	memcpy(order, journal.entries, JOBS * sizeof(*order));
	taskpool_free(pool);
}

static void expect_order_per_key(const unsigned order[JOBS])
{
	unsigned next[KEYS] = { 0 };

	for (unsigned i = 0; i < JOBS; i++) {
		unsigned key = order[i] / JOBS_OF_KEY;

		expect(order[i] % JOBS_OF_KEY == next[key]);
		next[key]++;
	}
}

START_TEST(whatever_the_seed_each_key_keeps_its_order)
{
	uint64_t state = test_seed();
	unsigned order[JOBS];

	for (uint64_t seed = 0; seed < 1000; seed++) {
		play_seed(1 + (unsigned)(seed % 4), seed % 2 ? seed : random_next(&state), seed % 3, order);
		expect_order_per_key(order);
	}
}
END_TEST

START_TEST(the_same_seed_gives_the_same_order)
{
	unsigned first[JOBS], again[JOBS];
	uint64_t state = test_seed();

	for (unsigned i = 0; i < 50; i++) {
		uint64_t seed = i ? random_next(&state) : 0;

		play_seed(1 + i % 4, seed, 1, first);
		for (unsigned k = 0; k < 3; k++) {
			play_seed(1 + i % 4, seed, 1, again);
			expect(memcmp(first, again, sizeof(first)) == 0);
		}
	}
}
END_TEST

START_TEST(the_seed_decides_alone_and_not_how_many_run_at_once)
{
	unsigned first[JOBS], again[JOBS];

	for (uint64_t seed = 1; seed <= 20; seed++) {
		play_seed(3, seed, 0, first);
		play_seed(3, seed, 1 + seed % 5, again);
		expect(memcmp(first, again, sizeof(first)) == 0);
	}
}
END_TEST

static unsigned count_orders(unsigned workers)
{
	unsigned orders[20][JOBS], different = 0;

	for (unsigned i = 0; i < 20; i++) {
		bool is_new = true;

		play_seed(workers, i + 1, 0, orders[i]);
		for (unsigned k = 0; k < i && is_new; k++)
			is_new = memcmp(orders[i], orders[k], sizeof(orders[i])) != 0;
		different += is_new;
	}
	return different;
}

START_TEST(different_seeds_give_different_orders)
{
	ck_assert_uint_ge(count_orders(1), 2);
	ck_assert_uint_ge(count_orders(4), 2);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_manual_pool_has_no_threads_and_calls_no_hooks,
		a_pool_with_threads_cannot_be_run,
		nothing_runs_before_the_start,
		run_runs_no_more_than_it_was_told,
		run_waits_for_its_first_job_only,
		jobs_that_jobs_submit_run_too,
		inside_a_manual_job_all_is_as_on_a_worker,
		a_manual_job_may_run_another_pool,
		whatever_the_seed_each_key_keeps_its_order,
		the_same_seed_gives_the_same_order,
		the_seed_decides_alone_and_not_how_many_run_at_once,
		different_seeds_give_different_orders,
		NULL,
	};

	return run_suite("manual", tests, NULL);
}
