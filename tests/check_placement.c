/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Where jobs run. PINNED: at home, always. FLOATING: wherever a worker would otherwise idle.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

#define WORKERS 5

/* What a worker's jobs saw; the index is the worker. */
static _Atomic(pid_t) worker_threads[WORKERS];
static _Atomic unsigned worker_jobs[WORKERS];

struct expected_worker {
	unsigned worker;
	struct tally *ran;
};

static void expect_worker(struct taskpool_context *context, void *arg)
{
	struct expected_worker *expected = arg;
	unsigned worker = taskpool_context_worker(context);
	pid_t none = 0;

	expect(worker == expected->worker);
	if (!atomic_compare_exchange_strong(&worker_threads[worker], &none, thread_id()))
		expect(worker_threads[worker] == thread_id());
	tally_add(expected->ran);
}

START_TEST(pinned_jobs_run_at_home)
{
	static struct expected_worker expected[1000];
	struct taskpool *pool = start_pool(WORKERS, 0, TASKPOOL_PINNED);
	struct tally ran;

	tally_init(&ran);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < LENGTH(expected); i++) {
			struct taskpool_task task = make_task(NULL, expect_worker, &expected[i]);
			char key[80];

			memset(key, 'k', sizeof(key));
			task.key = key;
			task.key_len = i % sizeof(key); /* the empty key among them, and NUL bytes */
			if (task.key_len)
				memcpy(key, &i, task.key_len < sizeof(i) ? task.key_len : sizeof(i));
			expected[i].ran = &ran;
			expected[i].worker = fnv1a(key, task.key_len) % WORKERS;
			ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), 0);
		}
	tally_wait(&ran, 3 * LENGTH(expected));
	taskpool_free(pool);
}
END_TEST

START_TEST(the_home_of_a_key_is_its_fnv1a_hash_modulo_workers)
{
	for (unsigned workers = 1; workers < 10; workers++) {
		struct taskpool *pool = make_pool(workers, 1000, (unsigned)_i);
		unsigned queued[10] = { 0 };
		char key[32];

		for (unsigned i = 0; i < 200; i++) {
			snprintf(key, sizeof(key), "user-%07u", i);
			queued[fnv1a(key, strlen(key)) % workers]++;
			ck_assert_int_eq(submit_timed(pool, key, nothing_job, NULL, 0), 0);
		}
		for (unsigned i = 0; i < workers; i++) {
			struct taskpool_worker_stats stats = { .size = sizeof(stats) };

			ck_assert_int_eq(taskpool_worker_stats(pool, i, &stats), 0);
			ck_assert_uint_eq(stats.queued, queued[i]);
		}
		taskpool_free(pool);
	}
}
END_TEST

static _Atomic int key_worker[300];

static void keep_worker(struct taskpool_context *context, void *arg)
{
	_Atomic int *worker = arg;
	int own = (int)taskpool_context_worker(context), none = -1;

	if (!atomic_compare_exchange_strong(worker, &none, own))
		expect(*worker == own);
	atomic_fetch_add(&worker_jobs[own], 1);
}

START_TEST(siphash_keeps_a_key_at_one_worker_and_uses_all)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;
	unsigned moved = 0;
	char key[32];

	options.workers = WORKERS;
	options.placement = TASKPOOL_PINNED;
	options.hash = TASKPOOL_HASH_SIPHASH;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	for (unsigned i = 0; i < LENGTH(key_worker); i++)
		key_worker[i] = -1;
	for (unsigned round = 0; round < 5; round++)
		for (unsigned i = 0; i < LENGTH(key_worker); i++) {
			snprintf(key, sizeof(key), "%u", i);
			ck_assert_int_eq(taskpool_submit(pool, key, keep_worker, &key_worker[i]), 0);
		}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < LENGTH(key_worker); i++) {
		snprintf(key, sizeof(key), "%u", i);
		moved += key_worker[i] != (int)(fnv1a(key, strlen(key)) % WORKERS);
	}
	ck_assert_uint_gt(moved, 0);
	for (unsigned i = 0; i < WORKERS; i++)
		ck_assert_uint_gt(worker_jobs[i], 0);
	taskpool_free(pool);
}
END_TEST

