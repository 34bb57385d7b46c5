/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What the parts of the driver tell each other: cells, workloads, rows.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "adapter.h"

enum { BENCH_METRICS = 3, BENCH_MAX_ROUNDS = 31, BENCH_MAX_CELLS = 64 };

/* One point of a workload's grid. In a filter 0 means any. */
struct cell {
	unsigned workers, keys, producers, capacity;
};

struct workload {
	const char *name;
	const char *about;
	const char *metric[BENCH_METRICS]; /* names with units; all are better when smaller */
	unsigned decides;                  /* the metric whose spread and ratios the table shows */
	size_t (*cells)(struct cell cells[BENCH_MAX_CELLS]);
	/* Fills the metrics and returns NULL, or says what was wrong. Runs in a process of its own. */
	const char *(*run)(const struct adapter *adapter, const struct cell *cell, unsigned long jobs,
		double metric[BENCH_METRICS]);
};

extern const struct workload workload_throughput;
extern const struct workload workload_latency;
extern const struct workload workload_loaded;
extern const struct workload workload_headofline;

/* One system in one cell of one workload, with what each round gave. */
struct row {
	const struct workload *workload;
	const struct adapter *adapter;
	struct cell cell;
	unsigned rounds;
	double metric[BENCH_METRICS][BENCH_MAX_ROUNDS];
	char failure[96]; /* empty: none */
};

struct rows {
	struct row *row;
	size_t count;
};

struct options {
	unsigned rounds;
	unsigned long jobs;
	struct cell cell;     /* filter */
	const char *workload; /* comma separated filter, NULL: all */
	const char *system;   /* the same */
	const char *json;     /* file to write, NULL: none */
	unsigned deadline;    /* seconds that one measurement may take */
};

/* False: the program should end now, with that status. */
bool bench_options(struct options *options, int argc, char **argv, int *status);

/* Whether `name` is in the comma separated list; a NULL list holds everything. */
bool bench_listed(const char *list, const char *name);

/* Measures the row once more, in a child process; a failure is noted in the row. */
void bench_isolate(struct row *row, const struct options *options);

/* Where the driver's own directory is: peers that are programs are looked for there. */
extern const char *bench_directory;

#endif
