/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool_job_cancel of jobs that wait: they end at once, on the thread that cancels, and leave no trace.
 */
#include <config.h>

#include "probe.h"
#include "suite.h"

#define WAITING 5

/* `position` of the waiting jobs of a key whose first one runs, in a full queue. */
static void check_cancel_at(unsigned position, unsigned placement, const char *key)
{
	struct taskpool *pool = start_pool(1, WAITING, placement);
	struct probe gate, probes[WAITING], late;
	struct taskpool_job *jobs[WAITING];
	struct taskpool_task task;

	submit_probe(pool, "key", gate_job, &gate, NULL);
	tally_wait(&gate.gate.entered, 1);
	for (unsigned i = 0; i < WAITING; i++)
		submit_probe(pool, key, i == position ? forbidden_job : tally_job, &probes[i], &jobs[i]);
	task = probe_task(key, tally_job, &late);
	task.timeout = 0;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), -EAGAIN);
	ck_assert_int_eq(taskpool_job_cancel(jobs[position]), 0);
	ck_assert_int_eq(probe_outcome(&probes[position]), TASKPOOL_CANCELED);
	ck_assert(pthread_equal(probes[position].ended_by, pthread_self()));
	ck_assert_int_eq(taskpool_job_outcome(jobs[position]), TASKPOOL_CANCELED);
	ck_assert_int_eq(taskpool_job_wait(jobs[position], 0), 0);
	ck_assert_int_eq(taskpool_job_cancel(jobs[position]), -EALREADY);
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), 0); /* its place is free again */
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), -EAGAIN);
	ck_assert_uint_eq(read_stats(pool).canceled, 1);
	gate_open(&gate.gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < WAITING; i++) {
		ck_assert_int_eq(taskpool_job_outcome(jobs[i]), i == position ? TASKPOOL_CANCELED : TASKPOOL_RAN);
		taskpool_job_unref(jobs[i]);
	}
	ck_assert_int_eq(probe_outcome(&late), TASKPOOL_RAN);
	taskpool_free(pool);
}

START_TEST(a_waiting_job_ends_on_the_thread_that_cancels_it)
{
	for (unsigned position = 0; position < WAITING; position++) {
		check_cancel_at(position, (unsigned)_i, "key");
		check_cancel_at(position, (unsigned)_i, "other");
		check_cancel_at(position, (unsigned)_i, NULL);
	}
}
END_TEST

START_TEST(the_only_job_of_a_key_leaves_no_trace)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct taskpool_stats stats;
	struct taskpool_job *job;
	struct probe probe;

	for (unsigned round = 0; round < 50; round++) {
		submit_probe(pool, round % 2 ? "" : "key", forbidden_job, &probe, &job);
		ck_assert_uint_eq(read_stats(pool).keys_active, 1);
		ck_assert_int_eq(taskpool_job_cancel(job), 0);
		ck_assert_int_eq(probe_outcome(&probe), TASKPOOL_CANCELED);
		stats = read_stats(pool);
		ck_assert_uint_eq(stats.keys_active + stats.queued + stats.running, 0);
		ck_assert_uint_eq(stats.canceled, round + 1);
		taskpool_job_unref(job);
	}
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	submit_probe(pool, "key", tally_job, &probe, NULL);
	ck_assert_int_eq(probe_await(&probe), TASKPOOL_RAN);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_delayed_job_is_canceled)
{
	static const int64_t delays[] = { MILLISECOND, 60 * DEADLINE, INT64_MAX };
	struct taskpool *pool = start_pool(2, 1, (unsigned)_i);

	for (unsigned i = 0; i < 6; i++) {
		struct taskpool_task task;
		struct taskpool_job *job;
		struct probe probe;
		int error;

		task = probe_task(i % 2 ? "key" : NULL, tally_job, &probe);
		task.delay = delays[i / 2];
		submit_probe_task(pool, &task, &job);
		error = taskpool_job_cancel(job);
		ck_assert(error == 0 || i / 2 == 0); /* what is due soon may have run */
		ck_assert_int_eq(taskpool_job_wait(job, TASKPOOL_FOREVER), 0);
		ck_assert_int_eq(taskpool_job_outcome(job), error ? TASKPOOL_RAN : TASKPOOL_CANCELED);
		ck_assert_int_eq(probe_runs(&probe), error ? 1 : 0);
		taskpool_job_unref(job);
	}
	ck_assert_uint_eq(read_stats(pool).queued, 0);
	taskpool_free(pool);
}
END_TEST

#define NOTES 60

