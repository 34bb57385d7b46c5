/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Everything that can happen to a job, all at once and at random: submitted in every way, canceled, expired, replaced,
 * paused, limited, waited for, stopped. Every accepted job ends exactly once and as it is told; per key there is no
 * overlap and no disorder; the counts agree. The state of a key has neither locks nor atomics: where two jobs of a key
 * meet, ThreadSanitizer sees it too.
 *
 * usage: ends [--rounds N] [--seed S] [--seconds S]
 */
#include <config.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "ends_jobs.h"

#define MAX_MEDDLERS 2
#define MAX_WORKERS 4

enum ending { STOP, REQUEST_STOP, SHUTDOWN, FREE, ENDINGS };

/* ---- Threads ---- */

struct thread {
	pthread_t id;
	unsigned number;
	struct field *field;
};

static void *submit(void *arg)
{
	unsigned number = ((struct thread *)arg)->number;
	struct job *last[MAX_POOLS][MAX_KEYS] = { { NULL } }, *jobs = play.job[number];
	uint64_t state = round_seed ^ (number + UINT64_C(1)) << 20;

	for (unsigned done = 0; done < play.jobs;) {
		unsigned count = random_below(&state, 4) ? 1 : 1 + random_below(&state, MAX_BATCH);

		if (count > play.jobs - done)
			count = play.jobs - done;
		done += submit_jobs(&jobs[done], count, last);
		if (random_below(&state, 8) == 0)
			sched_yield();
	}
	return NULL;
}

static void look_at_key(struct field *field, struct key *key)
{
	struct taskpool_key_stats stats = { .size = sizeof(stats) };
	struct taskpool_hot_key hot[3] = { { .size = sizeof(hot[0]) } };
	int count;

	hot[1].size = hot[2].size = sizeof(hot[0]);
	check(taskpool_key_stats(field->pool, key->bytes, key->length, &stats) == 0);
	check(stats.running <= 1);
	check(stats.oldest_wait >= 0);
	count = taskpool_hot_keys(field->pool, hot, LENGTH(hot));
	check(count >= 0 && count <= (int)LENGTH(hot));
	for (int i = 0; i < count; i++)
		check(hot[i].queued > 0 && (i == 0 || hot[i].queued <= hot[i - 1].queued));
}

static void look(struct field *field)
{
	struct taskpool_stats stats = { .size = sizeof(stats) };

	check(taskpool_stats(field->pool, &stats) == 0);
	check(stats.ran + stats.canceled + stats.expired + stats.replaced <= stats.submitted);
	check(taskpool_metrics(field->pool, NULL, 0) > 0);
}

static void meddle_once(uint64_t *state)
{
	struct field *field = random_field(state);
	struct key *key = random_key(field, state);
	struct job *job = random_job(state);
	static const int64_t intervals[] = { 0, 0, 20 * US, 200 * US };

	switch (random_below(state, 16)) {
	case 0: case 1:
		cancel_job(job);
		break;
	case 2:
		if (random_below(state, 4) == 0)
			cancel_key(field, key);
		break;
	case 3:
		pause_key(field, key);
		break;
	case 4: case 5: case 6: case 7:
		for (unsigned i = 0; i < field->keys; i++)
			resume_key(field, &field->key[i]);
		break;
	case 8:
		check(taskpool_key_limit(field->pool, key->bytes, key->length, intervals[random_below(state, 4)],
					 random_below(state, 4)) == 0);
		break;
	case 9: case 10: case 11:
		wait_timed(job, field, key, state, false);
		break;
	case 12:
		look_at_key(field, key);
		break;
	case 13:
		look(field);
		break;
	default:
		pause_shortly();
	}
}

static void *meddle(void *arg)
{
	uint64_t state = round_seed ^ (((struct thread *)arg)->number + UINT64_C(1)) << 28;

	while (!play.over)
		meddle_once(&state);
	return NULL;
}

static void *stop_early(void *arg)
{
	struct field *field = ((struct thread *)arg)->field;
	uint64_t state = round_seed ^ UINT64_C(77);
	int error = 0;

	while (field->accepted < play.jobs / 3 && !play.submitted)
		pause_shortly();
	field->stopped = true;
	switch (random_below(&state, 3)) {
	case 0:
		error = taskpool_request_stop(field->pool);
		break;
	case 1:
		error = taskpool_stop(field->pool);
		break;
	default:
		error = taskpool_shutdown(field->pool, random_below(&state, 300000), 0, NULL);
	}
	check(error == 0 || error == -ETIMEDOUT);
	return NULL;
}

