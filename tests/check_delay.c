/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Delayed jobs: when they run, and which place they take.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "probe.h"
#include "suite.h"

static struct taskpool_task delay_task(const char *key, int64_t delay, struct probe *probe)
{
	struct taskpool_task task = probe_task(key, tally_job, probe);

	task.delay = delay;
	return task;
}

static void submit_note(struct taskpool *pool, const char *key, int64_t delay, struct note *note)
{
	struct taskpool_task task = make_task(key, note_job, note);

	task.delay = delay;
	submit_probe_task(pool, &task, NULL);
}

START_TEST(a_delayed_job_runs_when_it_is_due)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	for (unsigned i = 0; i < 12; i++) {
		int64_t begin = now(), delay = i % 6 * 5 * MILLISECOND + 1;
		struct taskpool_task task;
		struct probe probe;

		task = delay_task(i % 2 ? "key" : NULL, delay, &probe);
		submit_probe_task(pool, &task, NULL);
		tally_wait(&probe.gate.entered, 1);
		ck_assert_int_ge(now() - begin, delay);
		ck_assert_int_eq(probe_await(&probe), TASKPOOL_RAN);
	}
	taskpool_free(pool);
}
END_TEST

/* The worker sleeps until the first is due: it must hear of those that are due before. */
START_TEST(an_earlier_job_may_be_submitted_later)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct probe probes[4];
	struct taskpool_task task;

	for (unsigned i = 0; i < 4; i++) {
		task = delay_task(i % 2 ? "key" : NULL, i == 3 ? MILLISECOND : 60 * DEADLINE - i * SECOND, &probes[i]);
		submit_probe_task(pool, &task, NULL);
		run_others(pool, 0);
	}
	ck_assert_int_eq(probe_await(&probes[3]), TASKPOOL_RAN);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(probe_outcome(&probes[i]), 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_longer_delay_than_time_itself_is_a_delay)
{
	static const int64_t delays[] = { INT64_MAX, INT64_MAX - 1, INT64_MAX / 2 };
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct probe probes[2 * LENGTH(delays)];

	for (unsigned i = 0; i < LENGTH(probes); i++) {
		struct taskpool_task task = delay_task(i % 2 ? "key" : NULL, delays[i / 2], &probes[i]);

		submit_probe_task(pool, &task, NULL);
	}
	run_others(pool, 0);
	ck_assert_uint_eq(read_stats(pool).queued, LENGTH(probes));
	taskpool_free(pool);
	for (unsigned i = 0; i < LENGTH(probes); i++) {
		ck_assert_uint_eq(probe_runs(&probes[i]), 0);
		ck_assert_int_eq(probe_outcome(&probes[i]), TASKPOOL_CANCELED);
	}
}
END_TEST

/*
 * Four jobs, of which the second is delayed and the third submitted at once: the delayed one is due after the third and
 * before the fourth. `gate` is what keeps the only worker busy meanwhile; NULL: the pool is started last.
 */
static void check_place(struct taskpool *pool, struct gate *gate)
{
	int64_t begin = now(), delay = 100 * MILLISECOND;
	struct journal journal;
	struct note notes[4];
	bool in_time;

	journal_init(&journal);
	for (unsigned i = 0; i < 4; i++)
		notes[i] = (struct note){ &journal, i };
	submit_note(pool, "key", 0, &notes[0]);
	submit_note(pool, "key", delay, &notes[2]);
	submit_note(pool, "key", 0, &notes[1]);
	in_time = now() - begin < delay; /* else it is not known which of the two is the earlier */
	pass(now(), delay);
	submit_note(pool, "key", 0, &notes[3]);
	if (gate)
		gate_open(gate);
	else
		ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(journal.count, 4);
	ck_assert_uint_eq(journal.entries[0], 0);
	ck_assert_uint_eq(journal.entries[3], 3);
	if (in_time)
		ck_assert_uint_eq(journal.entries[1], 1);
	taskpool_free(pool);
}

START_TEST(a_delayed_job_takes_its_place_when_it_is_due)
{
	static const char *const busy[] = { "key", "other", NULL };

	for (unsigned i = 0; i < LENGTH(busy); i++) {
		struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
		struct gate gate;

		gate_init(&gate);
		ck_assert_int_eq(taskpool_submit(pool, busy[i], gate_job, &gate), 0);
		tally_wait(&gate.entered, 1);
		check_place(pool, &gate);
	}
	check_place(make_pool(1, 0, (unsigned)_i), NULL);
}
END_TEST

START_TEST(equal_delays_keep_the_order_of_submission)
{
	struct taskpool *pool = start_pool(2, 1000, (unsigned)_i);
	static struct journal journals[3];
	static struct note notes[3][200];
	static const char *const keys[] = { "a", "b", "c" };

	for (unsigned key = 0; key < 3; key++)
		journal_init(&journals[key]);
	for (unsigned i = 0; i < 200; i++)
		for (unsigned key = 0; key < 3; key++) {
			notes[key][i] = (struct note){ &journals[key], i };
			submit_note(pool, keys[key], 20 * MILLISECOND, &notes[key][i]);
		}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned key = 0; key < 3; key++) {
		ck_assert_uint_eq(journals[key].count, 200);
		for (unsigned i = 0; i < 200; i++)
			expect(journals[key].entries[i] == i);
	}
	taskpool_free(pool);
}
END_TEST

/* Jobs of one key with delays of all sorts. Each entered the key's order between `earliest` and `latest`. */
struct entry {
	int64_t earliest, latest;
	unsigned place;
};

