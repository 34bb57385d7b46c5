/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Replays what dpkg did on this machine. The log's lines about one package only make sense in their order; lines about
 * different packages have nothing to do with each other. So each line is a job, and its package is the key.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dpkg-run.h"

#define LOGS "/var/log"
#define NAMED 10 /* so many packages with lines out of order are named */
#define MODERATE 20
enum { EXIT_DISORDER = 1, EXIT_INPUT = 2 };

static const char usage[] =
	"Usage: dpkg-replay [OPTION]... [FILE]...\n"
	"Replays dpkg's logs through a task pool, one job per line, in order per package.\n"
	"FILE may be gzip; - is the standard input. Without one: all dpkg.log* of this machine; where there is\n"
	"none, a sample of a real log. Several files should be one machine's; they are read oldest first.\n\n"
	"  --workers N           threads (8)\n"
	"  --capacity N          jobs waiting per worker (100)\n"
	"  --placement KIND      floating or pinned (floating)\n"
	"  --work US             each job is busy for US microseconds\n"
	"  --slow [PACKAGE=]MS   the jobs of PACKAGE (name, or name:arch; else the log's first that has no more\n"
	"                        than 20 lines) take MS milliseconds; runs both placements, and shows how long\n"
	"                        the other packages waited\n"
	"  --dir DIR             look for dpkg.log* there instead of " LOGS "\n"
	"  --break-order         submit each two lines the wrong way round, to see that it is noticed\n"
	"  --help                this text\n\n"
	"Exit status: 0; 1 where lines came out of order; 2 for wrong usage, and where a file could not be read.\n";

struct settings {
	struct run_settings run;
	const char *folder;
	char *const *files; /* NULL-terminated */
};

static void wrong(const char *option, const char *value)
{
	fprintf(stderr, "dpkg-replay: --%s: '%s' will not do; --help says what will\n", option, value);
	exit(EXIT_INPUT);
}

static unsigned number(const char *option, const char *text, unsigned least, unsigned most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || value < least || value > most)
		wrong(option, text);
	return (unsigned)value;
}

static unsigned placement(const char *text)
{
	if (strcmp(text, "floating") != 0 && strcmp(text, "pinned") != 0)
		wrong("placement", text);
	return *text == 'f' ? TASKPOOL_FLOATING : TASKPOOL_PINNED;
}

static void slow(struct run_settings *run, char *text)
{
	char *equals = strrchr(text, '=');

	if (equals == text)
		wrong("slow", text);
	run->slow = (int64_t)number("slow", equals ? equals + 1 : text, 1, 3600000) * 1000000;
	run->slow_package = "";
	if (equals) {
		*equals = '\0';
		run->slow_package = text;
	}
}

static void parse(struct settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
		{ "workers", required_argument, NULL, 'w' }, { "capacity", required_argument, NULL, 'c' },
		{ "placement", required_argument, NULL, 'p' }, { "work", required_argument, NULL, 'b' },
		{ "slow", required_argument, NULL, 's' }, { "dir", required_argument, NULL, 'd' },
		{ "break-order", no_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	struct run_settings *run = &settings->run;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'w': run->workers = number("workers", optarg, 1, UINT_MAX); break;
		case 'c': run->capacity = number("capacity", optarg, 1, UINT_MAX); break;
		case 'p': run->placement = placement(optarg); break;
		case 'b': run->work = (int64_t)number("work", optarg, 0, 60000000) * 1000; break;
		case 's': slow(run, optarg); break;
		case 'd': settings->folder = optarg; break;
		case 'o': run->break_order = true; break;
		case 'h': fputs(usage, stdout); exit(EXIT_SUCCESS);
		default: exit(EXIT_INPUT); /* getopt has said why */
		}
	}
	settings->files = argv + optind;
}

static bool is_empty(const struct dpkg_logs *logs)
{
	for (size_t i = 0; i < logs->count; i++) {
		if (logs->logs[i].count > 0)
			return false;
	}
	return true;
}

/* The files named, or the machine's, or the sample. Returns how many lines. */
static size_t read_logs(const struct settings *settings, struct dpkg_logs *logs)
{
	for (char *const *file = settings->files; *file; file++)
		dpkg_logs_read(logs, *file);
	if (!*settings->files)
		dpkg_logs_read_folder(logs, settings->folder ? settings->folder : LOGS);
	if (!*settings->files && !settings->folder && is_empty(logs)) {
		printf("no log in " LOGS ", so the sample is used\n");
		dpkg_logs_read(logs, DPKG_SAMPLE);
	}
	return dpkg_logs_arrange(logs);
}

/* One that is slow and has few jobs shows best who waits for it. */
static const char *pick_slow(const struct dpkg_logs *logs)
{
	for (size_t i = 0; i < logs->count; i++) {
		for (size_t j = 0; j < logs->logs[i].count; j++) {
			const struct dpkg_package *package = logs->logs[i].lines[j].package;

			if (package && package->lines <= MODERATE)
				return package->key;
		}
	}
	return "with few lines";
}

static const char *placement_name(unsigned kind)
{
	return kind == TASKPOOL_PINNED ? "pinned" : "floating";
}

static void print_time(const char *before, int64_t nanoseconds)
{
	if (nanoseconds < 10000000)
		printf("%s%8.1f us", before, (double)nanoseconds / 1e3);
	else
		printf("%s%8.1f ms", before, (double)nanoseconds / 1e6);
}

