/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actors.h"
#include "support.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned places;

/* ---- Orders ---- */

struct order for_key(struct taskpool *pool, const char *key, int64_t timeout)
{
	return (struct order){ .deed = WAIT_FOR_KEY, .pool = pool, .key = key, .timeout = timeout };
}

struct order for_job(struct taskpool_job *job, int64_t timeout)
{
	return (struct order){ .deed = WAIT_FOR_JOB, .job = job, .timeout = timeout };
}

struct order for_pool(struct taskpool *pool, int64_t timeout)
{
	return (struct order){ .deed = WAIT_FOR_POOL, .pool = pool, .timeout = timeout };
}

struct order stop_pool(struct taskpool *pool)
{
	return (struct order){ .deed = STOP_POOL, .pool = pool };
}

struct order shut_down(struct taskpool *pool, int64_t drain, int64_t cancel)
{
	return (struct order){ .deed = SHUT_POOL_DOWN, .pool = pool, .timeout = cancel, .drain = drain };
}

int carry_out(struct order order)
{
	switch (order.deed) {
	case WAIT_FOR_KEY:
		return taskpool_key_wait(order.pool, order.key, strlen(order.key), order.timeout);
	case WAIT_FOR_JOB:
		return taskpool_job_wait(order.job, order.timeout);
	case WAIT_FOR_POOL:
		return taskpool_wait(order.pool, order.timeout);
	case STOP_POOL:
		return taskpool_stop(order.pool);
	case SHUT_POOL_DOWN:
		return taskpool_shutdown(order.pool, order.drain, order.timeout, NULL);
	case LEAVE:
		break;
	}
	return 0;
}

/* ---- On the actor's side ---- */

static void note_start(struct actor *actor, struct taskpool_context *context)
{
	pthread_mutex_lock(&lock);
	actor->worker = taskpool_context_worker(context);
	actor->thread = thread_id();
	actor->place = ++places;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void act(struct actor *actor)
{
	enum deed deed;

	pthread_mutex_lock(&lock);
	do {
		struct order order;
		int result;

		while (actor->begun == actor->told)
			pthread_cond_wait(&changed, &lock);
		actor->begun++;
		order = actor->order;
		deed = order.deed;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
		result = carry_out(order);
		taskpool_job_unref(order.job);
		pthread_mutex_lock(&lock);
		actor->result = result;
		actor->done++;
		pthread_cond_broadcast(&changed);
	} while (deed != LEAVE);
	pthread_mutex_unlock(&lock);
}

static void actor_run(struct taskpool_context *context, void *arg)
{
	struct actor *actor = arg;

	note_start(actor, context);
	if (!actor->acts_in_end)
		act(actor);
}

static void actor_end(void *arg, int outcome)
{
	struct actor *actor = arg;

	if (actor->acts_in_end && outcome == TASKPOOL_RAN)
		act(actor);
	pthread_mutex_lock(&lock);
	expect(actor->outcome == 0);
	actor->outcome = outcome;
	pthread_mutex_unlock(&lock);
}

/* ---- On the other side ---- */

void actor_submit(struct actor *actor, struct taskpool *pool, const char *key)
{
	struct taskpool_task task = make_task(key, actor_run, actor);
	int error;

	*actor = (struct actor){ .acts_in_end = actor->acts_in_end, .delay = actor->delay, .pool = pool, .key = key };
	task.end = actor_end;
	task.delay = actor->delay;
	error = taskpool_submit_task(pool, &task, &actor->job);
	if (error)
		die("taskpool_submit_task: %d", error);
}

bool actor_started(struct actor *actor)
{
	bool started;

	pthread_mutex_lock(&lock);
	started = actor->place != 0;
	pthread_mutex_unlock(&lock);
	return started;
}

static void wait_for_change(const char *what)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE / SECOND;
	if (pthread_cond_timedwait(&changed, &lock, &until) != 0)
		die("waited in vain: %s", what);
}

void actor_await(struct actor *actor)
{
	pthread_mutex_lock(&lock);
	while (actor->place == 0)
		wait_for_change("a job should start");
	pthread_mutex_unlock(&lock);
}

void actor_start(struct actor *actor, struct taskpool *pool, const char *key)
{
	actor_submit(actor, pool, key);
	actor_await(actor);
}

void actor_tell(struct actor *actor, struct order order)
{
	taskpool_job_ref(order.job); /* the actor's own: others may release theirs before its wait has returned */
	pthread_mutex_lock(&lock);
	expect(actor->done == actor->told);
	actor->order = order;
	actor->told++;
	pthread_cond_broadcast(&changed);
	while (actor->begun != actor->told)
		wait_for_change("an actor should take its order");
	pthread_mutex_unlock(&lock);
}