START_TEST(the_order_of_the_others_is_untouched)
{
	uint64_t seed = test_seed();
	struct taskpool_job *jobs[NOTES];
	struct note notes[NOTES];
	struct journal journal;

	for (unsigned round = 0; round < 30; round++) {
		struct taskpool *pool = make_pool(2, NOTES, (unsigned)_i);
		unsigned expected[NOTES], count = 0;

		journal_init(&journal);
		for (unsigned i = 0; i < NOTES; i++) {
			struct taskpool_task task = make_task("key", note_job, &notes[i]);

			notes[i] = (struct note){ &journal, i };
			submit_probe_task(pool, &task, &jobs[i]);
		}
		for (unsigned i = 0; i < NOTES; i++)
			if (random_below(&seed, 3) == 0)
				expect(taskpool_job_cancel(jobs[i]) == 0);
			else
				expected[count++] = i;
		ck_assert_int_eq(taskpool_start(pool), 0);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		ck_assert_uint_eq(journal.count, count);
		for (unsigned i = 0; i < count; i++)
			expect(journal.entries[i] == expected[i]);
		for (unsigned i = 0; i < NOTES; i++)
			taskpool_job_unref(jobs[i]);
		taskpool_free(pool);
	}
}
END_TEST

static struct probe held;

static void expect_held_ended(struct taskpool_context *context, void *probe)
{
	expect(probe_outcome(&held) == TASKPOOL_CANCELED);
	tally_job(context, probe);
}

START_TEST(the_next_job_waits_for_the_end_of_a_canceled_one)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct taskpool_job *before_job, *held_job;
	struct probe gate, before, behind;
	struct taskpool_task task;
	struct call call;

	submit_probe(pool, "key", gate_job, &gate, NULL);
	tally_wait(&gate.gate.entered, 1);
	submit_probe(pool, "key", tally_job, &before, &before_job);
	task = probe_task("key", forbidden_job, &held);
	task.end = held_probe_end;
	submit_probe_task(pool, &task, &held_job);
	submit_probe(pool, "key", expect_held_ended, &behind, NULL);
	call_begin(&call, cancel_job, held_job);
	tally_wait(&held.gate.entered, 1); /* in its end, which does not wait for those before */
	ck_assert_int_eq(taskpool_job_outcome(held_job), 0);
	ck_assert_int_eq(taskpool_job_wait(held_job, 0), -ETIMEDOUT);
	gate_open(&gate.gate);
	ck_assert_int_eq(taskpool_job_wait(before_job, TASKPOOL_FOREVER), 0);
	run_others(pool, 0); /* and it holds no worker */
	ck_assert_int_eq(taskpool_wait(pool, MILLISECOND), -ETIMEDOUT);
	ck_assert_uint_eq(probe_runs(&behind), 0);
	gate_open(&held.gate);
	ck_assert_int_eq(call_end(&call), 0);
	ck_assert_int_eq(probe_await(&behind), TASKPOOL_RAN);
	taskpool_job_unref(before_job);
	taskpool_job_unref(held_job);
	taskpool_free(pool);
}
END_TEST

/* The canceled job was the key's only one: what is submitted during its end is the next. */
START_TEST(a_job_submitted_during_the_end_waits_for_it)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	struct taskpool_task task;
	struct taskpool_job *job;
	struct probe behind;
	struct call call;

	task = probe_task("key", forbidden_job, &held);
	task.end = held_probe_end;
	submit_probe_task(pool, &task, &job);
	call_begin(&call, cancel_job, job);
	tally_wait(&held.gate.entered, 1);
	submit_probe(pool, "key", expect_held_ended, &behind, NULL);
	ck_assert_int_eq(taskpool_start(pool), 0);
	run_others(pool, 0);
	ck_assert_uint_eq(read_stats(pool).running, 1);
	ck_assert_uint_eq(read_stats(pool).queued, 1);
	ck_assert_uint_eq(probe_runs(&behind), 0);
	gate_open(&held.gate);
	ck_assert_int_eq(probe_await(&behind), TASKPOOL_RAN);
	ck_assert_int_eq(call_end(&call), 0);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

static int stop_pool(void *pool)
{
	return taskpool_stop(pool);
}

