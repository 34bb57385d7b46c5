/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include "config.h"

#include "dpkg-log.h"

#include <errno.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define LINE_LIMIT 16384 /* far above the longest file name with its date */
#define TOO_LONG SIZE_MAX
#define NAMED 20         /* so many malformed lines are named */

struct reader {
	gzFile file;
	size_t begin, end;
	char buffer[LINE_LIMIT];
};

static void *must(void *memory)
{
	if (!memory) {
		fprintf(stderr, "dpkg-replay: out of memory\n");
		exit(EXIT_FAILURE);
	}
	return memory;
}

/* 1 and the next line without its newline, of length TOO_LONG where it does not fit; 0: the end; -1: an error. */
static int next_line(struct reader *reader, const char **line, size_t *len)
{
	bool too_long = false;

	for (;;) {
		size_t have = reader->end - reader->begin;
		const char *start = reader->buffer + reader->begin;
		const char *newline = memchr(start, '\n', have);
		int got;

		if (newline) {
			*line = start;
			*len = too_long ? TOO_LONG : (size_t)(newline - start);
			reader->begin += (size_t)(newline - start) + 1;
			return 1;
		}
		if (have == LINE_LIMIT) {
			too_long = true;
			have = 0;
		}
		memmove(reader->buffer, start, have);
		reader->begin = 0;
		reader->end = have;
		got = gzread(reader->file, reader->buffer + have, (unsigned)(LINE_LIMIT - have));
		if (got < 0)
			return -1;
		if (got == 0) { /* the last line may lack its newline */
			*line = reader->buffer;
			*len = too_long ? TOO_LONG : have;
			reader->end = 0;
			return have > 0 || too_long;
		}
		reader->end += (size_t)got;
	}
}

static struct dpkg_package *find_package(struct dpkg_logs *logs, const char *key, size_t len)
{
	struct dpkg_package **slot, *package;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)key[i]) * 16777619u;
	slot = &logs->table[hash % DPKG_TABLE];
	for (package = *slot; package; package = package->next) {
		if (package->key_len == len && memcmp(package->key, key, len) == 0)
			return package;
	}
	package = must(calloc(1, sizeof(*package) + len + 1));
	package->key_len = len;
	memcpy(package->key, key, len);
	package->next = *slot;
	*slot = package;
	logs->packages++;
	return package;
}

static struct dpkg_line *add_line(struct dpkg_log *log)
{
	if (log->count == log->room) {
		log->room = log->room ? 2 * log->room : 1024;
		log->lines = must(realloc(log->lines, log->room * sizeof(*log->lines)));
	}
	return &log->lines[log->count++];
}

static void malformed(struct dpkg_logs *logs, struct dpkg_log *log, unsigned long number, const char *why)
{
	if (logs->malformed < NAMED)
		fprintf(stderr, "%s:%lu: malformed: %s\n", log->name, number, why);
	else if (logs->malformed == NAMED)
		fprintf(stderr, "%s:%lu: malformed, as are more lines; they are counted below\n", log->name, number);
	logs->malformed++;
	log->holes++;
}

static void read_line(struct dpkg_logs *logs, struct dpkg_log *log, unsigned long number, const char *text, size_t len)
{
	const char *why = "longer than any line of dpkg", *key;
	struct dpkg_event event;
	struct dpkg_line *line;
	size_t key_len;

	if (len != TOO_LONG) {
		len -= len > 0 && text[len - 1] == '\r'; /* came through another system */
		why = dpkg_line_parse(text, len, &event, &key, &key_len);
	}
	if (why) {
		malformed(logs, log, number, why);
		return;
	}
	if (log->count == 0)
		memcpy(log->stamp, text, DPKG_STAMP);
	line = add_line(log);
	line->package = key ? find_package(logs, key, key_len) : NULL;
	line->event = event;
	line->holes = log->holes;
	line->number = number;
	line->file = log->name;
}