bool actor_returned(struct actor *actor)
{
	bool returned;

	pthread_mutex_lock(&lock);
	returned = actor->done == actor->told;
	pthread_mutex_unlock(&lock);
	return returned;
}

/* A thread that cannot be seen is taken for asleep. */
static bool all_sleep_but(pid_t self)
{
	DIR *directory = opendir("/proc/self/task");
	bool all = true;

	if (!directory) {
		pause_shortly();
		return true;
	}
	for (const struct dirent *entry; all && (entry = readdir(directory)) != NULL;) {
		pid_t thread = (pid_t)atol(entry->d_name);

		all = thread <= 0 || thread == self || is_asleep(thread);
	}
	closedir(directory);
	return all;
}

/*
 * Who sleeps for a lock sleeps while somebody holds it, who runs or will: so where all sleep, and still do when the
 * shortest nap would be over, the call blocks for good. The actor is looked at by itself, since a thread that exits at
 * the moment may hide others in the directory.
 */
bool actor_blocks(struct actor *actor)
{
	struct timespec moment = { .tv_nsec = 100000 };
	pid_t self = thread_id();

	for (unsigned looks = 0; looks < 10; nanosleep(&moment, NULL)) {
		if (actor_returned(actor))
			return false;
		if (is_asleep(actor->thread) && all_sleep_but(self))
			looks++;
		else
			looks = 0;
	}
	return !actor_returned(actor);
}

int actor_result(struct actor *actor)
{
	int result;

	pthread_mutex_lock(&lock);
	while (actor->done != actor->told)
		wait_for_change("a wait should end");
	result = actor->result;
	pthread_mutex_unlock(&lock);
	return result;
}

int actor_do(struct actor *actor, struct order order)
{
	actor_tell(actor, order);
	return actor_result(actor);
}

void actor_block(struct actor *actor, struct order order)
{
	actor_tell(actor, order);
	if (!actor_blocks(actor))
		die("the wait of job \"%s\" should block, and returns %d", actor->key, actor_result(actor));
}

static void release(struct actor *actor)
{
	taskpool_job_unref(actor->job);
	actor->job = NULL;
}

void actor_leave(struct actor *actor)
{
	actor_tell(actor, (struct order){ .deed = LEAVE });
	expect(taskpool_job_wait(actor->job, TASKPOOL_FOREVER) == 0);
	expect(actor->outcome == TASKPOOL_RAN);
	expect(taskpool_job_outcome(actor->job) == TASKPOOL_RAN);
	release(actor);
}

void actor_cancel(struct actor *actor)
{
	expect(taskpool_job_cancel(actor->job) == 0);
	expect(actor->outcome == TASKPOOL_CANCELED);
	expect(taskpool_job_outcome(actor->job) == TASKPOOL_CANCELED);
	expect(actor->place == 0);
	release(actor);
}

struct order for_actor(const struct actor *actor, bool by_job, int64_t timeout)
{
	return by_job ? for_job(actor->job, timeout) : for_key(actor->pool, actor->key, timeout);
}

struct order for_ever(const struct actor *actor, bool by_job)
{
	return for_actor(actor, by_job, TASKPOOL_FOREVER);
}

void actor_refused(struct actor *actor, const struct actor *target)
{
	static const int64_t timeouts[] = { 1, LONG, INT64_MAX, TASKPOOL_FOREVER };

	for (unsigned by_job = 0; by_job < 2; by_job++) {
		for (unsigned i = 0; i < LENGTH(timeouts); i++)
			expect(actor_do(actor, for_actor(target, by_job, timeouts[i])) == -EDEADLK);
		expect(actor_do(actor, for_actor(target, by_job, 0)) == -ETIMEDOUT);
	}
}

void actor_end_wait(struct actor *actor)
{
	expect(actor_result(actor) == 0);
	actor_leave(actor);
}

static void fill_stage(struct stage *stage, unsigned workers, struct taskpool *pool)
{
	unsigned number = 0;

	stage->pool = pool;
	for (unsigned i = 0; i < LENGTH(stage->key); i++)
		key_at_home(stage->key[i], "key ", &number, workers, i % workers);
}

void stage_start(struct stage *stage, unsigned workers, unsigned placement)
{
	fill_stage(stage, workers, start_pool(workers, 0, placement));
}

void stage_start_strict(struct stage *stage, unsigned workers, unsigned placement)
{
	fill_stage(stage, workers, start_strict_pool(workers, placement));
}
