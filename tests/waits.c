/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Jobs that wait for each other at random. Before each wait a model finds out, by trying everything that could happen,
 * whether the wait could ever end: the library must refuse just those that could not. The model follows what the
 * library does, and says what it must do next: which waits end, how many jobs start.
 *
 * usage: waits [--rounds N] [--seed S] [--seconds S]
 */
#include <config.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "actors.h"
#include "rounds.h"
#include "waits_model.h"

#define MAX_KEYS 4
#define LONG (1000 * SECOND) /* does not pass in a round */

static const char *const key_names[MAX_KEYS] = { "a", "b", "c", "d" };

/* One round. */
static struct model model;
static unsigned pools, keys;
static struct taskpool *pool[MAX_POOLS];
static struct actor actors[MAX_JOBS];
static struct taskpool_job *handles[MAX_JOBS];
static uint64_t chance;

/* Totals, to see that the rounds are worth something. */
static unsigned long refused, blocked, at_once, timed;

static const char *name_of(int key)
{
	return key == NO_KEY ? NULL : key_names[key];
}

/* ---- The library must do what the model says, and then the model does what the library did ---- */

static void follow_start(unsigned i)
{
	struct model_job *job = &model.job[i];

	tell_story("  job %u starts on worker %u\n", i, actors[i].worker);
	must(model_can_start(&model, i));
	must(!model.pinned[job->pool] || actors[i].worker == job->home);
	for (unsigned k = 0; k < model.jobs; k++) /* one worker, one job */
		must(model.job[k].status != RUNNING || model.job[k].pool != job->pool ||
		     actors[k].worker != actors[i].worker);
	job->status = RUNNING;
}

/* The job that started first among those the model has not seen start; MAX_JOBS: there is none. */
static unsigned next_started(void)
{
	unsigned next = MAX_JOBS;

	for (unsigned i = 0; i < model.jobs; i++)
		if (model.job[i].status == QUEUED && actor_started(&actors[i]) &&
		    (next == MAX_JOBS || actors[i].place < actors[next].place))
			next = i;
	return next;
}

static void await_starts(void)
{
	for (unsigned due = model_due_starts(&model); due > 0; due--) {
		unsigned next;

		while ((next = next_started()) == MAX_JOBS)
			sched_yield();
		follow_start(next);
	}
	must(next_started() == MAX_JOBS);
}

/* After a job has ended: whose wait is over, and who has its turn? */
static void settle(void)
{
	for (unsigned i = 0; i < model.jobs; i++) {
		struct model_job *job = &model.job[i];

		if (job->status != RUNNING || job->waits_for == 0)
			continue;
		if (model_unended(&model, job->waits_for) == 0) {
			tell_story("  job %u's wait ends\n", i);
			must(actor_result(&actors[i]) == 0);
			job->waits_for = 0;
		} else {
			must(!actor_returned(&actors[i]));
		}
	}
	await_starts();
}

/* ---- Steps ---- */

static void submit_next(void)
{
	unsigned i = model.jobs, p = random_below(&chance, pools);
	struct model_job *job = &model.job[i];
	struct actor *actor = &actors[i];

	*job = (struct model_job){ .pool = p, .key = (int)random_below(&chance, keys) };
	if (!model.pinned[p] && random_below(&chance, 6) == 0)
		job->key = NO_KEY;
	if (job->key != NO_KEY)
		job->home = fnv1a(name_of(job->key), 1) % model.workers[p];
	model.jobs++;
	job->delayed = random_below(&chance, 8) == 0;
	*actor = (struct actor){ .acts_in_end = random_below(&chance, 4) == 0 };
	if (job->delayed)
		actor->delay = LONG;
	tell_story("job %u is %s: pool %u, key %s\n", i, job->delayed ? "delayed" : "submitted", p,
		   job->key == NO_KEY ? "NULL" : name_of(job->key));
	actor_submit(actor, pool[p], name_of(job->key));
	handles[i] = taskpool_job_ref(actor->job);
	await_starts();
}

static void end_job(unsigned i)
{
	tell_story("job %u ends\n", i);
	actor_leave(&actors[i]);
	model.job[i].status = ENDED;
	settle();
}

static void cancel_job(unsigned i)
{
	tell_story("job %u is canceled\n", i);
	actor_cancel(&actors[i]);
	model.job[i].status = ENDED;
	settle();
}