static void print_complaint(const struct dpkg_logs *logs, const struct dpkg_package *package)
{
	for (size_t i = 0; i < logs->count; i++) {
		for (size_t j = 0; j < logs->logs[i].count; j++) {
			const struct dpkg_line *line = &logs->logs[i].lines[j];

			if (line->package == package && line->nth == package->state.complaint_line)
				fprintf(stderr, "%s:%lu: %s: '%s' %s\n", line->file, line->number, package->key,
					line->event.action ? dpkg_action_names[line->event.action] :
					dpkg_status_names[line->event.status], package->state.complaint);
		}
	}
}

static void print_complaints(const struct dpkg_logs *logs)
{
	int named = 0;

	for (size_t i = 0; i < DPKG_TABLE; i++) {
		for (const struct dpkg_package *package = logs->table[i]; package; package = package->next) {
			if (package->state.complaint && named++ < NAMED)
				print_complaint(logs, package);
		}
	}
	if (named > NAMED)
		fprintf(stderr, "and %d more packages\n", named - NAMED);
}

static void print_states(const struct dpkg_logs *logs)
{
	unsigned long count[DPKG_STATUSES] = { 0 };

	for (size_t i = 0; i < DPKG_TABLE; i++) {
		for (const struct dpkg_package *package = logs->table[i]; package; package = package->next)
			count[package->state.status]++;
	}
	for (int i = 0; i < DPKG_STATUSES; i++) {
		if (count[i] > 0)
			printf("  %-18s %10lu\n", dpkg_status_names[i], count[i]);
	}
}

static unsigned long out_of_order(const struct run_result *result)
{
	return result->overtaken + result->overlapped + result->illegal + result->lost;
}

static void print_order(const struct dpkg_logs *logs, const struct run_result *result)
{
	printf("out of order         %10lu\n", out_of_order(result));
	if (out_of_order(result) > 0) {
		printf("  overtaken          %10lu\n", result->overtaken);
		printf("  overlapping        %10lu\n", result->overlapped);
		printf("  no step of dpkg's  %10lu\n  lost               %10lu\n", result->illegal, result->lost);
		fflush(stdout);
		print_complaints(logs);
	}
}

static void print_result(const struct dpkg_logs *logs, const struct run_settings *settings,
	const struct run_result *result)
{
	double seconds = (double)(result->wall > 0 ? result->wall : 1) / 1e9;

	print_order(logs, result);
	printf("jobs per second      %10.0f  (%u workers, %s; %zu jobs in %.3f s)\n", (double)result->jobs / seconds,
		result->workers, placement_name(settings->placement), result->jobs, seconds);
	printf("ran away from home   %10" PRIu64 "\n", result->stats.stolen);
}

static void must_run(struct dpkg_logs *logs, const struct run_settings *settings, struct run_result *result)
{
	int error = run_replay(logs, settings, result);

	if (error < 0) {
		fprintf(stderr, "dpkg-replay: %s\n", taskpool_strerror(error));
		exit(EXIT_INPUT);
	}
}

static bool replay(struct dpkg_logs *logs, const struct run_settings *settings)
{
	struct run_result result;

	must_run(logs, settings, &result);
	print_states(logs);
	print_result(logs, settings, &result);
	return out_of_order(&result) == 0;
}

/* The same lines under both placements; what differs is how long the other packages wait behind the slow one. */
static bool compare(struct dpkg_logs *logs, const struct run_settings *settings)
{
	static const unsigned kinds[2] = { TASKPOOL_FLOATING, TASKPOOL_PINNED };
	struct run_settings copy = *settings;
	struct run_result results[2];

	for (int i = 0; i < 2; i++) {
		copy.placement = kinds[i];
		must_run(logs, &copy, &results[i]);
		if (results[i].slow_jobs == 0) {
			fprintf(stderr, "dpkg-replay: no line is about the package %s\n", settings->slow_package);
			exit(EXIT_INPUT);
		}
		if (i == 0)
			print_states(logs);
		print_result(logs, &copy, &results[i]);
	}
	printf("\n%zu jobs of %s took %" PRId64 " ms each. From submit to start, the other packages' jobs waited\n",
		results[0].slow_jobs, settings->slow_package, settings->slow / 1000000);
	for (int i = 0; i < 2; i++) {
		printf("  %-9s", placement_name(kinds[i]));
		print_time(" p50", results[i].median);
		print_time("   p99", results[i].p99);
		print_time("   longest", results[i].worst);
		printf("\n");
	}
	return out_of_order(&results[0]) + out_of_order(&results[1]) == 0;
}

int main(int argc, char **argv)
{
	static struct dpkg_logs logs;
	struct settings settings = { .folder = NULL };
	size_t lines;
	bool good;

	parse(&settings, argc, argv);
	lines = read_logs(&settings, &logs);
	printf("files                %10zu\n", logs.count);
	printf("lines                %10zu  (and %lu malformed)\n", lines, logs.malformed);
	printf("packages             %10zu\n", logs.packages);
	if (settings.run.slow_package && !*settings.run.slow_package)
		settings.run.slow_package = pick_slow(&logs);
	good = settings.run.slow_package ? compare(&logs, &settings.run) : replay(&logs, &settings.run);
	if (!good)
		fprintf(stderr, "dpkg-replay: lines came out of order\n");
	dpkg_logs_free(&logs);
	return good ? (logs.damaged ? EXIT_INPUT : EXIT_SUCCESS) : EXIT_DISORDER;
}