/* A manual pool's worker. */
static void *run(void *arg)
{
	struct thread *thread = arg;
	uint64_t state = round_seed ^ (thread->number + UINT64_C(1)) << 36;

	while (!thread->field->runners_done) {
		unsigned most = random_below(&state, 4);
		int64_t timeout = random_below(&state, 2) ? 0 : random_below(&state, 200000);
		int count = taskpool_run(thread->field->pool, most, timeout);

		check(count >= 0 && (most == 0 || count <= (int)most));
		if (count == 0)
			sched_yield();
	}
	return NULL;
}

/* ---- A round ---- */

static void choose_options(struct taskpool_options *options, uint64_t *state)
{
	static const unsigned capacities[] = { 1, 2, 3, 8, 100 }, key_capacities[] = { 0, 0, 0, 1, 2, 4 };

	taskpool_options_init(options, sizeof(*options));
	options->workers = 1 + random_below(state, MAX_WORKERS);
	options->queue_capacity = capacities[random_below(state, LENGTH(capacities))];
	options->key_capacity = key_capacities[random_below(state, LENGTH(key_capacities))];
	options->key_turn = random_below(state, 4);
	options->placement = random_below(state, 2);
	options->hash = random_below(state, 2);
	if (random_below(state, 4) == 0) {
		options->key_interval = 1 + random_below(state, 100000);
		options->key_burst = random_below(state, 4);
	}
	if (random_below(state, 5) == 0) {
		options->flags = TASKPOOL_MANUAL;
		options->seed = random_below(state, 3);
	}
}

static void choose(uint64_t *state)
{
	memset(&play, 0, sizeof(play));
	play.fields = 1 + random_below(state, MAX_POOLS);
	play.submitters = 1 + random_below(state, MAX_SUBMITTERS);
	play.jobs = 1 + random_below(state, MAX_JOBS);
	for (unsigned f = 0; f < play.fields; f++) {
		struct field *field = &play.field[f];

		choose_options(&field->options, state);
		pthread_mutex_init(&field->lock, NULL);
		field->keys = 1 + random_below(state, MAX_KEYS);
		for (unsigned k = 0; k < field->keys; k++) {
			snprintf(field->key[k].bytes, sizeof(field->key[k].bytes), "key %u", k);
			field->key[k].length = k % 3 ? strlen(field->key[k].bytes) : sizeof(field->key[k].bytes);
		}
		field->key[MAX_KEYS].is_null = true;
		check(taskpool_new_with(&field->pool, &field->options) == 0);
	}
	for (unsigned s = 0; s < play.submitters; s++)
		for (unsigned i = 0; i < play.jobs; i++) {
			choose_job(&play.job[s][i], state);
			choose_job(&play.job[s][MAX_JOBS + i], state);
			if (random_below(state, 4) == 0)
				play.job[s][i].child = &play.job[s][MAX_JOBS + i];
		}
}

static void start_threads(struct thread *threads, unsigned count, void *(*body)(void *), struct field *field)
{
	for (unsigned i = 0; i < count; i++) {
		threads[i].number = i;
		threads[i].field = field;
		threads[i].id = spawn(body, &threads[i]);
	}
}

static void join_threads(struct thread *threads, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i].id, NULL);
}

/* From here on no key is paused. */
static void resume_all(struct field *field)
{
	pthread_mutex_lock(&field->lock);
	field->closing = true;
	pthread_mutex_unlock(&field->lock);
	for (unsigned k = 0; k < field->keys; k++)
		while (resume_key(field, &field->key[k]))
			;
}

/* Until all has ended, in one pool and in what its jobs submitted to the other. */
static void await_quiet(void)
{
	for (;;) {
		unsigned long accepted = 0, before = 0, ended = 0;

		for (unsigned f = 0; f < play.fields; f++)
			before += play.field[f].accepted;
		for (unsigned f = 0; f < play.fields; f++)
			check(taskpool_wait(play.field[f].pool, TASKPOOL_FOREVER) == 0);
		for (unsigned f = 0; f < play.fields; f++) {
			ended += play.field[f].ended;
			accepted += play.field[f].accepted;
		}
		if (before == accepted && ended == accepted)
			return;
	}
}

