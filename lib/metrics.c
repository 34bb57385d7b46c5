/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "pool.h"
#include "stats.h"
#include "text.h"

#define BUCKETS 64

/*
 * Bucket i ends at 2^(i+1) ns. Those from 1 us to 69 s are always shown, so that a query over some time finds the same
 * bounds in every scrape. Others are shown once something was counted out there, and from then on: counts never fall.
 */
#define FIRST_SHOWN 9
#define LAST_SHOWN 35

struct page {
	struct tpi_text text;
	struct taskpool *pool;
	char label[2 * TPI_NAME_MAX + 1]; /* the pool's name, escaped */
};

/* ---- The label ---- */

/* A name is any bytes, a label is UTF-8: bytes that are not become the characters U+0080 to U+00FF. */
static void add_character(struct tpi_text *label, const char *name, size_t length)
{
	unsigned byte = (unsigned char)*name;

	if (length == 0)
		tpi_text_add(label, "%c%c", 0xc0 | byte >> 6, 0x80 | (byte & 0x3f));
	else if (byte == '\n')
		tpi_text_add(label, "\\n");
	else if (byte == '\\' || byte == '"')
		tpi_text_add(label, "\\%c", byte);
	else
		tpi_text_put(label, name, length);
}

static void make_label(struct page *page)
{
	struct tpi_text label = {page->label, sizeof(page->label), 0};
	const char *name = page->pool->name;
	size_t left = strlen(name), length, step;

	for (; left > 0; left -= step, name += step) {
		length = tpi_text_utf8((const unsigned char *)name, left);
		add_character(&label, name, length);
		step = length > 0 ? length : 1;
	}
}

/* ---- Families and their samples ---- */

enum kind { GAUGE, COUNTER };

/*
 * OpenMetrics gives a counter X samples X_total; promtool, which reads the format before it, looks for what describes
 * X_total itself. There is no TYPE line that both accept; without one both do, and take the type for unknown.
 */
static void begin(struct page *page, enum kind kind, const char *name, const char *help)
{
	tpi_text_add(&page->text, "# HELP %s %s\n", name, help);
	if (kind == GAUGE)
		tpi_text_add(&page->text, "# TYPE %s gauge\n", name);
}

static void add(struct page *page, const char *name, uint64_t value)
{
	tpi_text_add(&page->text, "%s{pool=\"%s\"} %" PRIu64 "\n", name, page->label, value);
}

static void add_seconds(struct page *page, const char *name, uint64_t ns)
{
	tpi_text_add(&page->text, "%s{pool=\"%s\"} %" PRIu64 ".%09" PRIu64 "\n", name, page->label,
		     ns / 1000000000, ns % 1000000000);
}

/* ---- The pool ---- */

struct number {
	const char *name;
	enum kind kind;
	size_t offset; /* of an uint64_t in the statistics */
	const char *help;
};

#define POOL(field) offsetof(struct taskpool_stats, field)

static const struct number pool_numbers[] = {
	{"taskpool_jobs_submitted_total", COUNTER, POOL(submitted), "Jobs that were accepted."},
	{"taskpool_jobs_queued", GAUGE, POOL(queued), "Jobs that were accepted and have not started."},
	{"taskpool_jobs_running", GAUGE, POOL(running), "Jobs that run, or whose end is being called."},
	{"taskpool_jobs_stolen_total", COUNTER, POOL(stolen), "Jobs that ran away from their home worker."},
	{"taskpool_jobs_overflow_total", COUNTER, POOL(overflow), "Jobs accepted past a bound, from inside a job."},
	{"taskpool_submits_rejected_total", COUNTER, POOL(rejected), "Submits refused for want of room or by a stop."},
	{"taskpool_submits_blocked_total", COUNTER, POOL(blocked), "Submits that had to wait for room."},
	{"taskpool_queue_peak_jobs", GAUGE, POOL(peak_queued), "Longest queue of each worker so far, summed."},
	{"taskpool_keys_active", GAUGE, POOL(keys_active), "Keys that have a job waiting or running."},
};

static uint64_t field(const void *stats, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)stats + offset, sizeof(value));
	return value;
}

static void add_pool(struct page *page, const struct taskpool_stats *stats)
{
	begin(page, GAUGE, "taskpool_workers", "Workers of the pool.");
	add(page, "taskpool_workers", page->pool->options.workers);
	for (size_t i = 0; i < sizeof(pool_numbers) / sizeof(pool_numbers[0]); i++) {
		const struct number *number = &pool_numbers[i];

		begin(page, number->kind, number->name, number->help);
		add(page, number->name, field(stats, number->offset));
	}
	begin(page, COUNTER, "taskpool_submits_blocked_seconds_total", "Time that submits have waited for room.");
	add_seconds(page, "taskpool_submits_blocked_seconds_total", (uint64_t)stats->blocked_time);
}

