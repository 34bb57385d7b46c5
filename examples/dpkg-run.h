/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * One replay of the logs through a pool: a job per line, keyed by its package.
 */
#ifndef DPKG_RUN_H
#define DPKG_RUN_H

#include <taskpool.h>

#include "dpkg-log.h"

struct run_settings {
	unsigned workers, capacity; /* 0: the library's defaults */
	unsigned placement;
	int64_t work;               /* each job is busy that long, ns */
	const char *slow_package;   /* "name" or "name:arch"; NULL: none */
	int64_t slow;               /* its jobs sleep that long, ns */
	bool break_order;           /* submit each two lines the wrong way round */
};

struct run_result {
	size_t jobs;
	size_t slow_jobs;           /* of these, the slow package's */
	unsigned long plain;        /* of these, lines about no package */
	unsigned long overtaken, overlapped, illegal, lost;
	int64_t wall;               /* from the first submit to the last end, ns */
	int64_t median, p99, worst; /* from submit to start, without the slow package's jobs, ns */
	unsigned workers;
	struct taskpool_stats stats;
};

/* 0, or the negative errno of the call of the library that failed. */
int run_replay(struct dpkg_logs *logs, const struct run_settings *settings, struct run_result *result);

#endif
