/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The metrics: the rules of snprintf, and the numbers of taskpool_stats. Whether the text is what others read is
 * metrics.sh's matter.
 */
#include <config.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static struct taskpool *named_pool(const char *name, unsigned workers)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = workers;
	options.name = name;
	options.queue_capacity = 20;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	return pool;
}

/* To be freed. Numbers may grow between the calls, while a worker still looks around. */
static char *metrics_of(struct taskpool *pool)
{
	int room = taskpool_metrics(pool, NULL, 0) + 1000, length;
	char *text;

	ck_assert_int_gt(room, 1000);
	text = malloc((size_t)room);
	ck_assert_ptr_nonnull(text);
	length = taskpool_metrics(pool, text, (size_t)room);
	ck_assert_int_lt(length, room);
	ck_assert_uint_eq(strlen(text), (size_t)length);
	return text;
}

/* The value of a sample, as text that ends with a line's end; the sample is there once. */
static const char *find(const char *text, const char *sample)
{
	size_t length = strlen(sample);
	const char *found = NULL;

	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
		if (strncmp(line, sample, length) != 0 || line[length] != ' ')
			continue;
		ck_assert_msg(found == NULL, "%s is there twice", sample);
		found = line + length + 1;
	}
	ck_assert_msg(found != NULL, "no %s in %s", sample, text);
	return found;
}

static uint64_t value(const char *text, const char *sample)
{
	char *end;
	uint64_t number = strtoull(find(text, sample), &end, 10);

	ck_assert_int_eq(*end, '\n');
	return number;
}

static void check_seconds(const char *text, const char *sample, uint64_t ns)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "%" PRIu64 ".%09" PRIu64 "\n", ns / SECOND, ns % SECOND);
	ck_assert_int_eq(strncmp(find(text, sample), expected, strlen(expected)), 0);
}

START_TEST(wrong_arguments_are_refused)
{
	struct taskpool *pool = named_pool("pool", 1);
	char byte = '#';

	ck_assert_int_eq(taskpool_metrics(NULL, NULL, 0), -EINVAL);
	ck_assert_int_eq(taskpool_metrics(NULL, &byte, 1), -EINVAL);
	ck_assert_int_eq(taskpool_metrics(pool, NULL, 1), -EINVAL);
	ck_assert_int_eq(byte, '#');
	taskpool_free(pool);
}
END_TEST

START_TEST(every_size_of_buffer_follows_the_rules_of_snprintf)
{
	struct taskpool *pool = named_pool("a \"b\" \\c", 2);
	char *whole = metrics_of(pool), *buffer, *expected;
	size_t length = strlen(whole), room = length + 8;

	buffer = malloc(room);
	expected = malloc(room);
	for (size_t size = 0; size <= room - 4; size++) {
		memset(buffer, '#', room);
		memset(expected, '#', room);
		snprintf(expected, size, "%s", whole);
		ck_assert_int_eq(taskpool_metrics(pool, buffer, size), (int)length);
		ck_assert_mem_eq(buffer, expected, room);
	}
	free(buffer);
	free(expected);
	free(whole);
	taskpool_free(pool);
}
END_TEST

/* The sums are estimates where jobs are short, so they have no exact value to be compared with. */
static void check_histogram(const char *text, const char *name, const uint64_t buckets[64])
{
	char sample[96], sum[96];
	uint64_t below = 0, all = 0;

	for (unsigned i = 0; i < 64; i++)
		all += buckets[i];
	for (unsigned i = 0; i < 36; i++) {
		uint64_t bound = UINT64_C(2) << i;

		below += buckets[i];
		snprintf(sample, sizeof(sample), "%s_bucket{pool=\"all\",le=\"%" PRIu64 ".%09" PRIu64 "\"}", name,
			 bound / SECOND, bound % SECOND);
		if (i >= 9 || below > 0)
			ck_assert_uint_eq(value(text, sample), below);
		else
			ck_assert_ptr_null(strstr(text, sample));
	}
	snprintf(sample, sizeof(sample), "%s_bucket{pool=\"all\",le=\"+Inf\"}", name);
	ck_assert_uint_eq(value(text, sample), all);
	snprintf(sample, sizeof(sample), "%s_count{pool=\"all\"}", name);
	ck_assert_uint_eq(value(text, sample), all);
	snprintf(sum, sizeof(sum), "%s_sum{pool=\"all\"}", name);
	find(text, sum);
}