static void damaged(struct dpkg_logs *logs, struct dpkg_log *log, const char *why)
{
	fprintf(stderr, "dpkg-replay: %s: %s", log->name, why);
	if (log->count > 0)
		fprintf(stderr, "; the %zu lines before are used", log->count);
	fprintf(stderr, "\n");
	logs->damaged++;
	log->holes++;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static void read_file(struct dpkg_logs *logs, struct dpkg_log *log, gzFile file)
{
	struct reader *reader = must(calloc(1, sizeof(*reader)));
	unsigned long number = 0;
	const char *text;
	size_t len;
	int more, error;

	reader->file = file;
	while ((more = next_line(reader, &text, &len)) == 1)
		read_line(logs, log, ++number, text, len);
	gzerror(file, &error);
	if (more < 0)
		damaged(logs, log, error == Z_ERRNO ? strerror(errno) : "a damaged gzip file");
	else if (number > 0 && gzdirect(file) && ends_with(log->name, ".gz"))
		damaged(logs, log, "not a gzip file, whatever its name says");
	if (gzclose(file) == Z_BUF_ERROR && more == 0)
		damaged(logs, log, "a gzip file that ends too early");
	free(reader);
}

void dpkg_logs_read(struct dpkg_logs *logs, const char *name)
{
	bool standard = strcmp(name, "-") == 0;
	struct dpkg_log *log;
	gzFile file;

	logs->logs = must(realloc(logs->logs, (logs->count + 1) * sizeof(*logs->logs)));
	log = &logs->logs[logs->count++];
	memset(log, 0, sizeof(*log));
	log->name = must(strdup(standard ? "standard input" : name));
	errno = 0;
	file = standard ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(name, "rb");
	if (file)
		read_file(logs, log, file);
	else
		damaged(logs, log, strerror(errno ? errno : ENOMEM));
}

/*
 * Oldest first. Rotated logs have numbers or dates in their names, but all have a time in their first line. At the
 * same time the higher number is the older file; files without a line are nowhere in time.
 */
static int by_time(const void *a, const void *b)
{
	const struct dpkg_log *left = a, *right = b;
	size_t left_len = strlen(left->name), right_len = strlen(right->name);
	int order = strcmp(left->stamp, right->stamp);

	if (order == 0 && left_len != right_len)
		order = left_len > right_len ? -1 : 1;
	return order ? order : strcmp(right->name, left->name);
}

void dpkg_logs_read_folder(struct dpkg_logs *logs, const char *folder)
{
	size_t len = strlen(folder) + sizeof("/dpkg.log*");
	char *pattern = must(malloc(len));
	glob_t found;

	snprintf(pattern, len, "%s/dpkg.log*", folder);
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			dpkg_logs_read(logs, found.gl_pathv[i]);
		globfree(&found);
	}
	free(pattern);
}

static void number_lines(struct dpkg_log *log, unsigned long holes)
{
	for (size_t i = 0; i < log->count; i++) {
		struct dpkg_line *line = &log->lines[i];

		line->nth = line->package ? ++line->package->lines : 0;
		line->holes += holes;
	}
}

size_t dpkg_logs_arrange(struct dpkg_logs *logs)
{
	unsigned long holes = 0;
	size_t lines = 0;

	if (logs->count > 1)
		qsort(logs->logs, logs->count, sizeof(*logs->logs), by_time);
	for (size_t i = 0; i < logs->count; i++) {
		number_lines(&logs->logs[i], holes);
		holes += logs->logs[i].holes;
		lines += logs->logs[i].count;
	}
	return lines;
}

void dpkg_logs_free(struct dpkg_logs *logs)
{
	for (size_t i = 0; i < logs->count; i++) {
		free(logs->logs[i].lines);
		free(logs->logs[i].name);
	}
	free(logs->logs);
	for (size_t i = 0; i < DPKG_TABLE; i++) {
		while (logs->table[i]) {
			struct dpkg_package *next = logs->table[i]->next;

			free(logs->table[i]);
			logs->table[i] = next;
		}
	}
}
