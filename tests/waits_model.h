/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What pools with jobs that wait for each other may do, as a model without any cleverness.
 */
#ifndef TESTS_WAITS_MODEL_H
#define TESTS_WAITS_MODEL_H

#include <stdbool.h>

#define MAX_POOLS 2
#define MAX_JOBS 7
#define NO_KEY (-1)

enum status { QUEUED, RUNNING, ENDED };

struct model_job {
	unsigned pool;
	int key;             /* jobs of the same pool and key run in the order of their numbers, delayed ones last */
	bool delayed;        /* its time will not come in this round */
	unsigned home;       /* the only worker that may run it, if the pool is pinned */
	enum status status;
	unsigned waits_for;  /* jobs, one bit each: this one blocks until they have ended */
	bool timed;          /* or until its time is over, which will not come in this round */
};

struct model {
	bool pinned[MAX_POOLS];
	bool strict[MAX_POOLS];
	unsigned workers[MAX_POOLS];
	unsigned paused[MAX_POOLS]; /* keys, one bit each */
	bool far_future;            /* where no key is paused any more, and all delays are over */
	bool timely;                /* there, the timeouts of waits are over, too */
	unsigned jobs;
	struct model_job job[MAX_JOBS];
};

/* The jobs that have not ended, of those whose bits are in `jobs`. */
unsigned model_unended(const struct model *model, unsigned jobs);

/* Whether the job's turn in its key has come, the key is not paused, and a worker is free for it. */
bool model_can_start(const struct model *model, unsigned job);

/* Whether it runs and waits for nothing. */
bool model_is_free(const struct model *model, unsigned job);

/*
 * Whether these jobs can still end if this one waits for them: tries everything that could happen. A job that waits for
 * nothing may end; a queued one may start when it can, and then end. A paused key may be resumed, a delay elapses, and,
 * if `timely`, the timeouts of those who wait.
 */
bool model_can_wait(const struct model *model, unsigned job, unsigned jobs, bool timely);

/* How many jobs must start before nothing can any more. */
unsigned model_due_starts(const struct model *model);

#endif