static void pause_or_resume(unsigned p, unsigned key)
{
	bool pause = !(model.paused[p] >> key & 1);

	tell_story("key %s of pool %u is %s\n", key_names[key], p, pause ? "paused" : "resumed");
	if (pause)
		must(taskpool_key_pause(pool[p], key_names[key], 1) == 0);
	else
		must(taskpool_key_resume(pool[p], key_names[key], 1) == 0);
	model.paused[p] ^= 1U << key;
	await_starts();
}

/* What to wait for, and which jobs that means. */
static struct order draw_order(unsigned *jobs, int64_t timeout)
{
	unsigned target = random_below(&chance, model.jobs), p = random_below(&chance, pools);
	unsigned kind = random_below(&chance, 10);
	int key = (int)random_below(&chance, keys);

	*jobs = 0;
	for (unsigned i = 0; i < model.jobs; i++) {
		const struct model_job *job = &model.job[i];

		if (kind < 5 ? i == target : job->pool == p && (kind == 9 || job->key == key))
			*jobs |= 1U << i;
	}
	*jobs = model_unended(&model, *jobs);
	if (kind < 5)
		return for_job(handles[target], timeout);
	return kind < 9 ? for_key(pool[p], name_of(key), timeout) : for_pool(pool[p], timeout);
}

/* The same, but seldom something that has ended, and seldom itself. */
static struct order choose_order(unsigned self, unsigned *jobs, int64_t timeout)
{
	struct order order;

	for (unsigned draws = 1 + random_below(&chance, 6); draws > 0; draws--) {
		order = draw_order(jobs, timeout);
		if (*jobs != 0 && !(*jobs >> self & 1))
			break;
	}
	tell_story("job %u waits for ", self);
	if (order.deed == WAIT_FOR_KEY)
		tell_story("key %s of ", order.key);
	if (order.deed == WAIT_FOR_JOB)
		for (unsigned i = 0; i < model.jobs; i++) {
			if (order.job == handles[i])
				tell_story("job %u", i);
		}
	else
		tell_story("pool %u", order.pool == pool[0] ? 0 : 1);
	return order;
}

/* A later job of its key is behind this one, so the library may take it for a wait for its own key. */
static bool are_behind(unsigned jobs, unsigned i)
{
	for (unsigned k = i + 1; k < model.jobs; k++)
		if ((jobs >> k & 1) && model.job[k].pool == model.job[i].pool && model.job[k].key == model.job[i].key)
			return true;
	return false;
}

static void wait_timed(unsigned i)
{
	int64_t timeout = random_below(&chance, 2) ? 0 : 100000;
	bool strict = model.strict[model.job[i].pool] && timeout > 0;
	struct order order;
	unsigned jobs;
	int result;

	order = choose_order(i, &jobs, timeout);
	result = actor_do(&actors[i], order);
	tell_story(" for %ld ns: %d\n", (long)timeout, result);
	if (jobs >> i & 1 || (strict && !model_can_wait(&model, i, jobs, false)))
		must(result == -EDEADLK);
	else if (jobs == 0)
		must(result == 0);
	else
		must(result == -ETIMEDOUT || (result == -EDEADLK && are_behind(jobs, i)));
}

/* For ever, or so long that it makes no difference. */
static void wait_long(unsigned i)
{
	struct model_job *job = &model.job[i];
	bool strict = model.strict[job->pool], can_end;
	struct order order;
	unsigned jobs;

	job->timed = strict && random_below(&chance, 2);
	order = choose_order(i, &jobs, job->timed ? LONG : TASKPOOL_FOREVER);
	can_end = model_can_wait(&model, i, jobs, !strict);
	if (can_end && !model_can_wait(&model, i, jobs, false)) {
		tell_story(": nobody has the time\n");
		return;
	}
	tell_story("%s: %s\n", job->timed ? " with a timeout" : "",
		   !can_end ? "could never end" : jobs ? "can end" : "has ended");
	job->waits_for = jobs;
	timed += job->timed;
	actor_tell(&actors[i], order);
	if (jobs == 0) {
		must(actor_result(&actors[i]) == 0);
		at_once++;
	} else if (can_end) {
		bool blocks = actor_blocks(&actors[i]);

		if (!blocks)
			tell_story("  but returns %d\n", actor_result(&actors[i]));
		must(blocks);
		blocked++;
	} else {
		must(actor_result(&actors[i]) == -EDEADLK);
		job->waits_for = 0;
		refused++;
	}
	must(next_started() == MAX_JOBS);
}

