/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What the test of ends plays with: pools, keys and jobs, and what must hold of them.
 */
#ifndef TESTS_ENDS_JOBS_H
#define TESTS_ENDS_JOBS_H

#include <stdatomic.h>

#include "rounds.h"

#define MAX_POOLS 2
#define MAX_KEYS 10      /* of a pool; one more stands for no key */
#define MAX_SUBMITTERS 3
#define MAX_JOBS 120     /* of one submitter; as many again are submitted from inside jobs */
#define MAX_BATCH 6
#define US INT64_C(1000)

struct key {
	char bytes[24];
	size_t length;
	bool is_null;
	bool is_inside;                  /* touched between start and end of its jobs alone */
	_Atomic unsigned accepted, ended;
	_Atomic unsigned pauses;         /* that somebody is to resume */
};

/* A pool and its keys. */
struct field {
	struct taskpool *pool;
	struct taskpool_options options;
	unsigned keys;
	struct key key[MAX_KEYS + 1];
	_Atomic unsigned long accepted, ended, outcomes[5];
	_Atomic bool stopped, cancels;   /* set before the call that does it */
	pthread_mutex_t lock;
	bool closing;                    /* jobs do not pause keys any more */
	_Atomic bool runners_done;
};

struct job {
	struct field *field;
	struct key *key;
	struct job *child;               /* submitted from inside of this one */
	struct job *previous;            /* of the same key, accepted before this one was submitted, and not delayed */
	unsigned flags, work;
	bool child_in_end, with_handle;
	int64_t timeout, delay, ttl, submitted;
	bool accepted;
	unsigned ran;
	_Atomic(struct taskpool_job *) handle; /* held until the round is over */
	_Atomic unsigned ended;
	_Atomic int outcome;
	_Atomic bool was_busy;           /* a cancel said that it runs */
	const void *ender;               /* the thread, by its counter */
};

/* The round that is played; reset for each. */
struct play {
	unsigned fields, submitters, jobs;
	struct field field[MAX_POOLS];
	struct job job[MAX_SUBMITTERS][2 * MAX_JOBS];
	_Atomic bool submitted, over; /* the submitters are done; the meddlers are to be */
};

extern struct play play;

/* Jobs that this thread has ended CANCELED. */
extern _Thread_local unsigned canceled_here;

struct field *random_field(uint64_t *state);
struct key *random_key(struct field *field, uint64_t *state); /* not the one that is none */
struct job *random_job(uint64_t *state);

/* Fills what chance decides: where it goes, and how. */
void choose_job(struct job *job, uint64_t *state);

/* Submits one or more, from outside of all jobs; `last` is per pool and key. Returns how many were dealt with. */
unsigned submit_jobs(struct job *jobs, unsigned count, struct job *(*last)[MAX_KEYS]);

/* Calls that a job or a thread makes on a random job or key, with their checks. */
void cancel_job(struct job *job);
void cancel_key(struct field *field, struct key *key);
void pause_key(struct field *field, struct key *key);
bool resume_key(struct field *field, struct key *key);
void wait_timed(struct job *job, struct field *field, struct key *key, uint64_t *state, bool inside);

/* When the pool has gone. */
void check_job(struct job *job);

#endif