/* Jobs of `others` keys run, two of each, while a job of `blocked` is in. */
static void check_no_blocking(struct taskpool *pool, const char *blocked, const char *const *others, unsigned count)
{
	struct tally ran;
	struct gate gate;

	gate_init(&gate);
	tally_init(&ran);
	ck_assert_int_eq(taskpool_submit(pool, blocked, gate_job, &gate), 0);
	tally_wait(&gate.entered, 1);
	for (unsigned i = 0; i < 2 * count; i++)
		ck_assert_int_eq(taskpool_submit(pool, others[i % count], tally_job, &ran), 0);
	tally_wait(&ran, 2 * count);
	gate_open(&gate);
	taskpool_free(pool);
}

START_TEST(a_slow_job_delays_no_other_key_of_its_home)
{
	static char keys[40][32];
	const char *others[LENGTH(keys) - 1];
	unsigned number = 0;

	for (unsigned i = 0; i < LENGTH(keys); i++) {
		key_at_home(keys[i], "key", &number, 4, 2);
		if (i)
			others[i - 1] = keys[i];
	}
	check_no_blocking(start_pool(4, 0, TASKPOOL_FLOATING), keys[0], others, LENGTH(others));
}
END_TEST

/* `workers` gates on as many keys of one home; all must be in at once. */
static void check_conservation(unsigned workers, bool start_first)
{
	struct taskpool *pool = make_pool(workers, 0, TASKPOOL_FLOATING);
	unsigned number = 0;
	struct gate gate;
	char key[32];

	gate_init(&gate);
	if (start_first)
		ck_assert_int_eq(taskpool_start(pool), 0);
	for (unsigned i = 0; i < workers; i++) {
		key_at_home(key, "key", &number, workers, 0);
		ck_assert_int_eq(taskpool_submit(pool, key, gate_job, &gate), 0);
	}
	if (!start_first)
		ck_assert_int_eq(taskpool_start(pool), 0);
	tally_wait(&gate.entered, workers);
	gate_open(&gate);
	taskpool_free(pool);
}

START_TEST(keys_of_one_home_occupy_all_workers)
{
	for (unsigned round = 0; round < 20; round++)
		for (unsigned workers = 2; workers <= 8; workers += 3) {
			check_conservation(workers, true);
			check_conservation(workers, false);
		}
}
END_TEST

static struct tally children;

/* Waits, inside the job, for jobs whose home is this job's own worker or any other. */
static void wait_for_children(struct taskpool_context *context, void *arg)
{
	struct taskpool *pool = taskpool_context_pool(context);
	unsigned number = 0;
	char key[32];

	(void)arg;
	for (unsigned i = 0; i < 10; i++) {
		key_at_home(key, "child", &number, 2, i % 2);
		ck_assert_int_eq(taskpool_submit(pool, key, tally_job, &children), 0);
	}
	tally_wait(&children, 10);
}

START_TEST(what_a_job_submits_runs_while_it_stays)
{
	for (unsigned round = 0; round < 50; round++) {
		struct taskpool *pool = start_pool(2, 0, TASKPOOL_FLOATING);

		tally_init(&children);
		ck_assert_int_eq(taskpool_submit(pool, round % 2 ? "parent" : NULL, wait_for_children, NULL), 0);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		taskpool_free(pool);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		pinned_jobs_run_at_home,
		siphash_keeps_a_key_at_one_worker_and_uses_all,
		a_slow_job_delays_no_other_key_of_its_home,
		keys_of_one_home_occupy_all_workers,
		what_a_job_submits_runs_while_it_stays,
		NULL,
	};
	const TTest *placed[] = { the_home_of_a_key_is_its_fnv1a_hash_modulo_workers, NULL };

	return run_suite("placement", tests, placed);
}