static void add_outcomes(struct page *page, const struct taskpool_stats *stats)
{
	const struct { const char *word; uint64_t count; } outcomes[] = {
		{"ran", stats->ran}, {"canceled", stats->canceled},
		{"expired", stats->expired}, {"replaced", stats->replaced},
	};

	begin(page, COUNTER, "taskpool_jobs_total", "Jobs that have ended, by how.");
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		tpi_text_add(&page->text, "taskpool_jobs_total{pool=\"%s\",outcome=\"%s\"} %" PRIu64 "\n", page->label,
			     outcomes[i].word, outcomes[i].count);
}

/* ---- Histograms ---- */

static unsigned first_bucket(const uint64_t buckets[BUCKETS])
{
	unsigned first = 0;

	while (first < FIRST_SHOWN && buckets[first] == 0)
		first++;
	return first;
}

/* The highest bucket needs no bound of its own: it has that of +Inf. */
static unsigned last_bucket(const uint64_t buckets[BUCKETS])
{
	unsigned last = BUCKETS - 2;

	while (last > LAST_SHOWN && buckets[last] == 0)
		last--;
	return last;
}

static void add_bucket(struct page *page, const char *name, const char *bound, uint64_t count)
{
	tpi_text_add(&page->text, "%s_bucket{pool=\"%s\",le=\"%s\"} %" PRIu64 "\n", name, page->label, bound, count);
}

static void add_buckets(struct page *page, const char *name, const uint64_t buckets[BUCKETS])
{
	unsigned first = first_bucket(buckets), last = last_bucket(buckets);
	uint64_t count = 0;
	char bound[32];

	for (unsigned i = 0; i < BUCKETS; i++) {
		uint64_t ns = UINT64_C(2) << i;

		count += buckets[i];
		if (i < first || i > last)
			continue;
		snprintf(bound, sizeof(bound), "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
		add_bucket(page, name, bound, count);
	}
	add_bucket(page, name, "+Inf", count);
	tpi_text_add(&page->text, "%s_count{pool=\"%s\"} %" PRIu64 "\n", name, page->label, count);
}

static void add_histogram(struct page *page, const char *name, const char *help, const uint64_t buckets[BUCKETS],
			  uint64_t sum)
{
	char name_of_sum[64];

	tpi_text_add(&page->text, "# HELP %s %s\n# TYPE %s histogram\n# UNIT %s seconds\n", name, help, name, name);
	add_buckets(page, name, buckets);
	snprintf(name_of_sum, sizeof(name_of_sum), "%s_sum", name);
	add_seconds(page, name_of_sum, sum);
}

static void add_histograms(struct page *page, const struct taskpool_stats *stats)
{
	uint64_t wait_sum, run_sum;

	tpi_stats_sums(page->pool, &wait_sum, &run_sum);
	add_histogram(page, "taskpool_wait_seconds", "Time of jobs from submit to start.", stats->wait_time, wait_sum);
	add_histogram(page, "taskpool_run_seconds", "Time of jobs from start to return.", stats->run_time, run_sum);
}

/* ---- Workers ---- */

#define WORKER(field) offsetof(struct taskpool_worker_stats, field)

static const struct number worker_numbers[] = {
	{"taskpool_worker_jobs_total", COUNTER, WORKER(ran), "Jobs that the worker has run."},
	{"taskpool_worker_jobs_stolen_total", COUNTER, WORKER(stolen), "Of these, jobs of other workers' keys."},
	{"taskpool_worker_jobs_queued", GAUGE, WORKER(queued), "Jobs that wait and whose home is the worker."},
};

static void add_workers(struct page *page, const struct number *number)
{
	begin(page, number->kind, number->name, number->help);
	for (unsigned i = 0; i < page->pool->options.workers; i++) {
		struct taskpool_worker_stats stats = {.size = sizeof(stats)};

		taskpool_worker_stats(page->pool, i, &stats);
		tpi_text_add(&page->text, "%s{pool=\"%s\",worker=\"%u\"} %" PRIu64 "\n", number->name, page->label, i,
			     field(&stats, number->offset));
	}
}

TPI_EXPORT int taskpool_metrics(struct taskpool *pool, char *buffer, size_t size)
{
	struct page page = {{buffer, size, 0}, pool, ""};
	struct taskpool_stats stats = {.size = sizeof(stats)};
	int error = taskpool_stats(pool, &stats);

	if (error != 0)
		return error;
	if (buffer == NULL && size > 0)
		return -EINVAL;
	make_label(&page);
	add_pool(&page, &stats);
	add_outcomes(&page, &stats);
	add_histograms(&page, &stats);
	for (size_t i = 0; i < sizeof(worker_numbers) / sizeof(worker_numbers[0]); i++)
		add_workers(&page, &worker_numbers[i]);
	tpi_text_add(&page.text, "# EOF\n");
	return (int)page.text.length;
}
