/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * No wake-up is lost: however jobs arrive, as many workers get up as there is work for. One that is lost once in ten
 * thousand times hangs here.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdio.h>

#include "suite.h"

#define WORKERS 4

static struct taskpool *pool;

START_TEST(a_job_for_an_idle_pool_wakes_a_worker)
{
	struct tally ran;
	char key[32];

	pool = start_pool(WORKERS, 0, (unsigned)_i);
	tally_init(&ran);
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(key, sizeof(key), "%u", i % 50);
		expect(taskpool_submit(pool, i % 5 ? key : NULL, tally_job, &ran) == 0);
		tally_wait(&ran, i + 1);
	}
	taskpool_free(pool);
}
END_TEST

/* One burst: a gate for every worker, and small jobs before, between and after. */
struct burst {
	uint64_t seed;
	struct gate gate;
	_Atomic unsigned next_gate; /* shared by the threads that submit */
	bool pinned, same_home;
};

static void submit_gate(struct burst *burst, unsigned number)
{
	unsigned start = number * 1000, home = burst->same_home ? 0 : number;
	char key[32];

	if (burst->same_home || burst->pinned)
		key_at_home(key, "gate ", &start, WORKERS, home);
	else
		snprintf(key, sizeof(key), "gate %u", number);
	expect(taskpool_submit(pool, key, gate_job, &burst->gate) == 0);
}

static void submit_small_jobs(uint64_t *state)
{
	char key[32];

	for (unsigned count = random_below(state, 6); count; count--) {
		snprintf(key, sizeof(key), "small %u", random_below(state, 20));
		expect(taskpool_submit(pool, random_below(state, 4) ? key : NULL, nothing_job, NULL) == 0);
	}
}

static void *submit_burst(void *arg)
{
	struct burst *burst = arg;
	uint64_t state;
	unsigned gate;

	state = burst->seed + burst->next_gate;
	submit_small_jobs(&state);
	while ((gate = burst->next_gate++) < WORKERS) {
		submit_gate(burst, gate);
		submit_small_jobs(&state);
	}
	return NULL;
}

static void submit_burst_inside(struct taskpool_context *context, void *arg)
{
	(void)context;
	submit_burst(arg);
}

static void play_burst(uint64_t seed, unsigned placement)
{
	struct burst burst = { .seed = seed, .pinned = placement == TASKPOOL_PINNED };
	unsigned kind = random_below(&seed, 4);
	pthread_t thread;

	gate_init(&burst.gate);
	burst.same_home = !burst.pinned && random_below(&seed, 2);
	switch (kind) {
	case 0:
		submit_burst(&burst);
		break;
	case 1: /* from two threads */
		thread = spawn(submit_burst, &burst);
		submit_burst(&burst);
		pthread_join(thread, NULL);
		break;
	case 2: /* from inside a job, and the worker goes on */
		expect(taskpool_submit(pool, "inside", submit_burst_inside, &burst) == 0);
		break;
	case 3: /* from inside and outside */
		expect(taskpool_submit(pool, "inside", submit_burst_inside, &burst) == 0);
		submit_burst(&burst);
		break;
	}
	tally_wait(&burst.gate.entered, WORKERS);
	gate_open(&burst.gate);
	expect(taskpool_wait(pool, TASKPOOL_FOREVER) == 0);
}

START_TEST(a_burst_wakes_all_workers_it_needs)
{
	uint64_t seed = test_seed();

	pool = start_pool(WORKERS, 0, (unsigned)_i);
	for (unsigned i = 0; i < 1500; i++)
		play_burst(random_next(&seed), (unsigned)_i);
	taskpool_free(pool);
}
END_TEST

/* The job stays on its worker until all that it submitted has run on others. */
static void submit_and_stay(struct taskpool_context *context, void *arg)
{
	struct tally ran;
	char key[32];

	(void)context;
	(void)arg;
	tally_init(&ran);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "%u", i);
		expect(taskpool_submit(pool, key, tally_job, &ran) == 0);
	}
	tally_wait(&ran, 3);
}

START_TEST(a_job_that_stays_wakes_another_worker)
{
	pool = start_pool(2, 0, TASKPOOL_FLOATING);
	for (unsigned i = 0; i < 3000; i++) {
		expect(taskpool_submit(pool, i % 2 ? "stay" : NULL, submit_and_stay, NULL) == 0);
		expect(taskpool_wait(pool, TASKPOOL_FOREVER) == 0);
	}
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_job_that_stays_wakes_another_worker, NULL };
	const TTest *placed[] = {
		a_job_for_an_idle_pool_wakes_a_worker,
		a_burst_wakes_all_workers_it_needs,
		NULL,
	};

	return run_suite("waking", tests, placed);
}
