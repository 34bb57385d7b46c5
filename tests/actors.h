/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Jobs that do what they are told, step by step, and report: for tests in which jobs wait for each other.
 */
#ifndef TESTS_ACTORS_H
#define TESTS_ACTORS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <taskpool.h>

enum deed { WAIT_FOR_KEY, WAIT_FOR_JOB, WAIT_FOR_POOL, STOP_POOL, SHUT_POOL_DOWN, LEAVE };

struct order {
	enum deed deed;
	struct taskpool *pool;
	const char *key;
	struct taskpool_job *job;
	int64_t timeout, drain;
};

#define LONG (1000 * SECOND) /* does not pass: after DEADLINE a test has failed */

/* What an actor, or anybody, may be told to do. */
struct order for_key(struct taskpool *pool, const char *key, int64_t timeout);
struct order for_job(struct taskpool_job *job, int64_t timeout);
struct order for_pool(struct taskpool *pool, int64_t timeout);
struct order stop_pool(struct taskpool *pool);
struct order shut_down(struct taskpool *pool, int64_t drain, int64_t cancel);
int carry_out(struct order order);

struct actor {
	/* May be set before the submit; all else is read only. */
	bool acts_in_end; /* and not in run */
	int64_t delay;

	struct taskpool *pool;
	const char *key; /* not copied */
	struct taskpool_job *job;

	/* Guarded by one lock for all actors. */
	unsigned place;         /* 1 for the first actor that started, 2 for the second; 0: it has not */
	unsigned worker;
	pid_t thread;
	unsigned told, begun, done; /* orders */
	struct order order;
	int result;
	int outcome; /* what `end` was told */
};

/* Submits the actor's job, past which it waits for orders. `actor` must stay where it is until the job has ended. */
void actor_submit(struct actor *actor, struct taskpool *pool, const char *key);

bool actor_started(struct actor *actor);
void actor_await(struct actor *actor);

/* Submits it and waits until it has started. */
void actor_start(struct actor *actor, struct taskpool *pool, const char *key);

/* Gives an order; returns when the actor is about to carry it out. */
void actor_tell(struct actor *actor, struct order order);

/* Whether the call has returned; true once every other thread of the process sleeps, and it has not. */
bool actor_returned(struct actor *actor);
bool actor_blocks(struct actor *actor);

/* Waits until the call has returned, for what it returned. */
int actor_result(struct actor *actor);

/* Tells, and waits for the result. */
int actor_do(struct actor *actor, struct order order);

/* Tells, and makes sure that the actor blocks. */
void actor_block(struct actor *actor, struct order order);

/* The job returns. Waits until it has ended, and releases the handle. */
void actor_leave(struct actor *actor);

/* A wait for the actor, by the handle of its job or by its key. */
struct order for_actor(const struct actor *actor, bool by_job, int64_t timeout);
struct order for_ever(const struct actor *actor, bool by_job);

/* Its waits for the target are refused, at once, with any timeout but 0, which only asks. */
void actor_refused(struct actor *actor, const struct actor *target);

/* Its wait has ended well, or does so now; then the job returns. */
void actor_end_wait(struct actor *actor);

/* The actor's job is not to run any more: cancels it, and releases the handle. */
void actor_cancel(struct actor *actor);

/* A pool and keys of which the i-th is at home at worker i % workers: as many run at once, PINNED or not. */
struct stage {
	struct taskpool *pool;
	char key[8][32];
};

void stage_start(struct stage *stage, unsigned workers, unsigned placement);
void stage_start_strict(struct stage *stage, unsigned workers, unsigned placement);

#endif
