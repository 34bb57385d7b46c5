/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Jobs that are watched, and calls that block: for the tests of handles, keys and times.
 */
#ifndef TESTS_PROBE_H
#define TESTS_PROBE_H

#include <stdatomic.h>

#include "support.h"

/* A job that is watched. Its gate comes first: tally_job, sleeper_job and gate_job take a probe as well. */
struct probe {
	struct gate gate;
	struct tally ended;
	int outcome;        /* once it has ended */
	pthread_t ended_by; /* as well */
};

/* A task for a probe, which is initialised. */
struct taskpool_task probe_task(const char *key, taskpool_run_fn *run, struct probe *probe);
/* Submits it. `job` may be NULL. */
void submit_probe(struct taskpool *pool, const char *key, taskpool_run_fn *run, struct probe *probe,
		  struct taskpool_job **job);
void submit_probe_task(struct taskpool *pool, const struct taskpool_task *task, struct taskpool_job **job);
taskpool_end_fn probe_end;
taskpool_end_fn held_probe_end;               /* stays in until the gate is opened */
int probe_outcome(struct probe *probe);       /* 0: it has not ended */
int probe_await(struct probe *probe);         /* its outcome, once it has ended */
unsigned probe_runs(struct probe *probe);     /* how often run was called */

/* A call that blocks, on a thread of its own. */
struct call {
	int (*make)(void *arg);
	void *arg;
	_Atomic(pid_t) id;
	pthread_t thread;
	int result;
};

void call_begin(struct call *call, int (*make)(void *arg), void *arg); /* returns once it blocks, or has returned */
int call_end(struct call *call);                                       /* what it returned */
int wait_for_job(void *job);                                           /* taskpool_job_wait, for ever */
int cancel_job(void *job);                                             /* taskpool_job_cancel */

/* Every call on a key, with the other arguments as they should be. None of them waits. */
typedef int key_call(struct taskpool *pool, const void *key, size_t len);
extern key_call *const key_calls[6];

struct taskpool_stats read_stats(struct taskpool *pool);
struct taskpool_key_stats read_key_stats(struct taskpool *pool, const char *key);
/* Runs jobs of other keys at `home`, one after the other: what that worker could have run before has started. */
void run_others(struct taskpool *pool, unsigned home);
/* The first key after "PREFIX" whose home that is. */
void key_at(char key[32], const char *prefix, struct taskpool *pool, unsigned home);
/* Returns once `duration` has passed since `begin`. */
void pass(int64_t begin, int64_t duration);

#endif
