/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The report as JSON: what the table says, and every round.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "machine.h"
#include "report.h"
#include "stats.h"

static void put_string(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		if ((unsigned char)*text >= ' ')
			putc(*text, out);
	}
	putc('"', out);
}

static void put_pair(FILE *out, const char *name, const char *value, const char *after)
{
	fprintf(out, "\"%s\": ", name);
	put_string(out, value);
	fputs(after, out);
}

static void put_head(FILE *out, const struct options *options, const struct adapter *const *adapters)
{
	struct machine machine;
	char date[32] = "";
	const time_t now = time(NULL);
	struct tm utc;

	if (gmtime_r(&now, &utc))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
	bench_machine(&machine);
	fprintf(out, "{\n\"machine\": {");
	put_pair(out, "cpu", machine.cpu, ", ");
	fprintf(out, "\"cores\": %u, ", machine.cores);
	put_pair(out, "kernel", machine.kernel, ", ");
	put_pair(out, "compiler", machine.compiler, ", ");
	put_pair(out, "load_after", machine.load, ", ");
	put_pair(out, "date", date, "},\n\"versions\": {");
	for (size_t i = 0; adapters[i]; i++) {
		const char *version = adapters[i]->version();

		put_pair(out, adapters[i]->name, version ? version : "not installed", adapters[i + 1] ? ", " : "},\n");
	}
	fprintf(out, "\"rounds\": %u, \"jobs\": %lu,\n\"rows\": [", options->rounds, options->jobs);
}

static void put_metric(FILE *out, const char *name, const double *values, unsigned count)
{
	const struct spread spread = bench_spread(values, count);

	fprintf(out, ", \"%s\": {\"median\": %.6g, \"min\": %.6g, \"max\": %.6g, \"rounds\": [",
		name, spread.median, spread.min, spread.max);
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s%.6g", i ? ", " : "", values[i]);
	fputs("]}", out);
}

static void put_row(FILE *out, const struct row *row)
{
	const struct cell *cell = &row->cell;

	fputs("{", out);
	put_pair(out, "workload", row->workload->name, ", ");
	put_pair(out, "system", row->adapter->name, "");
	fprintf(out, ", \"workers\": %u, \"keys\": %u, \"producers\": %u, \"capacity\": %u",
		cell->workers, cell->keys, cell->producers, cell->capacity);
	for (unsigned m = 0; m < BENCH_METRICS; m++)
		put_metric(out, row->workload->metric[m], row->metric[m], row->rounds);
	fputs(", ", out);
	put_pair(out, "failure", row->failure, "}");
}

int report_json(const struct rows *rows, const struct options *options, const struct adapter *const *adapters)
{
	FILE *out = fopen(options->json, "w");
	int error = 0;

	if (!out)
		return -errno;
	put_head(out, options, adapters);
	for (size_t i = 0; i < rows->count; i++) {
		fputs(i ? ",\n" : "\n", out);
		put_row(out, &rows->row[i]);
	}
	fputs("\n]\n}\n", out);
	if (ferror(out))
		error = -EIO;
	if (fclose(out) != 0 && error == 0)
		error = -errno;
	return error;
}
