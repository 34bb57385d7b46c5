/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include <taskpool.h>

#include "event.h"
#include "text.h"

#define KEY_SHOWN 128

/* The least that JSON asks for. */
static void add_escaped(struct tpi_text *text, unsigned char byte)
{
	if (byte == '"' || byte == '\\')
		tpi_text_add(text, "\\%c", byte);
	else
		tpi_text_add(text, "\\u%04x", byte);
}

static size_t plain(const unsigned char *bytes, size_t length)
{
	if (bytes[0] < 0x20 || bytes[0] == '"' || bytes[0] == '\\')
		return 0;
	return tpi_text_utf8(bytes, length);
}

/* A string without its quotes, of up to `most` bytes of the input. */
static void add_string(struct tpi_text *text, const void *string, size_t length, size_t most)
{
	const unsigned char *bytes = string;
	size_t begin = 0, at = 0; /* what is plain so far goes in at once */

	while (at < length && at < most) {
		size_t step = plain(bytes + at, length - at);

		if (step > most - at)
			break;
		if (step == 0) {
			tpi_text_put(text, bytes + begin, at - begin);
			add_escaped(text, bytes[at]);
			begin = at + 1;
		}
		at += step > 0 ? step : 1;
	}
	tpi_text_put(text, bytes + begin, at - begin);
}

/* Microseconds with a fraction, as two arguments. */
#define US "%" PRId64 ".%03d"
#define AS_US(ns) (ns) / 1000, (int)((ns) % 1000)

static int64_t between(int64_t from, int64_t to)
{
	return to > from ? to - from : 0;
}

static const char *word(int outcome)
{
	switch (outcome) {
	case TASKPOOL_RAN:
		return "ran";
	case TASKPOOL_CANCELED:
		return "canceled";
	case TASKPOOL_EXPIRED:
		return "expired";
	case TASKPOOL_REPLACED:
		return "replaced";
	}
	return "unknown";
}

size_t tpi_event_job(char *buffer, const struct tpi_lane *lane, const void *key, size_t key_len,
		     const struct tpi_job_times *times, int outcome)
{
	int64_t run = between(times->started, times->ended), wait = between(times->submitted, times->started);
	struct tpi_text text = {buffer, TPI_EVENT_MAX, 0};

	tpi_text_add(&text, "{\"ph\":\"X\",\"pid\":%u,\"tid\":%u,\"ts\":" US ",\"dur\":" US ",\"name\":\"", lane->pool,
		     lane->worker, AS_US(times->started), AS_US(run));
	if (key != NULL)
		add_string(&text, key, key_len, KEY_SHOWN);
	else
		tpi_text_add(&text, "(no key)");
	if (times->submitted != 0)
		tpi_text_add(&text, "\",\"args\":{\"wait_us\":" US ",\"outcome\":\"%s\"}}", AS_US(wait), word(outcome));
	else
		tpi_text_add(&text, "\",\"args\":{\"outcome\":\"%s\"}}", word(outcome));
	assert(text.length < TPI_EVENT_MAX);
	return text.length;
}

static void begin_metadata(struct tpi_text *text, const struct tpi_lane *lane, const char *what)
{
	tpi_text_add(text, "{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"%s\",\"args\":{", lane->pool, lane->worker, what);
}

size_t tpi_event_lane(char *buffer, const struct tpi_lane *lane)
{
	struct tpi_text text = {buffer, TPI_EVENT_MAX, 0};
	size_t length = strlen(lane->name);

	begin_metadata(&text, lane, "process_name");
	tpi_text_add(&text, "\"name\":\"");
	add_string(&text, lane->name, length, length);
	tpi_text_add(&text, "\"}},\n");
	begin_metadata(&text, lane, "thread_name");
	tpi_text_add(&text, "\"name\":\"");
	add_string(&text, lane->name, length, length);
	tpi_text_add(&text, "-%u\"}},\n", lane->worker);
	begin_metadata(&text, lane, "thread_sort_index");
	tpi_text_add(&text, "\"sort_index\":%u}}", lane->worker);
	assert(text.length < TPI_EVENT_MAX);
	return text.length;
}
