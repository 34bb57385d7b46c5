/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Random pools under random load, stopped at random moments. Per key there is no overlap and no disorder, and every
 * accepted job ends exactly once. The state of a key has neither locks nor atomics: where two jobs of a key meet,
 * ThreadSanitizer sees it too.
 *
 * usage: stress [--rounds N] [--seed S] [--seconds S]
 * Without --rounds it goes on for --seconds (3). Round n uses seed S + n: a failure names the seed that repeats it.
 */
#include <config.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stress_jobs.h"

enum ending { WAIT_AND_STOP, DRAIN, FREE_AT_ONCE, FREE_INSIDE, ENDINGS };

/* ---- Threads ---- */

/* Submits up to `count` jobs at once; returns how many were dealt with, accepted or not. */
static unsigned submit_some(struct job *jobs, unsigned count, uint64_t *state)
{
	int64_t timeout = random_timeout(state);
	struct taskpool_task tasks[MAX_BATCH];
	size_t accepted = 0;
	int error;

	for (unsigned i = 0; i < count; i++)
		tasks[i] = job_task(&jobs[i], timeout);
	if (count == 1) {
		error = taskpool_submit_task(play.pool, tasks, NULL);
		note_result(jobs, error, timeout);
		return 1;
	}
	error = taskpool_submit_batch(play.pool, tasks, count, &accepted);
	check((error == 0) == (accepted == count));
	for (unsigned i = 0; i < accepted; i++)
		note_result(&jobs[i], 0, timeout);
	if (error)
		note_result(&jobs[accepted], error, timeout);
	return (unsigned)accepted + (error != 0);
}

static void *produce(void *arg)
{
	unsigned producer = *(unsigned *)arg;
	uint64_t state = round_seed ^ (producer + 1) << 20;

	for (unsigned done = 0; done < play.jobs;) {
		unsigned count = random_below(&state, 4) ? 1 : 1 + random_below(&state, MAX_BATCH);

		if (count > play.jobs - done)
			count = play.jobs - done;
		done += submit_some(&play.job[producer][done], count, &state);
	}
	return NULL;
}

static void look(void)
{
	struct taskpool_stats stats = { .size = sizeof(stats) };
	struct taskpool_worker_stats worker = { .size = sizeof(worker) };

	check(taskpool_stats(play.pool, &stats) == 0);
	check(stats.ran + stats.canceled <= stats.submitted);
	check(taskpool_worker_stats(play.pool, play.options.workers - 1, &worker) == 0);
	check(taskpool_workers(play.pool) == play.options.workers);
}

static void start(void)
{
	int error = taskpool_start(play.pool);

	if (error == 0)
		play.started = true;
	check(error == 0 || error == -EALREADY || error == -ECANCELED);
	check(error != -ECANCELED || play.stopped);
}

static void *meddle(void *arg)
{
	uint64_t state = round_seed ^ UINT64_C(1) << 40;
	int64_t timeout;

	(void)arg;
	while (!play.over) {
		unsigned long accepted = play.accepted;
		int error;

		switch (random_below(&state, 6)) {
		case 0:
			look();
			break;
		case 1:
			start();
			break;
		case 2:
		case 3:
			pause_shortly();
			break;
		default:
			timeout = random_timeout(&state);
			error = taskpool_wait(play.pool, timeout);
			check(error == 0 || (error == -ETIMEDOUT && timeout >= 0));
			check(error != 0 || play.ended >= accepted);
		}
	}
	return NULL;
}

static void *stop_early(void *arg)
{
	uint64_t state = round_seed ^ *(unsigned *)arg * UINT64_C(77);
	int error = 0;

	tally_wait(&play.stop_now, 1);
	play.stopped = true;
	switch (random_below(&state, 4)) {
	case 0:
		error = taskpool_request_stop(play.pool);
		break;
	case 1:
		error = taskpool_stop(play.pool);
		break;
	case 2:
		error = taskpool_shutdown(play.pool, random_below(&state, 300000), 0, NULL);
		break;
	case 3:
		error = taskpool_shutdown(play.pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, NULL);
		break;
	}
	check(error == 0 || error == -ETIMEDOUT);
	return NULL;
}

/* ---- A round ---- */

static void choose_keys(uint64_t *state)
{
	static const unsigned counts[] = { 1, 2, 8, 40, MAX_KEYS };
	bool same_home = random_below(state, 4) == 0;
	unsigned number = 0;

	play.keys = counts[random_below(state, LENGTH(counts))];
	for (unsigned i = 0; i < play.keys; i++) {
		struct key *key = &play.key[i];

		key->is_null = random_below(state, 10) == 0;
		key_at_home(key->bytes, "key ", &number, same_home ? play.options.workers : 1, 0);
		key->length = strlen(key->bytes);
		if (random_below(state, 3) == 0) /* longer, with NUL bytes */
			key->length = sizeof(key->bytes) - random_below(state, 32);
	}
}

static void count_worker_stop(void *user, unsigned worker, void *data)
{
	(void)user;
	(void)worker;
	(void)data;
	play.workers_stopped++;
}