/* One of the jobs for which this is so; MAX_JOBS: there is none. */
static unsigned choose_job(bool (*is_so)(const struct model *model, unsigned job))
{
	unsigned chosen = MAX_JOBS, seen = 0;

	for (unsigned i = 0; i < model.jobs; i++)
		if (is_so(&model, i) && random_below(&chance, ++seen) == 0)
			chosen = i;
	return chosen;
}

static bool is_free_elsewhere(const struct model *m, unsigned job)
{
	return model_is_free(m, job) && !m->strict[m->job[job].pool];
}

/*
 * In a strict pool. Another job waits at the same time: for that one the timeout has as good as passed. Should it come
 * first, this one may be refused.
 */
static void wait_briefly(unsigned i)
{
	struct order order;
	unsigned jobs, other;
	int result;

	order = choose_order(i, &jobs, 2 * MILLISECOND);
	if (jobs == 0 || are_behind(jobs, i) || !model_can_wait(&model, i, jobs, false)) {
		tell_story(": not now\n");
		return;
	}
	tell_story(" for a moment\n");
	actor_tell(&actors[i], order);
	other = choose_job(is_free_elsewhere);
	if (other != MAX_JOBS)
		wait_long(other);
	result = actor_result(&actors[i]);
	must(result == -ETIMEDOUT || (result == -EDEADLK && !model_can_wait(&model, i, jobs, false)));
}

static bool is_queued(const struct model *m, unsigned job)
{
	return m->job[job].status == QUEUED;
}

static void step(unsigned most_jobs)
{
	unsigned kind = random_below(&chance, 22), job;

	if (kind == 20)
		pause_or_resume(random_below(&chance, pools), random_below(&chance, keys));
	else if (kind < 5 && model.jobs < most_jobs)
		submit_next();
	else if (kind == 5 && (job = choose_job(is_queued)) != MAX_JOBS)
		cancel_job(job);
	else if ((job = choose_job(model_is_free)) == MAX_JOBS)
		return;
	else if (kind == 21 && model.strict[model.job[job].pool])
		wait_briefly(job);
	else if (kind < 8)
		wait_timed(job);
	else if (kind < 16)
		wait_long(job);
	else
		end_job(job);
}

/* ---- A round ---- */

static void make_pools(void)
{
	unsigned placement;

	pools = random_below(&chance, 3) ? 1 : 2;
	keys = 2 + random_below(&chance, MAX_KEYS - 1);
	for (unsigned p = 0; p < pools; p++) {
		model.workers[p] = 1 + random_below(&chance, 3);
		model.pinned[p] = random_below(&chance, 2);
		model.strict[p] = random_below(&chance, 2);
		tell_story("pool %u: %u workers, %s%s\n", p, model.workers[p],
			   model.pinned[p] ? "pinned" : "floating", model.strict[p] ? ", strict" : "");
		placement = model.pinned[p] ? TASKPOOL_PINNED : TASKPOOL_FLOATING;
		pool[p] = model.strict[p] ? start_strict_pool(model.workers[p], placement) :
					    start_pool(model.workers[p], 0, placement);
	}
}

static void play_round(void)
{
	unsigned most_jobs, steps;

	chance = round_seed;
	memset(&model, 0, sizeof(model));
	make_pools();
	most_jobs = 2 + random_below(&chance, MAX_JOBS - 1);
	for (steps = 8 + random_below(&chance, 40); steps > 0; steps--)
		step(most_jobs);
	for (unsigned p = 0; p < pools; p++)
		for (unsigned key = 0; key < keys; key++)
			if (model.paused[p] >> key & 1)
				pause_or_resume(p, key);
	for (;;) {
		unsigned job = choose_job(model_is_free);

		if (job != MAX_JOBS)
			end_job(job);
		else if ((job = choose_job(is_queued)) != MAX_JOBS && model.job[job].delayed)
			cancel_job(job);
		else if (job == MAX_JOBS)
			break;
	}
	must(model_unended(&model, ~0U) == 0);
	for (unsigned p = 0; p < pools; p++) {
		must(taskpool_wait(pool[p], TASKPOOL_FOREVER) == 0);
		must(taskpool_shutdown(pool[p], 0, 0, NULL) == 0);
		taskpool_free(pool[p]);
	}
	for (unsigned i = 0; i < model.jobs; i++) {
		must(taskpool_job_outcome(handles[i]) == actors[i].outcome);
		taskpool_job_unref(handles[i]);
	}
}

int main(int argc, char **argv)
{
	int result = play_rounds(argc, argv, 10, 60, play_round);

	printf("%lu waits refused, %lu blocked, %lu for nothing; %lu with timeouts\n", refused, blocked, at_once, timed);
	return result;
}