static void check_counts(struct field *field)
{
	struct taskpool_stats stats = { .size = sizeof(stats) };

	check(taskpool_stats(field->pool, &stats) == 0);
	check(stats.submitted == field->accepted);
	check(stats.submitted == stats.ran + stats.canceled + stats.expired + stats.replaced);
	check(stats.queued == 0 && stats.running == 0 && stats.keys_active == 0);
	check(stats.ran == field->outcomes[TASKPOOL_RAN]);
	check(stats.canceled == field->outcomes[TASKPOOL_CANCELED]);
	check(stats.expired == field->outcomes[TASKPOOL_EXPIRED]);
	check(stats.replaced == field->outcomes[TASKPOOL_REPLACED]);
}

static void check_report(struct field *field, const struct taskpool_report *report)
{
	check(report->running == 0);
	check(report->ran == field->outcomes[TASKPOOL_RAN]);
	check(report->canceled == field->outcomes[TASKPOOL_CANCELED]);
	check(report->expired == field->outcomes[TASKPOOL_EXPIRED]);
	check(report->replaced == field->outcomes[TASKPOOL_REPLACED]);
}

static void stop_field(struct field *field, enum ending ending, uint64_t *state)
{
	struct taskpool_report report = { .size = sizeof(report) };
	int64_t drain = random_below(state, 200000);

	if (random_below(state, 2))
		drain = TASKPOOL_FOREVER;
	field->stopped = true;
	switch (ending) {
	case STOP:
		check(taskpool_stop(field->pool) == 0);
		break;
	case REQUEST_STOP:
		check(taskpool_request_stop(field->pool) == 0);
		check(taskpool_wait(field->pool, TASKPOOL_FOREVER) == 0);
		break;
	default:
		check(taskpool_shutdown(field->pool, drain, TASKPOOL_FOREVER, &report) == 0);
		check_report(field, &report);
	}
}

static void end_round(bool quiet, enum ending ending, uint64_t *state, struct thread (*runners)[MAX_WORKERS])
{
	bool manual = false;

	for (unsigned f = 0; f < play.fields; f++)
		manual |= play.field[f].options.flags == TASKPOOL_MANUAL;
	if (quiet) {
		await_quiet();
		for (unsigned f = 0; f < play.fields; f++)
			check_counts(&play.field[f]);
	} else if (ending == FREE && (manual || play.fields > 1)) {
		ending = STOP; /* jobs still use the other pool, or need who runs it */
	}
	for (unsigned f = 0; f < play.fields && ending != FREE; f++)
		stop_field(&play.field[f], ending, state);
	/* Not before: until its pool has stopped, a job may have submitted to another one and not taken note of it. */
	for (unsigned f = 0; f < play.fields && ending != FREE; f++)
		check_counts(&play.field[f]);
	for (unsigned f = 0; f < play.fields; f++) {
		struct field *field = &play.field[f];

		field->stopped = true;
		field->runners_done = true;
		if (field->options.flags == TASKPOOL_MANUAL)
			join_threads(runners[f], field->options.workers);
	}
	for (unsigned f = 0; f < play.fields; f++)
		taskpool_free(play.field[f].pool);
}

static void play_round(void)
{
	struct thread submitters[MAX_SUBMITTERS], meddlers[MAX_MEDDLERS], stopper[1];
	struct thread runners[MAX_POOLS][MAX_WORKERS];
	uint64_t state = round_seed;
	enum ending ending = random_below(&state, ENDINGS);
	unsigned meddling = 1 + random_below(&state, MAX_MEDDLERS), stopping = random_below(&state, 4) == 0;
	bool quiet = random_below(&state, 2);

	choose(&state);
	start_threads(submitters, play.submitters, submit, NULL);
	start_threads(meddlers, meddling, meddle, NULL);
	for (unsigned f = 0; f < play.fields; f++) {
		check(taskpool_start(play.field[f].pool) == 0);
		if (play.field[f].options.flags == TASKPOOL_MANUAL)
			start_threads(runners[f], play.field[f].options.workers, run, &play.field[f]);
	}
	start_threads(stopper, stopping, stop_early, random_field(&state));
	join_threads(submitters, play.submitters);
	play.submitted = true;
	join_threads(stopper, stopping);
	play.over = true;
	join_threads(meddlers, meddling);
	for (unsigned f = 0; f < play.fields; f++)
		resume_all(&play.field[f]);
	end_round(quiet, ending, &state, runners);
	for (unsigned s = 0; s < play.submitters; s++)
		for (unsigned i = 0; i < play.jobs; i++) {
			check_job(&play.job[s][i]);
			check_job(&play.job[s][MAX_JOBS + i]);
		}
}

int main(int argc, char **argv)
{
	return play_rounds(argc, argv, 10, 100, play_round);
}