START_TEST(stop_waits_for_the_end_of_a_canceled_job)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct call cancel, stop;
	struct taskpool_task task;
	struct taskpool_job *job;

	task = probe_task("key", forbidden_job, &held);
	task.end = held_probe_end;
	task.delay = INT64_MAX;
	submit_probe_task(pool, &task, &job);
	call_begin(&cancel, cancel_job, job);
	tally_wait(&held.gate.entered, 1);
	ck_assert_int_eq(taskpool_shutdown(pool, 0, MILLISECOND, NULL), -ETIMEDOUT);
	call_begin(&stop, stop_pool, pool);
	ck_assert_int_eq(taskpool_job_outcome(job), 0);
	gate_open(&held.gate);
	ck_assert_int_eq(call_end(&stop), 0);
	ck_assert_int_eq(taskpool_job_outcome(job), TASKPOOL_CANCELED);
	ck_assert_int_eq(call_end(&cancel), 0);
	ck_assert_int_eq(taskpool_job_cancel(job), -EALREADY);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

static int submit_tally(void *pool)
{
	static struct tally ran;

	tally_init(&ran);
	return taskpool_submit(pool, "other", tally_job, &ran);
}

START_TEST(a_blocked_submit_takes_the_place_of_a_canceled_job)
{
	struct taskpool *pool = make_pool(1, 1, (unsigned)_i);
	struct taskpool_job *job;
	struct probe probe;
	struct call call;

	submit_probe(pool, "key", forbidden_job, &probe, &job);
	call_begin(&call, submit_tally, pool);
	ck_assert_int_eq(taskpool_job_cancel(job), 0);
	ck_assert_int_eq(call_end(&call), 0);
	ck_assert_uint_eq(read_stats(pool).queued, 1);
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

struct racer {
	struct taskpool_job **jobs;
	int *results;
	bool backwards;
};

#define RACERS 400

static void *cancel_all(void *arg)
{
	struct racer *racer = arg;

	for (unsigned i = 0; i < RACERS; i++) {
		unsigned at = racer->backwards ? RACERS - 1 - i : i;

		racer->results[at] = taskpool_job_cancel(racer->jobs[at]);
	}
	return NULL;
}

/* What the two calls said is what became of the job. */
static void check_race(const int *first, const int *second, struct taskpool_job **jobs, struct probe *probes)
{
	for (unsigned i = 0; i < RACERS; i++) {
		int outcome = probe_outcome(&probes[i]);
		bool canceled = first[i] == 0 || second[i] == 0;

		expect(taskpool_job_outcome(jobs[i]) == outcome);
		expect(outcome == (canceled ? TASKPOOL_CANCELED : TASKPOOL_RAN));
		expect(probe_runs(&probes[i]) == (canceled ? 0 : 1));
		expect(first[i] == 0 || first[i] == -EALREADY || first[i] == -EBUSY);
		expect(second[i] == 0 || second[i] == -EALREADY || second[i] == -EBUSY);
		expect(first[i] != 0 || second[i] == -EALREADY);
		expect(second[i] != 0 || first[i] == -EALREADY);
	}
}

START_TEST(a_job_ends_once_whoever_cancels_it_and_whoever_runs_it)
{
	static struct taskpool_job *jobs[RACERS];
	static struct probe probes[RACERS];
	static int results[2][RACERS];
	static const char *const keys[] = { "a", "b", "c", "d", NULL };

	for (unsigned round = 0; round < 15; round++) {
		struct taskpool *pool = make_pool(2, RACERS, (unsigned)_i);
		struct racer racers[2] = { { jobs, results[0], false }, { jobs, results[1], round % 2 } };
		pthread_t threads[2];

		for (unsigned i = 0; i < RACERS; i++)
			submit_probe(pool, keys[i % LENGTH(keys)], tally_job, &probes[i], &jobs[i]);
		ck_assert_int_eq(taskpool_start(pool), 0);
		for (unsigned i = 0; i < 2; i++)
			threads[i] = spawn(cancel_all, &racers[i]);
		for (unsigned i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		check_race(results[0], results[1], jobs, probes);
		for (unsigned i = 0; i < RACERS; i++)
			taskpool_job_unref(jobs[i]);
		taskpool_free(pool);
	}
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_waiting_job_ends_on_the_thread_that_cancels_it,
		the_only_job_of_a_key_leaves_no_trace,
		a_delayed_job_is_canceled,
		the_order_of_the_others_is_untouched,
		the_next_job_waits_for_the_end_of_a_canceled_one,
		a_job_submitted_during_the_end_waits_for_it,
		stop_waits_for_the_end_of_a_canceled_job,
		a_blocked_submit_takes_the_place_of_a_canceled_job,
		a_job_ends_once_whoever_cancels_it_and_whoever_runs_it,
		NULL,
	};

	return run_suite("cancel", NULL, placed);
}