#define ENTRIES 300

static unsigned places; /* the key's jobs run one at a time */

static void take_place(struct taskpool_context *context, void *arg)
{
	struct entry *entry = arg;

	(void)context;
	expect(now() >= entry->earliest);
	entry->place = places++;
}

static void submit_entry(struct taskpool *pool, const char *key, int64_t delay, struct entry *entry)
{
	struct taskpool_task task = make_task(key, take_place, entry);

	task.delay = delay;
	entry->earliest = now() + delay;
	submit_probe_task(pool, &task, NULL);
	entry->latest = now() + delay;
}

static void check_random_order(struct taskpool *pool, uint64_t *seed, struct gate *gate)
{
	static struct entry entries[ENTRIES];

	places = 0;
	for (unsigned i = 0; i < ENTRIES; i++) {
		int64_t delay = random_below(seed, 3) ? random_below(seed, 20) * MILLISECOND : 0;

		submit_entry(pool, "key", delay, &entries[i]);
		if (random_below(seed, 10) == 0)
			pause_shortly();
	}
	if (gate)
		gate_open(gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(places, ENTRIES);
	for (unsigned i = 0; i < ENTRIES; i++)
		for (unsigned j = 0; j < ENTRIES; j++)
			expect(entries[i].latest >= entries[j].earliest || entries[i].place < entries[j].place);
}

START_TEST(who_is_due_first_runs_first)
{
	struct taskpool *pool = start_pool(2, ENTRIES + 10, (unsigned)_i);
	uint64_t seed = test_seed();

	for (unsigned round = 0; round < 5; round++) {
		struct gate gate;

		check_random_order(pool, &seed, NULL);
		gate_init(&gate);
		ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &gate), 0);
		tally_wait(&gate.entered, 1);
		check_random_order(pool, &seed, &gate);
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(a_delayed_job_holds_up_nobody)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct taskpool_task task;
	struct probe delayed, probe;

	task = delay_task("key", 60 * DEADLINE, &delayed);
	submit_probe_task(pool, &task, NULL);
	for (unsigned i = 0; i < 50; i++) {
		submit_probe(pool, i % 2 ? "key" : "other", tally_job, &probe, NULL);
		ck_assert_int_eq(probe_await(&probe), TASKPOOL_RAN);
		ck_assert_int_eq(probe_outcome(&delayed), 0);
	}
	taskpool_free(pool);
	ck_assert_int_eq(probe_outcome(&delayed), TASKPOOL_CANCELED);
}
END_TEST

/* Its home worker is busy, whichever that is, and the other one idles. */
START_TEST(an_idle_worker_runs_what_is_due)
{
	struct taskpool *pool = start_pool(2, 0, TASKPOOL_FLOATING);
	char keys[2][32];

	for (unsigned i = 0; i < 2; i++)
		key_at(keys[i], "key", pool, i);
	for (unsigned round = 0; round < 20; round++) {
		const char *key = round % 5 == 4 ? NULL : keys[round % 2];
		struct taskpool_task task;
		struct probe probe;
		struct gate gate;

		gate_init(&gate);
		task = delay_task(key, 5 * MILLISECOND, &probe);
		if (round % 3)
			submit_probe_task(pool, &task, NULL);
		ck_assert_int_eq(taskpool_submit(pool, "busy", gate_job, &gate), 0);
		tally_wait(&gate.entered, 1);
		if (round % 3 == 0)
			submit_probe_task(pool, &task, NULL);
		ck_assert_int_eq(probe_await(&probe), TASKPOOL_RAN);
		gate_open(&gate);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	}
	taskpool_free(pool);
}
END_TEST

struct dated {
	int64_t earliest;
	_Atomic unsigned runs;
};

static void run_dated(struct taskpool_context *context, void *arg)
{
	struct dated *dated = arg;

	(void)context;
	expect(now() >= dated->earliest);
	expect(dated->runs++ == 0);
}

#define MANY 20000

START_TEST(many_delayed_jobs_all_run)
{
	struct dated *all = calloc(MANY, sizeof(*all));
	struct taskpool *pool = start_pool(4, MANY, (unsigned)_i);
	uint64_t seed = test_seed();
	char key[32];

	ck_assert_ptr_nonnull(all);
	for (unsigned i = 0; i < MANY; i++) {
		struct taskpool_task task;

		snprintf(key, sizeof(key), "%u", random_below(&seed, 64));
		task = make_task(random_below(&seed, 10) ? key : NULL, run_dated, &all[i]);
		task.delay = random_below(&seed, 200) * MILLISECOND + random_below(&seed, 1000);
		all[i].earliest = now() + task.delay;
		expect(taskpool_submit_task(pool, &task, NULL) == 0);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < MANY; i++)
		expect(all[i].runs == 1);
	ck_assert_uint_eq(read_stats(pool).ran, MANY);
	ck_assert_uint_eq(read_stats(pool).keys_active, 0);
	taskpool_free(pool);
	free(all);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { an_idle_worker_runs_what_is_due, NULL };
	const TTest *placed[] = {
		a_delayed_job_runs_when_it_is_due,
		an_earlier_job_may_be_submitted_later,
		a_longer_delay_than_time_itself_is_a_delay,
		a_delayed_job_takes_its_place_when_it_is_due,
		equal_delays_keep_the_order_of_submission,
		who_is_due_first_runs_first,
		a_delayed_job_holds_up_nobody,
		many_delayed_jobs_all_run,
		NULL,
	};

	return run_suite("delay", tests, placed);
}