static void check_pool(const char *text, const struct taskpool_stats *stats)
{
	ck_assert_uint_eq(value(text, "taskpool_workers{pool=\"all\"}"), 2);
	ck_assert_uint_eq(value(text, "taskpool_jobs_submitted_total{pool=\"all\"}"), stats->submitted);
	ck_assert_uint_eq(value(text, "taskpool_jobs_total{pool=\"all\",outcome=\"ran\"}"), stats->ran);
	ck_assert_uint_eq(value(text, "taskpool_jobs_total{pool=\"all\",outcome=\"canceled\"}"), stats->canceled);
	ck_assert_uint_eq(value(text, "taskpool_jobs_total{pool=\"all\",outcome=\"expired\"}"), stats->expired);
	ck_assert_uint_eq(value(text, "taskpool_jobs_total{pool=\"all\",outcome=\"replaced\"}"), stats->replaced);
	ck_assert_uint_eq(value(text, "taskpool_jobs_queued{pool=\"all\"}"), stats->queued);
	ck_assert_uint_eq(value(text, "taskpool_jobs_running{pool=\"all\"}"), stats->running);
	ck_assert_uint_eq(value(text, "taskpool_jobs_stolen_total{pool=\"all\"}"), stats->stolen);
	ck_assert_uint_eq(value(text, "taskpool_jobs_overflow_total{pool=\"all\"}"), stats->overflow);
	ck_assert_uint_eq(value(text, "taskpool_submits_rejected_total{pool=\"all\"}"), stats->rejected);
	ck_assert_uint_eq(value(text, "taskpool_submits_blocked_total{pool=\"all\"}"), stats->blocked);
	ck_assert_uint_eq(value(text, "taskpool_queue_peak_jobs{pool=\"all\"}"), stats->peak_queued);
	ck_assert_uint_eq(value(text, "taskpool_keys_active{pool=\"all\"}"), stats->keys_active);
	check_seconds(text, "taskpool_submits_blocked_seconds_total{pool=\"all\"}", (uint64_t)stats->blocked_time);
	check_histogram(text, "taskpool_wait_seconds", stats->wait_time);
	check_histogram(text, "taskpool_run_seconds", stats->run_time);
}

static void check_workers(struct taskpool *pool, const char *text)
{
	char sample[96];

	for (unsigned i = 0; i < 2; i++) {
		struct taskpool_worker_stats stats = { .size = sizeof(stats) };

		ck_assert_int_eq(taskpool_worker_stats(pool, i, &stats), 0);
		snprintf(sample, sizeof(sample), "taskpool_worker_jobs_total{pool=\"all\",worker=\"%u\"}", i);
		ck_assert_uint_eq(value(text, sample), stats.ran);
		snprintf(sample, sizeof(sample), "taskpool_worker_jobs_stolen_total{pool=\"all\",worker=\"%u\"}", i);
		ck_assert_uint_eq(value(text, sample), stats.stolen);
		snprintf(sample, sizeof(sample), "taskpool_worker_jobs_queued{pool=\"all\",worker=\"%u\"}", i);
		ck_assert_uint_eq(value(text, sample), stats.queued);
	}
}

/* The text between two looks at the statistics that see the same. */
static char *settled_metrics(struct taskpool *pool, struct taskpool_stats *stats)
{
	struct taskpool_stats after = { .size = sizeof(after) };
	char *text = NULL;

	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	do {
		free(text);
		ck_assert_int_eq(taskpool_stats(pool, stats), 0);
		text = metrics_of(pool);
		ck_assert_int_eq(taskpool_stats(pool, &after), 0);
	} while (memcmp(stats, &after, sizeof(after)) != 0);
	return text;
}

static void check_numbers(struct taskpool *pool)
{
	struct taskpool_stats stats;
	char *text = settled_metrics(pool, &stats);

	check_pool(text, &stats);
	check_workers(pool, text);
	free(text);
}

static void submit_beyond_room(struct taskpool_context *context, void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 50; i++)
		expect(taskpool_submit(taskpool_context_pool(context), "beyond", nothing_job, NULL) == 0);
}

/* Behind the gate: one expires, one is replaced. */
static void submit_what_will_not_run(struct taskpool *pool)
{
	struct taskpool_task task = make_task("gate", forbidden_job, NULL);
	struct taskpool_job *job;

	task.ttl = 1;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &job), 0);
	ck_assert_int_eq(taskpool_job_wait(job, TASKPOOL_FOREVER), 0);
	taskpool_job_unref(job);
	task.ttl = 0;
	task.flags = TASKPOOL_REPLACE;
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), 0);
}

/* Or two of them could be swapped, and nobody would see. */
static void check_outcomes_differ(struct taskpool *pool)
{
	struct taskpool_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(taskpool_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.expired, 1);
	ck_assert_uint_eq(stats.replaced, 2);
	ck_assert_uint_gt(stats.canceled, 2);
	ck_assert_uint_gt(stats.ran, stats.canceled);
}

