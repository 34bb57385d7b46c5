/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "event.h"
#include "suite.h"
#include "text.h"
#include "trace.h"

/* ---- Text ---- */

START_TEST(text_follows_the_rules_of_snprintf)
{
	static const char whole[] = "12 of 345, and more";

	for (size_t size = 0; size <= sizeof(whole) + 2; size++) {
		char buffer[32], expected[32];
		struct tpi_text text = {buffer, size, 0};

		memset(buffer, '#', sizeof(buffer));
		memset(expected, '#', sizeof(expected));
		snprintf(expected, size, "%s", whole);
		tpi_text_put(&text, "1", 1);
		tpi_text_add(&text, "%d of %d", 2, 345);
		tpi_text_put(&text, "", 0);
		tpi_text_put(&text, ", and ", 6);
		tpi_text_add(&text, "%s", "more");
		ck_assert_uint_eq(text.length, strlen(whole));
		ck_assert_mem_eq(buffer, expected, sizeof(buffer));
	}
}
END_TEST

static const struct {
	const char *bytes;
	size_t length;
} characters[] = {
	{"", 1}, {"a", 1}, {"\x7f", 1}, {"\xc2\x80", 2}, {"\xdf\xbf", 2}, {"\xe0\xa0\x80", 3}, {"\xed\x9f\xbf", 3},
	{"\xee\x80\x80", 3}, {"\xef\xbf\xbf", 3}, {"\xf0\x90\x80\x80", 4}, {"\xf4\x8f\xbf\xbf", 4},
}, others[] = {
	{"\x80", 1}, {"\xbf", 1}, {"\xff", 1}, {"\xfe", 1},
	{"\xc0\x80", 2}, {"\xc1\xbf", 2}, {"\xe0\x9f\xbf", 3}, {"\xf0\x8f\xbf\xbf", 4}, /* longer than need be */
	{"\xed\xa0\x80", 3}, {"\xed\xbf\xbf", 3}, /* surrogates */
	{"\xf4\x90\x80\x80", 4}, {"\xf5\x80\x80\x80", 4}, {"\xf8\x88\x80\x80\x80", 5}, /* past the last */
	{"\xc3", 1}, {"\xc3(", 2}, {"\xe2\x82(", 3}, {"\xe2(\xac", 3}, {"\xf0\x9f\x98(", 4},
};

START_TEST(utf8_is_told_from_other_bytes)
{
	for (size_t i = 0; i < LENGTH(characters); i++) {
		const unsigned char *bytes = (const unsigned char *)characters[i].bytes;
		size_t length = characters[i].length;

		ck_assert_uint_eq(tpi_text_utf8(bytes, length), length);
		ck_assert_uint_eq(tpi_text_utf8(bytes, length + 1), length); /* a NUL follows */
		ck_assert_uint_eq(tpi_text_utf8(bytes, length - 1), 0);
	}
	for (size_t i = 0; i < LENGTH(others); i++)
		ck_assert_uint_eq(tpi_text_utf8((const unsigned char *)others[i].bytes, others[i].length), 0);
}
END_TEST

/* ---- Events ---- */

static struct tpi_lane lane = {3, 14, "lane", 0};

/* What a job of this key is called. */
static const char *shown(const void *key, size_t len)
{
	static const char before[] = "{\"ph\":\"X\",\"pid\":3,\"tid\":14,\"ts\":1.000,\"dur\":0.000,\"name\":\"";
	static const char after[] = "\",\"args\":{\"outcome\":\"ran\"}}";
	static char event[TPI_EVENT_MAX];
	struct tpi_job_times times = {0, 1000, 1000};
	size_t length = tpi_event_job(event, &lane, key, len, &times, TASKPOOL_RAN);

	ck_assert_uint_eq(strlen(event), length);
	ck_assert_msg(strncmp(event, before, strlen(before)) == 0, "%s", event);
	ck_assert_str_eq(event + length - strlen(after), after);
	event[length - strlen(after)] = '\0';
	return event + strlen(before);
}

START_TEST(keys_are_shown_as_json_strings)
{
	ck_assert_str_eq(shown(NULL, 0), "(no key)");
	ck_assert_str_eq(shown("", 0), "");
	ck_assert_str_eq(shown("a/b", 3), "a/b");
	ck_assert_str_eq(shown("\"\\\x1f\x7f", 4), "\\\"\\\\\\u001f\x7f");
	ck_assert_str_eq(shown("\0\n", 2), "\\u0000\\u000a");
	ck_assert_str_eq(shown("\xc3\xbc\xc3", 3), "\xc3\xbc\\u00c3"); /* the last one is not complete */
	ck_assert_str_eq(shown("\xc3\xbc\xbc" "a", 4), "\xc3\xbc\\u00bc" "a");
	ck_assert_str_eq(shown("\xed\xa0\x80", 3), "\\u00ed\\u00a0\\u0080");
}
END_TEST

