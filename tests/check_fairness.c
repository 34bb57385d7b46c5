/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Keys that share a worker take turns.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdio.h>

#include "suite.h"

#define KEYS 4
#define JOBS 24 /* of each key: together less than the queue holds */

static struct journal journal;
static struct note notes[KEYS];

static struct taskpool *make_turning_pool(unsigned turn, unsigned placement)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = 1;
	options.key_turn = turn;
	options.placement = placement;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	return pool;
}

static void submit_key(struct taskpool *pool, unsigned key)
{
	char name[32];

	notes[key] = (struct note){ &journal, key };
	snprintf(name, sizeof(name), "key %u", key);
	for (unsigned i = 0; i < JOBS; i++)
		ck_assert_int_eq(submit_timed(pool, name, note_job, &notes[key], 0), 0);
}

/* No key runs more than `turn` jobs in a row while another has some left. */
static void check_turns(unsigned turn)
{
	unsigned left[KEYS], others = KEYS * JOBS, row = 0;

	ck_assert_uint_eq(journal.count, KEYS * JOBS);
	for (unsigned i = 0; i < KEYS; i++)
		left[i] = JOBS;
	for (unsigned i = 0; i < journal.count; i++) {
		unsigned key = journal.entries[i];

		row = i && journal.entries[i - 1] == key ? row + 1 : 1;
		others = journal.count - i - left[key]--;
		ck_assert_msg(row <= turn || others == 0, "key %u ran %u times in a row, others had %u left", key, row,
			      others);
	}
}

START_TEST(a_key_yields_after_its_turn)
{
	static const unsigned turns[] = { 1, 2, 5, 20 };

	for (size_t t = 0; t < LENGTH(turns); t++) {
		struct taskpool *pool = make_turning_pool(turns[t], (unsigned)_i);

		journal_init(&journal);
		for (unsigned key = 0; key < KEYS; key++)
			submit_key(pool, key);
		ck_assert_int_eq(taskpool_start(pool), 0);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		check_turns(turns[t]);
		taskpool_free(pool);
	}
}
END_TEST

START_TEST(the_default_turn_is_sixteen)
{
	struct taskpool *pool = make_turning_pool(0, (unsigned)_i);

	journal_init(&journal);
	for (unsigned key = 0; key < KEYS; key++)
		submit_key(pool, key);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	check_turns(16);
	taskpool_free(pool);
}
END_TEST

/* A key that submits itself anew from each of its jobs is never empty. */
static _Atomic bool fed_enough;
static _Atomic unsigned long feeds;

static void feed_itself(struct taskpool_context *context, void *name)
{
	feeds++;
	if (!fed_enough)
		expect(taskpool_submit(taskpool_context_pool(context), name, feed_itself, name) == 0);
}

static void check_self_feeding(unsigned workers, unsigned placement)
{
	static char names[4][8] = { "self 0", "self 1", "self 2", "self 3" };
	struct taskpool *pool = start_pool(workers, 0, placement);
	struct tally ran;
	char key[32];

	tally_init(&ran);
	fed_enough = false;
	for (unsigned i = 0; i < LENGTH(names); i++)
		ck_assert_int_eq(taskpool_submit(pool, names[i], feed_itself, names[i]), 0);
	ck_assert_int_eq(taskpool_submit(pool, NULL, feed_itself, NULL), 0);
	for (unsigned i = 0; i < 500; i++) {
		snprintf(key, sizeof(key), "other %u", i);
		expect(taskpool_submit(pool, i % 8 ? key : NULL, tally_job, &ran) == 0);
	}
	tally_wait(&ran, 500);
	fed_enough = true;
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}

START_TEST(keys_that_feed_themselves_starve_no_other)
{
	check_self_feeding(1, (unsigned)_i);
	check_self_feeding(2, (unsigned)_i);
	check_self_feeding(4, (unsigned)_i);
}
END_TEST

/* A key kept full from outside is never empty either. */
static void *keep_full(void *pool)
{
	while (!fed_enough)
		expect(taskpool_submit(pool, "hot", nothing_job, NULL) == 0);
	return NULL;
}

START_TEST(a_hot_key_starves_no_other)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct tally ran;
	pthread_t thread;

	tally_init(&ran);
	fed_enough = false;
	thread = spawn(keep_full, pool);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert_int_eq(taskpool_submit(pool, i % 2 ? "cold" : "colder", tally_job, &ran), 0);
		tally_wait(&ran, i + 1);
	}
	fed_enough = true;
	pthread_join(thread, NULL);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_key_yields_after_its_turn,
		the_default_turn_is_sixteen,
		keys_that_feed_themselves_starve_no_other,
		a_hot_key_starves_no_other,
		NULL,
	};

	return run_suite("fairness", NULL, placed);
}
