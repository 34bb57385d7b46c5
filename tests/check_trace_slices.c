/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What stands in a trace.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "traces.h"

START_TEST(every_job_is_a_slice_with_its_lane_and_times)
{
	struct taskpool *pool = named_pool("lanes", 3);
	char *text;

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	run_jobs(pool, 5000);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	run_jobs(pool, 100);
	text = text_of(trace_file);
	check_whole(text);
	ck_assert_uint_eq(count_in(text, SLICE), 5000);
	ck_assert_uint_eq(count_in(text, ",\"outcome\":\"ran\"}}") + count_in(text, "{\"outcome\":\"ran\"}}"), 5000);
	ck_assert_uint_eq(count_in(text, ",\"name\":\"key\",\"args\":{"), 3333);
	ck_assert_uint_eq(count_in(text, ",\"name\":\"(no key)\",\"args\":{"), 1667);
	ck_assert_uint_eq(count_in(text, "\"name\":\"process_name\",\"args\":{\"name\":\"lanes\"}"),
			  count_in(text, "\"name\":\"thread_name\",\"args\":{\"name\":\"lanes-"));
	ck_assert_uint_le(count_in(text, "\"name\":\"thread_name\""), 3);
	for (char lane[64], worker = '0'; worker < '3'; worker++) {
		snprintf(lane, sizeof(lane), "\"args\":{\"name\":\"lanes-%c\"}", worker);
		ck_assert_uint_le(count_in(text, lane), 1);
		snprintf(lane, sizeof(lane), "\"tid\":%c,", worker);
		ck_assert(count_in(text, lane) == 0 || count_in(text, lane) > 3);
	}
	free(text);
	taskpool_free(pool);
	remove_folder();
}
END_TEST

static void sleep_20_ms(struct taskpool_context *context, void *arg)
{
	(void)arg;
	expect(taskpool_context_sleep(context, 20 * MILLISECOND) == 0);
}

static double number_after(const char *text, const char *label)
{
	const char *found = strstr(text, label);

	ck_assert_msg(found != NULL, "no %s in %s", label, text);
	return strtod(found + strlen(label), NULL);
}

START_TEST(a_slice_says_when_how_long_and_after_which_wait)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	double before, after, begin, run, wait;
	char *text;

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	before = (double)now() / 1e3;
	ck_assert_int_eq(taskpool_submit(pool, "slow", sleep_20_ms, NULL), 0);
	while ((double)now() / 1e3 < before + 10000)
		pause_shortly();
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	after = (double)now() / 1e3;
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	text = text_of(trace_file);
	begin = number_after(text, "\"ts\":");
	run = number_after(text, "\"dur\":");
	wait = number_after(text, "\"wait_us\":");
	ck_assert_double_ge(run, 20000);
	ck_assert_double_ge(wait, 9000);
	ck_assert_double_ge(begin - wait, before - 1);
	ck_assert_double_le(begin + run, after + 1);
	free(text);
	taskpool_free(pool);
	remove_folder();
}
END_TEST

START_TEST(an_expired_job_is_a_slice_without_length)
{
	struct taskpool_task task = make_task("late", forbidden_job, NULL);
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	char *text;

	make_folder();
	task.ttl = 1;
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), 0);
	pause_shortly();
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	text = text_of(trace_file);
	ck_assert_uint_eq(count_in(text, ",\"dur\":0.000,\"name\":\"late\",\"args\":{\"wait_us\":"), 1);
	ck_assert_uint_eq(count_in(text, "\"outcome\":\"expired\""), 1);
	free(text);
	taskpool_free(pool);
	remove_folder();
}
END_TEST

static const struct {
	const char *key;
	size_t len;
	const char *shown;
} keys[] = {
	{ "", 0, "" },
	{ "two words", 9, "two words" },
	{ "a \"quoted\" \\ key", 16, "a \\\"quoted\\\" \\\\ key" },
	{ "nul\0tab\tend\n", 12, "nul\\u0000tab\\u0009end\\u000a" },
	{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", 15, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "\xff latin \xfc", 9, "\\u00ff latin \\u00fc" },
};

START_TEST(keys_of_any_bytes_are_shown)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	char expected[128], *text;

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	for (size_t i = 0; i < LENGTH(keys); i++) {
		struct taskpool_task task = make_task(keys[i].key, nothing_job, NULL);

		task.key_len = keys[i].len;
		ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), 0);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	text = text_of(trace_file);
	for (size_t i = 0; i < LENGTH(keys); i++) {
		snprintf(expected, sizeof(expected), ",\"name\":\"%s\",\"args\":{\"", keys[i].shown);
		ck_assert_msg(count_in(text, expected) == 1, "%s is not once in %s", expected, text);
	}
	free(text);
	taskpool_free(pool);
	remove_folder();
}
END_TEST

START_TEST(pools_have_lanes_of_their_own)
{
	struct taskpool *one = named_pool("one", 1), *two = named_pool("two \"2\"", 1);
	unsigned long process;
	char expected[128], *text;
	const char *found;

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	run_jobs(one, 30);
	run_jobs(two, 50);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	text = text_of(trace_file);
	check_whole(text);
	found = strstr(text, "{\"ph\":\"M\",\"pid\":");
	ck_assert_ptr_nonnull(found);
	process = strtoul(found + 16, NULL, 10);
	ck_assert_uint_ge(process, 1);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(expected, sizeof(expected), "\"pid\":%lu,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"%s\"}",
			 process + i, i == 0 ? "one" : "two \\\"2\\\"");
		ck_assert_msg(count_in(text, expected) == 1, "%s is not once in %s", expected, text);
		snprintf(expected, sizeof(expected), "{\"ph\":\"X\",\"pid\":%lu,\"tid\":0,", process + i);
		ck_assert_uint_eq(count_in(text, expected), i == 0 ? 30 : 50);
	}
	free(text);
	taskpool_free(one);
	taskpool_free(two);
	remove_folder();
}
END_TEST

START_TEST(a_second_trace_is_whole_in_itself)
{
	struct taskpool *pool = named_pool("again", 1);
	char *before, *after;

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	run_jobs(pool, 10);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	before = text_of(trace_file);
	run_jobs(pool, 20);
	ck_assert_int_eq(taskpool_trace_start(other_file), 0);
	run_jobs(pool, 30);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	after = text_of(trace_file);
	ck_assert_str_eq(before, after);
	free(after);
	after = text_of(other_file);
	check_whole(after);
	ck_assert_uint_eq(count_in(before, SLICE), 10);
	ck_assert_uint_eq(count_in(after, SLICE), 30);
	ck_assert_uint_eq(count_in(before, "\"name\":\"again-0\""), 1);
	ck_assert_uint_eq(count_in(after, "\"name\":\"again-0\""), 1);
	free(before);
	free(after);
	taskpool_free(pool);
	remove_folder();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		every_job_is_a_slice_with_its_lane_and_times,
		pools_have_lanes_of_their_own,
		a_second_trace_is_whole_in_itself,
		NULL,
	};
	const TTest *placed[] = {
		a_slice_says_when_how_long_and_after_which_wait,
		an_expired_job_is_a_slice_without_length,
		keys_of_any_bytes_are_shown,
		NULL,
	};

	return run_suite("trace slices", tests, placed);
}