static void choose(uint64_t *state)
{
	static const unsigned capacities[] = { 1, 2, 3, 7, 100, 4096 }, key_capacities[] = { 0, 0, 0, 1, 2, 5 },
			      turns[] = { 0, 1, 2, 100 };

	memset(&play, 0, sizeof(play));
	taskpool_options_init(&play.options, sizeof(play.options));
	play.options.workers = 1 + random_below(state, 8);
	play.options.queue_capacity = capacities[random_below(state, LENGTH(capacities))];
	play.options.key_capacity = key_capacities[random_below(state, LENGTH(key_capacities))];
	play.options.key_turn = turns[random_below(state, LENGTH(turns))];
	play.options.placement = random_below(state, 2);
	play.options.hash = random_below(state, 2);
	play.options.worker_stop = count_worker_stop;
	play.producers = 1 + random_below(state, MAX_PRODUCERS);
	play.jobs = 1 + random_below(state, random_below(state, 2) ? MAX_JOBS : 50);
	play.stoppers = random_below(state, 3) ? 0 : 1 + random_below(state, 2);
	play.stop_after = 1 + random_below(state, play.producers * play.jobs);
	tally_init(&play.stop_now);
	choose_keys(state);
	for (unsigned p = 0; p < play.producers; p++)
		for (unsigned i = 0; i < play.jobs; i++) {
			struct job *job = &play.job[p][i], *child = &play.job[p][MAX_JOBS + i];

			job->key = &play.key[random_below(state, play.keys)];
			job->lane = p;
			job->number = i;
			job->work = random_below(state, 30);
			job->child = random_below(state, 4) ? NULL : child;
			child->lane = NO_LANE;
			child->work = random_below(state, 30);
		}
}

static void check_counts(void)
{
	struct taskpool_stats stats = { .size = sizeof(stats) };
	uint64_t waits = 0, runs = 0;

	check(taskpool_stats(play.pool, &stats) == 0);
	check(stats.submitted == play.accepted);
	check(stats.submitted == stats.ran + stats.canceled);
	check(stats.queued == 0 && stats.running == 0 && stats.keys_active == 0);
	for (unsigned i = 0; i < 64; i++) {
		waits += stats.wait_time[i];
		runs += stats.run_time[i];
	}
	check(waits == stats.ran && runs == stats.ran);
}

static void free_inside(struct taskpool_context *context, void *arg)
{
	(void)arg;
	play.stopped = true;
	taskpool_free(taskpool_context_pool(context));
}

static void end_pool(enum ending ending, unsigned threads)
{
	for (unsigned i = 0; i < 2 && ending == WAIT_AND_STOP; i++) /* again for what the first ones submitted */
		check(taskpool_wait(play.pool, TASKPOOL_FOREVER) == 0);
	if (ending == FREE_INSIDE && taskpool_submit(play.pool, NULL, free_inside, NULL) == 0) {
		while (play.workers_stopped < play.options.workers) /* what the jobs did is visible from here on */
			pause_shortly();
		await_threads(threads);
		return;
	}
	play.stopped = true;
	if (ending == DRAIN)
		check(taskpool_shutdown(play.pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, NULL) == 0);
	if (ending != FREE_AT_ONCE) {
		check(taskpool_stop(play.pool) == 0);
		check(play.workers_stopped == (play.started ? play.options.workers : 0));
		check_counts();
	}
	taskpool_free(play.pool);
}

static void play_round(unsigned threads)
{
	uint64_t state = round_seed;
	enum ending ending = random_below(&state, ENDINGS);
	pthread_t producers[MAX_PRODUCERS], stoppers[2], meddler;
	static unsigned numbers[MAX_PRODUCERS] = { 0, 1, 2, 3 };
	bool start_first;

	choose(&state);
	start_first = random_below(&state, 2);
	check(taskpool_new_with(&play.pool, &play.options) == 0);
	if (start_first)
		start();
	for (unsigned i = 0; i < play.producers; i++)
		producers[i] = spawn(produce, &numbers[i]);
	for (unsigned i = 0; i < play.stoppers; i++)
		stoppers[i] = spawn(stop_early, &numbers[i]);
	meddler = spawn(meddle, NULL);
	for (unsigned spins = random_below(&state, 50); spins; spins--)
		sched_yield();
	start();
	for (unsigned i = 0; i < play.producers; i++)
		pthread_join(producers[i], NULL);
	play.over = true;
	tally_add(&play.stop_now);
	for (unsigned i = 0; i < play.stoppers; i++)
		pthread_join(stoppers[i], NULL);
	pthread_join(meddler, NULL);
	end_pool(count_threads() || ending != FREE_INSIDE ? ending : DRAIN, threads);
	for (unsigned p = 0; p < play.producers; p++)
		for (unsigned i = 0; i < play.jobs; i++) {
			check_job(&play.job[p][i], play.stoppers == 0 && ending <= DRAIN);
			check_job(&play.job[p][MAX_JOBS + i], play.stoppers == 0 && ending <= DRAIN);
		}
}

static char hang_message[128];

static void report_hang(int number)
{
	(void)number;
	if (write(STDERR_FILENO, hang_message, strlen(hang_message)) > 0)
		abort();
	abort();
}

static unsigned long long number_after(int argc, char **argv, const char *option, unsigned long long otherwise)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], option) == 0)
			return strtoull(argv[i + 1], NULL, 0);
	return otherwise;
}

int main(int argc, char **argv)
{
	unsigned long long rounds = number_after(argc, argv, "--rounds", 0);
	int64_t until = now() + (int64_t)number_after(argc, argv, "--seconds", 3) * SECOND;
	uint64_t seed = number_after(argc, argv, "--seed", 0);
	unsigned long passed = 0, failed = 0;
	unsigned threads = settled_threads();

	if (seed == 0)
		seed = test_seed();
	signal(SIGALRM, report_hang);
	for (uint64_t i = 0; rounds ? i < rounds : now() < until; i++) {
		round_seed = seed + i;
		snprintf(hang_message, sizeof(hang_message), "hangs; repeat with --rounds 1 --seed %llu\n",
			 (unsigned long long)round_seed);
		alarm(100);
		defects = 0;
		play_round(threads);
		alarm(0);
		if (defects)
			failed++;
		else
			passed++;
	}
	printf("%lu passed, %lu failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
