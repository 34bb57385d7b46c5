/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Per key: one at a time, in order, each job sees what the one before it wrote, and every job ends once.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdio.h>

#include "suite.h"

#define JOBS 3000
#define KEYS 10

/*
 * Deliberately without atomics and locks: where two jobs of the key overlap, or one does not see the other's writes,
 * the counts are wrong and ThreadSanitizer sees a race.
 */
struct key_state {
	bool inside;
	unsigned next[4]; /* by producer */
	unsigned ran;
};

struct job {
	struct key_state *key;
	unsigned producer, number;
	unsigned ran;
	_Atomic unsigned ended;
};

static struct key_state states[KEYS];

static void ordered_job(struct taskpool_context *context, void *arg)
{
	struct job *job = arg;
	struct key_state *key = job->key;

	(void)context;
	expect(!key->inside);
	key->inside = true;
	expect(key->next[job->producer] <= job->number);
	key->next[job->producer] = job->number + 1;
	key->ran++;
	expect(job->ran++ == 0);
	if (job->number % 64 == 0)
		pause_shortly();
}

/* The key stays busy until end has returned: `inside` is reset here only. */
static void ordered_end(void *arg, int outcome)
{
	struct job *job = arg;

	expect(outcome == TASKPOOL_RAN);
	expect(job->key->inside);
	expect(job->ran == 1);
	job->key->inside = false;
	expect(atomic_fetch_add(&job->ended, 1) == 0);
}

struct producer {
	struct taskpool *pool;
	unsigned number;
	struct job *jobs;
};

static void *produce(void *arg)
{
	struct producer *producer = arg;
	char name[32];

	for (unsigned i = 0; i < JOBS; i++) {
		struct job *job = &producer->jobs[i];

		job->key = &states[i % KEYS];
		job->producer = producer->number;
		job->number = i;
		snprintf(name, sizeof(name), "key %u", i % KEYS);
		expect(submit_with_end(producer->pool, name, ordered_job, ordered_end, job) == 0);
	}
	return NULL;
}

static void produce_and_check(struct taskpool *pool, unsigned producers)
{
	static struct job jobs[4][JOBS];
	struct producer args[4];
	pthread_t threads[4];

	for (unsigned i = 0; i < producers; i++) {
		args[i] = (struct producer){ pool, i, jobs[i] };
		threads[i] = spawn(produce, &args[i]);
	}
	for (unsigned i = 0; i < producers; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < producers; i++)
		for (unsigned j = 0; j < JOBS; j++)
			expect(jobs[i][j].ended == 1);
	for (unsigned i = 0; i < KEYS; i++)
		ck_assert_uint_eq(states[i].ran, producers * JOBS / KEYS);
	taskpool_free(pool);
}

START_TEST(jobs_of_a_key_run_one_at_a_time_and_in_order)
{
	produce_and_check(start_pool(4, 0, (unsigned)_i), 1);
}
END_TEST

START_TEST(each_of_many_producers_finds_its_order_kept)
{
	produce_and_check(start_pool(4, 0, (unsigned)_i), 4);
}
END_TEST

START_TEST(order_holds_in_tiny_queues)
{
	produce_and_check(start_pool(3, 1, (unsigned)_i), 3);
}
END_TEST

START_TEST(order_holds_in_large_queues)
{
	produce_and_check(start_pool(8, 100000, (unsigned)_i), 2);
}
END_TEST

/* A job that submits to its own key is followed by everything submitted before. */
static struct journal journal;
static struct note follow_up = { &journal, 1000 };

static void submit_to_own_key(struct taskpool_context *context, void *arg)
{
	note_job(context, arg);
	ck_assert_int_eq(taskpool_submit(taskpool_context_pool(context), "key", note_job, &follow_up), 0);
}

START_TEST(what_a_job_submits_to_its_key_comes_last)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct note notes[20];

	journal_init(&journal);
	for (unsigned i = 0; i < LENGTH(notes); i++) {
		notes[i] = (struct note){ &journal, i };
		ck_assert_int_eq(taskpool_submit(pool, "key", i ? note_job : submit_to_own_key, &notes[i]), 0);
	}
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0); /* may have been called before the last submit */
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(journal.count, LENGTH(notes) + 1);
	for (unsigned i = 0; i < LENGTH(notes); i++)
		ck_assert_uint_eq(journal.entries[i], i);
	ck_assert_uint_eq(journal.entries[LENGTH(notes)], 1000);
	taskpool_free(pool);
}
END_TEST

/* Plain memory: what the thread wrote before submit is there for the job, what the job wrote for who waits. */
static unsigned plain;

static void double_plain(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	plain *= 2;
}

START_TEST(writes_travel_into_jobs_and_out_of_them)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	for (unsigned i = 1; i < 2000; i++) {
		plain = i;
		ck_assert_int_eq(taskpool_submit(pool, i % 2 ? "key" : NULL, double_plain, NULL), 0);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		expect(plain == 2 * i);
	}
	taskpool_free(pool);
}
END_TEST

static void canceled_end(void *arg, int outcome)
{
	struct job *job = arg;

	expect(outcome == TASKPOOL_CANCELED || outcome == TASKPOOL_RAN);
	expect((outcome == TASKPOOL_RAN) == (job->ran == 1));
	expect(atomic_fetch_add(&job->ended, 1) == 0);
}

static void mark_job(struct taskpool_context *context, void *arg)
{
	struct job *job = arg;

	(void)context;
	job->ran++;
}

START_TEST(every_job_of_a_stopped_pool_ends_once)
{
	static struct job jobs[400];

	for (unsigned round = 0; round < 50; round++) {
		struct taskpool *pool = start_pool(3, 1000, (unsigned)_i);
		char name[32];

		for (unsigned i = 0; i < LENGTH(jobs); i++) {
			jobs[i].ran = 0;
			jobs[i].ended = 0;
			snprintf(name, sizeof(name), "key %u", i % 7);
			expect(submit_with_end(pool, i % 8 ? name : NULL, mark_job, canceled_end, &jobs[i]) == 0);
		}
		ck_assert_int_eq(taskpool_stop(pool), 0);
		for (unsigned i = 0; i < LENGTH(jobs); i++)
			expect(jobs[i].ended == 1);
		taskpool_free(pool);
	}
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		jobs_of_a_key_run_one_at_a_time_and_in_order,
		each_of_many_producers_finds_its_order_kept,
		order_holds_in_tiny_queues,
		order_holds_in_large_queues,
		what_a_job_submits_to_its_key_comes_last,
		writes_travel_into_jobs_and_out_of_them,
		every_job_of_a_stopped_pool_ends_once,
		NULL,
	};

	return run_suite("order", NULL, placed);
}
