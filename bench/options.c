/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The command line.
 */
#include "bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: bench [options]\n"
	"  --quick            3 rounds of 500,000 jobs\n"
	"  --rounds N         interleaved rounds, 1 to 31 (7); the table shows medians\n"
	"  --jobs N           jobs of a throughput run (2,000,000); the other workloads scale with it\n"
	"  --workload LIST    throughput,latency,loaded,headofline (all)\n"
	"  --system LIST      taskpool,taskpool-pinned,mutex-ring,handover,glib,go (all)\n"
	"  --cell FILTER      for instance workers=8,keys=64,producers=1,capacity=100 (all)\n"
	"  --json FILE        writes every figure of every round there\n"
	"  --deadline S       seconds after which one measurement is given up (120)\n"
	"  --help\n";

enum { QUICK = 1, ROUNDS, JOBS, WORKLOAD, SYSTEM, CELL, JSON, DEADLINE, HELP };

static const struct option names[] = {
	{ "quick", no_argument, NULL, QUICK }, { "rounds", required_argument, NULL, ROUNDS },
	{ "jobs", required_argument, NULL, JOBS }, { "workload", required_argument, NULL, WORKLOAD },
	{ "system", required_argument, NULL, SYSTEM }, { "cell", required_argument, NULL, CELL },
	{ "json", required_argument, NULL, JSON }, { "deadline", required_argument, NULL, DEADLINE },
	{ "help", no_argument, NULL, HELP }, { NULL, 0, NULL, 0 }
};

bool bench_listed(const char *list, const char *name)
{
	const size_t length = strlen(name);

	while (list && *list) {
		const size_t item = strcspn(list, ",");

		if (item == length && strncmp(list, name, length) == 0)
			return true;
		list += item + (list[item] == ',');
	}
	return list == NULL;
}

static int parse_cell(struct cell *cell, const char *text)
{
	const struct { const char *name; unsigned *field; } fields[] = {
		{ "workers=", &cell->workers }, { "keys=", &cell->keys },
		{ "producers=", &cell->producers }, { "capacity=", &cell->capacity }
	};

	while (*text) {
		size_t i = 0;
		char *end;

		while (i < 4 && strncmp(text, fields[i].name, strlen(fields[i].name)) != 0)
			i++;
		if (i == 4)
			return -1;
		*fields[i].field = (unsigned)strtoul(text + strlen(fields[i].name), &end, 10);
		if (*end != ',' && *end != '\0')
			return -1;
		text = end + (*end == ',');
	}
	return 0;
}

static int parse_number(unsigned long *number, const char *text, unsigned long least, unsigned long most)
{
	char *end;

	*number = strtoul(text, &end, 10);
	return *text != '\0' && *end == '\0' && *number >= least && *number <= most ? 0 : -1;
}

static int apply(struct options *options, int name)
{
	unsigned long number = 0;
	int error = 0;

	switch (name) {
	case QUICK:
		options->rounds = 3;
		options->jobs = 500000;
		break;
	case ROUNDS:
		error = parse_number(&number, optarg, 1, BENCH_MAX_ROUNDS);
		options->rounds = (unsigned)number;
		break;
	case JOBS:
		error = parse_number(&options->jobs, optarg, 1000, 100000000);
		break;
	case DEADLINE:
		error = parse_number(&number, optarg, 1, 86400);
		options->deadline = (unsigned)number;
		break;
	case WORKLOAD: options->workload = optarg; break;
	case SYSTEM: options->system = optarg; break;
	case JSON: options->json = optarg; break;
	case CELL: error = parse_cell(&options->cell, optarg); break;
	default: error = -1;
	}
	return error;
}

bool bench_options(struct options *options, int argc, char **argv, int *status)
{
	int name, error = 0;

	*options = (struct options){ .rounds = 7, .jobs = 2000000, .deadline = 120 };
	while (error == 0 && (name = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (name == HELP) {
			fputs(usage, stdout);
			*status = 0;
			return false;
		}
		error = apply(options, name);
	}
	if (error == 0 && optind == argc)
		return true;
	fputs(usage, stderr);
	*status = 2;
	return false;
}
