/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The driver: which rows there are, and round after round through all of them, so that a machine that slows down for a
 * while slows all systems down.
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "report.h"

static const struct workload *const workloads[] = {
	&workload_throughput, &workload_latency, &workload_loaded, &workload_headofline
};

static const struct adapter *const all_adapters[] = {
	&adapter_taskpool, &adapter_taskpool_pinned, &adapter_mutex_ring, &adapter_handover, &adapter_glib, &adapter_go
};

enum {
	WORKLOADS = sizeof(workloads) / sizeof(workloads[0]),
	ADAPTERS = sizeof(all_adapters) / sizeof(all_adapters[0])
};

static bool passes(const struct cell *filter, const struct cell *cell)
{
	return (!filter->workers || filter->workers == cell->workers) && (!filter->keys || filter->keys == cell->keys) &&
		(!filter->producers || filter->producers == cell->producers) &&
		(!filter->capacity || filter->capacity == cell->capacity);
}

static bool suits(const struct adapter *adapter, const struct workload *workload, const struct cell *cell)
{
	return adapter->version() && bench_listed(adapter->workloads, workload->name) &&
		(!adapter->max_workers || cell->workers <= adapter->max_workers) &&
		(!adapter->max_producers || cell->producers <= adapter->max_producers);
}

static void add_cell(struct rows *rows, const struct workload *workload, const struct cell *cell,
	const struct adapter *const *adapters)
{
	for (; *adapters; adapters++)
		if (suits(*adapters, workload, cell))
			rows->row[rows->count++] = (struct row){ .workload = workload, .adapter = *adapters, .cell = *cell };
}

static int make_rows(struct rows *rows, const struct options *options, const struct adapter *const *adapters)
{
	struct cell cells[BENCH_MAX_CELLS];

	rows->row = calloc(WORKLOADS * BENCH_MAX_CELLS * ADAPTERS, sizeof(*rows->row));
	if (!rows->row)
		return -1;
	for (size_t w = 0; w < WORKLOADS; w++) {
		const size_t count = bench_listed(options->workload, workloads[w]->name) ? workloads[w]->cells(cells) : 0;

		for (size_t c = 0; c < count; c++)
			if (passes(&options->cell, &cells[c]))
				add_cell(rows, workloads[w], &cells[c], adapters);
	}
	return 0;
}

static void show_progress(const struct row *row, unsigned round, unsigned rounds, size_t done, size_t all)
{
	if (row)
		fprintf(stderr, "\rround %u of %u, %3zu %%: %s %u workers %u keys %s\033[K",
			round + 1, rounds, done * 100 / all, row->workload->name, row->cell.workers, row->cell.keys,
			row->adapter->name);
	else
		fprintf(stderr, "\r\033[K");
}

/* Every other round goes backwards: no system always runs after the same neighbour. */
static void measure(struct rows *rows, const struct options *options)
{
	const bool terminal = isatty(STDERR_FILENO);

	for (unsigned round = 0; round < options->rounds; round++)
		for (size_t i = 0; i < rows->count; i++) {
			struct row *row = &rows->row[round % 2 ? rows->count - 1 - i : i];

			if (terminal)
				show_progress(row, round, options->rounds, round * rows->count + i, options->rounds * rows->count);
			if (row->failure[0] == '\0')
				bench_isolate(row, options);
		}
	if (terminal)
		show_progress(NULL, 0, 0, 0, 0);
}

static int finish(const struct rows *rows, const struct options *options, const struct adapter *const *adapters)
{
	int status = 0;

	report_table(rows);
	if (options->json && report_json(rows, options, adapters) < 0) {
		fprintf(stderr, "bench: cannot write %s\n", options->json);
		status = 1;
	}
	for (size_t i = 0; i < rows->count; i++)
		if (rows->row[i].failure[0] != '\0')
			status = 1;
	return status;
}

int main(int argc, char **argv)
{
	const struct adapter *adapters[ADAPTERS + 1] = { NULL };
	struct options options;
	struct rows rows = { NULL, 0 };
	int status;
	char *self = strdup(argv[0]);

	if (!bench_options(&options, argc, argv, &status))
		return status;
	if (self)
		bench_directory = dirname(self);
	for (size_t i = 0, count = 0; i < ADAPTERS; i++)
		if (bench_listed(options.system, all_adapters[i]->name))
			adapters[count++] = all_adapters[i];
	if (make_rows(&rows, &options, adapters) < 0 || rows.count == 0) {
		fprintf(stderr, "bench: nothing to measure; see --help\n");
		return 2;
	}
	report_head(&options, adapters);
	measure(&rows, &options);
	status = finish(&rows, &options, adapters);
	free(rows.row);
	free(self);
	return status;
}
