/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * A worker with nothing to do costs nothing. Counted are what the idle threads themselves do, not the time that passes:
 * a loaded machine changes neither.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "suite.h"

#ifdef __linux__

#define MAX_WORKERS 64
#define WINDOW 1000 /* looks of a millisecond each */

/* What the threads have done so far. */
struct activity {
	uint64_t switches;
	int64_t cpu_time;
	bool asleep;
};

/* The clock of a thread by its id, as the kernel numbers them: pthread_getcpuclockid wants a pthread_t. */
static int64_t cpu_time(pid_t thread)
{
	struct timespec time;

	if (clock_gettime((clockid_t)(~(unsigned)thread << 3 | 6), &time) != 0)
		return 0;
	return time.tv_sec * SECOND + time.tv_nsec;
}

static struct activity look(const pid_t *threads, unsigned count)
{
	struct activity activity = { .asleep = true };

	for (unsigned i = 0; i < count; i++) {
		uint64_t voluntary = 0, involuntary = 0;

		expect(thread_status(threads[i], "voluntary_ctxt_switches", 10, &voluntary));
		expect(thread_status(threads[i], "nonvoluntary_ctxt_switches", 10, &involuntary));
		activity.switches += voluntary + involuntary;
		activity.cpu_time += cpu_time(threads[i]);
		activity.asleep &= is_asleep(threads[i]);
	}
	return activity;
}

static bool same(struct activity one, struct activity other)
{
	return one.switches == other.switches && one.cpu_time == other.cpu_time && one.asleep && other.asleep;
}

static void watch(unsigned looks)
{
	while (looks--)
		pause_shortly();
}

/* Waits until the workers have come to rest, and then expects them to stay there. */
static void check_at_rest(unsigned workers)
{
	struct activity before, after;
	int64_t until = now() + DEADLINE;
	pid_t threads[MAX_WORKERS];

	ck_assert_uint_eq(threads_named("idle-", threads, MAX_WORKERS), workers);
	after = look(threads, workers);
	do {
		before = after;
		watch(50);
		after = look(threads, workers);
		ck_assert_msg(now() < until, "the workers do not come to rest: %llu switches, %lld ns",
			      (unsigned long long)(after.switches - before.switches),
			      (long long)(after.cpu_time - before.cpu_time));
	} while (!same(before, after));
	watch(WINDOW);
	after = look(threads, workers);
	ck_assert_uint_eq(after.switches - before.switches, 0);
	ck_assert_int_eq(after.cpu_time - before.cpu_time, 0);
}

static struct taskpool *start_idle_pool(unsigned workers, unsigned placement)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = workers;
	options.placement = placement;
	options.name = "idle";
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	return pool;
}

static void burst(struct taskpool *pool)
{
	char key[32];

	for (unsigned i = 0; i < 3000; i++) {
		snprintf(key, sizeof(key), "%u", i % 50);
		expect(taskpool_submit(pool, i % 5 ? key : NULL, nothing_job, NULL) == 0);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
}

START_TEST(an_idle_pool_uses_no_cpu)
{
	struct taskpool *used = start_idle_pool(8, (unsigned)_i), *unused = start_idle_pool(4, (unsigned)_i);

	burst(used);
	check_at_rest(12);
	burst(used); /* and wakes again */
	taskpool_free(used);
	taskpool_free(unused);
}
END_TEST

START_TEST(workers_rest_while_all_that_waits_has_to_wait)
{
	struct taskpool *pool = start_idle_pool(6, (unsigned)_i);
	struct gate gate;

	burst(pool);
	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(pool, "a", gate_job, &gate), 0);
	ck_assert_int_eq(taskpool_submit(pool, "b", gate_job, &gate), 0);
	if (fnv1a("a", 1) % 6 != fnv1a("b", 1) % 6 || _i == TASKPOOL_FLOATING)
		tally_wait(&gate.entered, 2);
	for (unsigned i = 0; i < 50; i++)
		ck_assert_int_eq(taskpool_submit(pool, i % 2 ? "a" : "b", nothing_job, NULL), 0);
	check_at_rest(6); /* their keys are busy: nobody can run them, and nobody may try again and again */
	gate_open(&gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		an_idle_pool_uses_no_cpu,
		workers_rest_while_all_that_waits_has_to_wait,
		NULL,
	};

	return run_suite("idle", NULL, placed);
}

#else

int main(void)
{
	puts("skipped: needs /proc to see what a thread does");
	return SKIPPED;
}

#endif
