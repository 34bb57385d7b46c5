/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The table.
 */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "stats.h"

void report_head(const struct options *options, const struct adapter *const *adapters)
{
	struct machine machine;

	bench_machine(&machine);
	printf("machine   %s, %u cores, %s\n", machine.cpu, machine.cores, machine.kernel);
	printf("compiler  %s; load before %s\n", machine.compiler, machine.load);
	printf("systems   ");
	for (size_t i = 0; adapters[i]; i++) {
		const char *version = adapters[i]->version();

		printf("%s%s (%s)", i ? ", " : "", adapters[i]->name, version ? version : "not installed, skipped");
	}
	printf("\nrounds    %u, interleaved; %lu jobs; medians [least most]\n", options->rounds, options->jobs);
	if (machine.busy)
		printf("note      others use this machine: trust ratios and least values, not the tails of waiting times\n");
	fflush(stdout);
}

double report_deciding(const struct row *row)
{
	return row ? bench_spread(row->metric[row->workload->decides], row->rounds).median : 0;
}

static const struct row *find(const struct rows *rows, const struct workload *workload, const char *system,
	struct cell cell)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		if (row->workload == workload && strcmp(row->adapter->name, system) == 0 && row->rounds > 0 &&
			memcmp(&row->cell, &cell, sizeof(cell)) == 0)
			return row;
	}
	return NULL;
}

const struct row *report_ring(const struct rows *rows, const struct row *row)
{
	return find(rows, row->workload, "mutex-ring", row->cell);
}

const struct row *report_limit(const struct rows *rows, const struct row *row)
{
	struct cell cell = row->cell;

	if (cell.producers != 1)
		return NULL;
	cell.workers = 1;
	return find(rows, row->workload, "handover", cell);
}

static void print_ratio(double over, double under)
{
	if (over > 0 && under > 0)
		printf(" %8.2f", over / under);
	else
		printf(" %8s", "-");
}

static void print_row(const struct rows *rows, const struct row *row)
{
	const double own = report_deciding(row);
	const struct cell *cell = &row->cell;

	printf("%7u %7u %4u %8u  %-16s", cell->workers, cell->keys, cell->producers, cell->capacity, row->adapter->name);
	if (row->failure[0] != '\0')
		printf("  FAILED %s", row->failure);
	for (unsigned m = 0; m < BENCH_METRICS && row->rounds > 0; m++) {
		const struct spread spread = bench_spread(row->metric[m], row->rounds);

		printf(" %10.1f", spread.median);
		if (m == row->workload->decides)
			printf(" [%7.1f %8.1f]", spread.min, spread.max);
	}
	if (row->rounds > 0) {
		print_ratio(report_deciding(report_ring(rows, row)), own);
		print_ratio(own, report_deciding(report_limit(rows, row)));
	}
	putchar('\n');
}

static void print_head(const struct workload *workload)
{
	printf("\n%s: %s\n", workload->name, workload->about);
	printf("ratios of %s: vs ring, times faster than the mutex ring; x limit, multiple of the hand-over limit\n",
		workload->metric[workload->decides]);
	printf("%7s %7s %4s %8s  %-16s", "workers", "keys", "prod", "capacity", "system");
	for (unsigned m = 0; m < BENCH_METRICS; m++) {
		printf(" %10.10s", workload->metric[m]);
		if (m == workload->decides)
			printf(" [%7s %8s]", "least", "most");
	}
	printf(" %8s %8s\n", "vs ring", "x limit");
}

void report_table(const struct rows *rows)
{
	const struct row *before = NULL;

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		if (!before || before->workload != row->workload)
			print_head(row->workload);
		else if (memcmp(&before->cell, &row->cell, sizeof(row->cell)) != 0)
			putchar('\n');
		print_row(rows, row);
		before = row;
	}
}
