/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What the stress test plays with: keys, jobs and what must hold of them.
 */
#ifndef TESTS_STRESS_JOBS_H
#define TESTS_STRESS_JOBS_H

#include <stdatomic.h>

#include "support.h"

#define MAX_PRODUCERS 4
#define MAX_JOBS 600 /* of one producer; as many again are submitted from inside jobs */
#define MAX_KEYS 200
#define MAX_BATCH 8
/* A lane orders the jobs of a key: its producers are one each, the jobs of the key itself are another. */
#define INSIDE_LANE MAX_PRODUCERS
#define NO_LANE (MAX_PRODUCERS + 1)

struct key {
	char bytes[64];
	size_t length;
	bool is_null;
	/* Touched by the running job of the key alone. */
	bool is_inside;
	unsigned next[MAX_PRODUCERS + 1]; /* by lane */
	unsigned children;
};

struct job {
	struct key *key;
	struct job *child; /* submitted from inside this one */
	unsigned lane, number, work;
	bool accepted;
	unsigned ran;
	_Atomic unsigned ended;
	_Atomic int outcome;
};

/* The round that is played; reset for each. */
struct play {
	struct taskpool_options options;
	struct taskpool *pool;
	unsigned producers, jobs, keys, stoppers;
	unsigned long stop_after; /* so many accepted jobs */
	struct tally stop_now;
	_Atomic bool started, stopped, over;
	_Atomic unsigned long accepted, ended;
	_Atomic unsigned workers_stopped;
	struct key key[MAX_KEYS];
	struct job job[MAX_PRODUCERS][2 * MAX_JOBS];
};

extern struct play play;

/* The seed of the round, and what went wrong in it. */
extern uint64_t round_seed;
extern _Atomic unsigned long defects;

void report_defect(int line, const char *what);
#define check(condition) ((condition) ? (void)0 : report_defect(__LINE__, #condition))

struct taskpool_task job_task(struct job *job, int64_t timeout);
int64_t random_timeout(uint64_t *state);
/* Notes what submit returned, and checks whether it may. */
void note_result(struct job *job, int error, int64_t timeout);
/* After the pool has gone, or has been stopped. */
void check_job(struct job *job, bool all_ran);

#endif
