/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include "dpkg-line.h"

#include <string.h>

struct word {
	const char *at;
	size_t len;
};

/* Letters of a package's name, of an architecture's too. Not <ctype.h>: a locale must not change what is malformed. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_package(struct word name)
{
	const char *colon = memchr(name.at, ':', name.len);
	size_t base = colon ? (size_t)(colon - name.at) : name.len;

	if (base == 0 || base + 1 == name.len || !is_alnum(name.at[0]))
		return false;
	for (size_t i = 1; i < name.len; i++) {
		if (i != base && !is_alnum(name.at[i]) && !strchr(i < base ? "+-._" : "-", name.at[i]))
			return false;
	}
	return true;
}

static bool is_stamp(const char *text)
{
	static const char form[] = "dddd-dd-dd dd:dd:dd";

	for (size_t i = 0; i < DPKG_STAMP; i++) {
		if (form[i] == 'd' ? !is_digit(text[i]) : text[i] != form[i])
			return false;
	}
	return true;
}

/* Splits at single spaces; returns the number of words, of which the first `room` are stored. */
static size_t split(const char *text, size_t len, struct word *words, size_t room)
{
	const char *end = text + len;
	size_t count = 0;

	for (;;) {
		const char *space = memchr(text, ' ', (size_t)(end - text));
		const char *stop = space ? space : end;

		if (count < room)
			words[count] = (struct word){ text, (size_t)(stop - text) };
		count++;
		if (!space)
			return count;
		text = space + 1;
	}
}

static bool is(struct word word, const char *name)
{
	return word.len == strlen(name) && memcmp(word.at, name, word.len) == 0;
}

/* The number of the name among names[1 ...]; 0: none of them. */
static int find(struct word word, const char *const *names, int count)
{
	for (int i = 1; i < count; i++) {
		if (is(word, names[i]))
			return i;
	}
	return 0;
}

static const char *parse_words(const struct word *words, size_t count, struct dpkg_event *event, struct word *package)
{
	bool status = is(words[0], "status");

	if (is(words[0], "startup"))
		return count == 3 ? NULL : "startup needs two words";
	if (is(words[0], "conffile")) /* the file's name may contain spaces */
		return count >= 3 ? NULL : "conffile needs two words";
	if (status)
		event->status = (enum dpkg_status)(count > 1 ? find(words[1], dpkg_status_names, DPKG_STATUSES) : 0);
	else
		event->action = (enum dpkg_action)find(words[0], dpkg_action_names, DPKG_ACTIONS);
	if (!status && event->action == DPKG_NO_ACTION)
		return "the word after the time is unknown";
	if (count != 4)
		return count < 4 ? "too few words" : "too many words";
	if (status && event->status == DPKG_UNKNOWN)
		return "unknown status";
	*package = words[status ? 2 : 1];
	return is_package(*package) ? NULL : "not a package's name";
}

const char *dpkg_line_parse(const char *line, size_t len, struct dpkg_event *event, const char **package,
	size_t *package_len)
{
	struct word words[4] = { { NULL, 0 } }, name = { NULL, 0 };
	const char *why;
	size_t count;

	if (len < DPKG_STAMP + 2 || line[DPKG_STAMP] != ' ' || !is_stamp(line))
		return "no date and time at its begin";
	if (memchr(line, '\0', len))
		return "a NUL byte";
	*event = (struct dpkg_event){ DPKG_NO_ACTION, DPKG_UNKNOWN };
	count = split(line + DPKG_STAMP + 1, len - DPKG_STAMP - 1, words, 4);
	why = parse_words(words, count, event, &name);
	*package = name.at;
	*package_len = name.len;
	return why;
}