START_TEST(the_numbers_are_those_of_the_statistics)
{
	struct taskpool *pool = named_pool("all", 2);
	struct gate gate;
	char key[32];

	gate_init(&gate);
	check_numbers(pool);
	ck_assert_int_eq(taskpool_start(pool), 0);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%u", i % 40);
		ck_assert_int_eq(taskpool_submit(pool, key, nothing_job, NULL), 0);
	}
	ck_assert_int_eq(taskpool_submit(pool, "more", submit_beyond_room, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0); /* for what the last job has submitted, too */
	check_numbers(pool);
	ck_assert_int_eq(taskpool_submit(pool, "gate", gate_job, &gate), 0);
	tally_wait(&gate.entered, 1);
	submit_what_will_not_run(pool);
	while (submit_timed(pool, "gate", nothing_job, NULL, 0) == 0)
		;
	check_numbers(pool);
	ck_assert_int_eq(submit_timed(pool, "gate", nothing_job, NULL, MILLISECOND), -ETIMEDOUT);
	check_numbers(pool);
	ck_assert_int_eq(taskpool_request_stop(pool), 0);
	gate_open(&gate);
	ck_assert_int_eq(taskpool_stop(pool), 0);
	check_numbers(pool);
	check_outcomes_differ(pool);
	taskpool_free(pool);
}
END_TEST

static const struct {
	const char *name, *label;
} names[] = {
	{ "plain", "plain" },
	{ "", "" },
	{ "a \"b\" \\c", "a \\\"b\\\" \\\\c" },
	{ "two\nlines", "two\\nlines" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	{ "\xff latin \xbf", "\xc3\xbf latin \xc2\xbf" },
	{ "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"", "\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"" },
	{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	  "\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf"
	  "\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf" },
};

START_TEST(names_of_any_bytes_are_labels)
{
	for (size_t i = 0; i < LENGTH(names); i++) {
		struct taskpool *pool = named_pool(names[i].name, 3);
		char *text = metrics_of(pool), sample[128];

		snprintf(sample, sizeof(sample), "taskpool_workers{pool=\"%s\"}", names[i].label);
		ck_assert_uint_eq(value(text, sample), 3);
		snprintf(sample, sizeof(sample), "taskpool_worker_jobs_queued{pool=\"%s\",worker=\"2\"}", names[i].label);
		ck_assert_uint_eq(value(text, sample), 0);
		free(text);
		taskpool_free(pool);
	}
}
END_TEST

/* Of every family what it is stands before its samples, once, and the whole ends with EOF. */
START_TEST(families_are_described_once_and_before_their_samples)
{
	struct taskpool *pool = named_pool("pool", 2);
	char *text = metrics_of(pool), family[64] = "", *rest = text;
	unsigned families = 0;

	for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n")) {
		if (strcmp(line, "# EOF") == 0) {
			ck_assert_str_eq(rest, "");
		} else if (strncmp(line, "# HELP ", 7) == 0) {
			ck_assert_int_eq(sscanf(line, "# HELP %63s ", family), 1);
			families++;
		} else {
			const char *name = *line == '#' ? line + 7 : line;

			ck_assert_msg(strncmp(name, family, strlen(family)) == 0, "%s under %s", line, family);
		}
	}
	ck_assert_uint_eq(families, 17);
	free(text);
	taskpool_free(pool);
}
END_TEST

static _Atomic bool done;

static void *look_again_and_again(void *pool)
{
	uint64_t before = 0;

	while (!done) {
		char text[16384];
		int length = taskpool_metrics(pool, text, sizeof(text));
		uint64_t submitted;

		expect(length > 0 && (size_t)length == strlen(text));
		expect(strcmp(text + length - 6, "# EOF\n") == 0);
		submitted = value(text, "taskpool_jobs_submitted_total{pool=\"busy\"}");
		expect(submitted >= before);
		before = submitted;
	}
	return NULL;
}

START_TEST(metrics_may_be_read_while_the_pool_is_busy)
{
	struct taskpool *pool = named_pool("busy", 2);
	pthread_t thread = spawn(look_again_and_again, pool);
	char key[32];

	ck_assert_int_eq(taskpool_start(pool), 0);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "%u", i % 40);
		expect(taskpool_submit(pool, key, nothing_job, NULL) == 0);
	}
	done = true;
	pthread_join(thread, NULL);
	taskpool_free(pool);
}
END_TEST

static int refused_in_child(void *pool)
{
	char byte = '#';

	expect(taskpool_metrics(pool, &byte, 1) == -EOWNERDEAD);
	expect(byte == '#');
	return 0;
}

START_TEST(a_child_is_refused)
{
	struct taskpool *pool = named_pool("pool", 1);

	ck_assert_int_eq(in_child(refused_in_child, pool), 0);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		wrong_arguments_are_refused,
		every_size_of_buffer_follows_the_rules_of_snprintf,
		the_numbers_are_those_of_the_statistics,
		names_of_any_bytes_are_labels,
		families_are_described_once_and_before_their_samples,
		metrics_may_be_read_while_the_pool_is_busy,
		a_child_is_refused,
		NULL,
	};

	return run_suite("metrics", tests, NULL);
}