START_TEST(long_keys_are_cut_between_characters)
{
	char key[200];

	memset(key, 'k', sizeof(key));
	for (size_t len = 126; len <= 130; len++)
		ck_assert_uint_eq(strlen(shown(key, len)), len < 128 ? len : 128);
	for (size_t at = 120; at <= 130; at++) {
		size_t kept = at + 4 <= 128 ? 128 : at < 128 ? at : 128;

		memset(key, 'k', sizeof(key));
		memcpy(key + at, "\xf0\x9f\x98\x80", 4);
		ck_assert_uint_eq(strlen(shown(key, sizeof(key))), kept);
		ck_assert_int_eq(strncmp(shown(key, sizeof(key)), key, kept), 0);
	}
	memset(key, '\xff', sizeof(key)); /* six times as long: the most there is room for */
	ck_assert_uint_eq(strlen(shown(key, sizeof(key))), 6 * 128);
}
END_TEST

static const char *job(struct tpi_job_times times, int outcome)
{
	static char event[TPI_EVENT_MAX];

	tpi_event_job(event, &lane, "k", 1, &times, outcome);
	return event + strlen("{\"ph\":\"X\",\"pid\":3,\"tid\":14,");
}

START_TEST(times_are_microseconds_with_a_fraction)
{
	ck_assert_str_eq(job((struct tpi_job_times){1, 1001, 2500}, TASKPOOL_RAN),
			 "\"ts\":1.001,\"dur\":1.499,\"name\":\"k\",\"args\":{\"wait_us\":1.000,\"outcome\":\"ran\"}}");
	ck_assert_str_eq(job((struct tpi_job_times){INT64_MAX, INT64_MAX, INT64_MAX}, TASKPOOL_EXPIRED),
			 "\"ts\":9223372036854775.807,\"dur\":0.000,\"name\":\"k\","
			 "\"args\":{\"wait_us\":0.000,\"outcome\":\"expired\"}}");
	ck_assert_str_eq(job((struct tpi_job_times){50, 20, 10}, TASKPOOL_CANCELED), /* never below zero */
			 "\"ts\":0.020,\"dur\":0.000,\"name\":\"k\","
			 "\"args\":{\"wait_us\":0.000,\"outcome\":\"canceled\"}}");
	ck_assert_ptr_nonnull(strstr(job((struct tpi_job_times){0, 1, 2}, TASKPOOL_REPLACED), "{\"outcome\":\"replaced\"}"));
}
END_TEST

START_TEST(the_longest_events_have_room)
{
	struct tpi_lane longest = {UINT32_MAX, UINT32_MAX, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 0};
	struct tpi_job_times times = {1, INT64_MAX, INT64_MAX};
	char event[TPI_EVENT_MAX], key[128];

	memset(key, 1, sizeof(key));
	ck_assert_uint_lt(tpi_event_job(event, &longest, key, sizeof(key), &times, TASKPOOL_REPLACED), TPI_EVENT_MAX);
	ck_assert_uint_lt(tpi_event_lane(event, &longest), TPI_EVENT_MAX);
}
END_TEST

START_TEST(a_lane_is_named_and_has_its_place)
{
	struct tpi_lane quoted = {1, 0, "\"q\" \xff", 0};
	char events[TPI_EVENT_MAX];

	ck_assert_uint_eq(tpi_event_lane(events, &quoted), strlen(events));
	ck_assert_str_eq(events,
		"{\"ph\":\"M\",\"pid\":1,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"\\\"q\\\" \\u00ff\"}},\n"
		"{\"ph\":\"M\",\"pid\":1,\"tid\":0,\"name\":\"thread_name\",\"args\":{\"name\":\"\\\"q\\\" \\u00ff-0\"}},\n"
		"{\"ph\":\"M\",\"pid\":1,\"tid\":0,\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":0}}");
}
END_TEST

/* ---- The trace, as a worker sees it ---- */

START_TEST(a_worker_keeps_its_errno)
{
	ck_assert_int_eq(taskpool_trace_start("/dev/full"), 0);
	for (unsigned i = 0; i < 3000; i++) {
		errno = -17;
		tpi_trace_job(&lane, NULL, 0, 0, 1, 2, TASKPOOL_RAN);
		ck_assert_int_eq(errno, -17);
	}
	ck_assert_int_eq(taskpool_trace_stop(), -ENOSPC);
	tpi_trace_job(&lane, NULL, 0, 0, 1, 2, TASKPOOL_RAN); /* too late, and no harm */
}
END_TEST

START_TEST(tracing_is_on_between_start_and_stop)
{
	ck_assert(!tpi_traced());
	ck_assert_int_eq(taskpool_trace_start("/dev/null"), 0);
	ck_assert(tpi_traced());
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	ck_assert(!tpi_traced());
}
END_TEST

START_TEST(pools_are_numbered_from_one)
{
	for (unsigned i = 1; i < 10; i++)
		ck_assert_uint_eq(tpi_trace_pool_number(), i);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		text_follows_the_rules_of_snprintf,
		utf8_is_told_from_other_bytes,
		keys_are_shown_as_json_strings,
		long_keys_are_cut_between_characters,
		times_are_microseconds_with_a_fraction,
		the_longest_events_have_room,
		a_lane_is_named_and_has_its_place,
		a_worker_keeps_its_errno,
		tracing_is_on_between_start_and_stop,
		pools_are_numbered_from_one,
		NULL,
	};

	return run_suite("event", tests, NULL);
}
