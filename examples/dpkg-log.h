/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * dpkg's log files in memory: their lines in order, and the packages they are about.
 */
#ifndef DPKG_LOG_H
#define DPKG_LOG_H

#include "dpkg-line.h"

#define DPKG_TABLE 4096

struct dpkg_package {
	struct dpkg_package *next; /* in its slot of the table */
	unsigned long lines;       /* how many are about it */
	struct dpkg_state state;   /* while a pool runs, only the package's own jobs touch it */
	size_t key_len;
	char key[];                /* "name:arch", and a NUL */
};

struct dpkg_line {
	struct dpkg_package *package; /* NULL: a line about none */
	struct dpkg_event event;
	unsigned long nth;            /* of its package, from 1 */
	unsigned long holes;          /* places before it where the logs lack lines */
	unsigned long number;         /* of its file, from 1 */
	const char *file;
};

struct dpkg_log {
	char *name;
	struct dpkg_line *lines;
	size_t count, room;
	unsigned long holes;        /* malformed lines, and 1 for a damaged file */
	char stamp[DPKG_STAMP + 1]; /* date and time of its first line */
};

struct dpkg_logs {
	struct dpkg_log *logs;
	size_t count;
	size_t packages;
	unsigned long malformed;    /* lines that were left out */
	unsigned damaged;           /* files that could not be read, or not to their end */
	struct dpkg_package *table[DPKG_TABLE];
};

/*
 * Reads one file, gzip or not; "-" is the standard input. Says on stderr what is wrong with it: malformed lines are
 * left out, of a damaged file what could be read is kept. Exits where memory ends.
 */
void dpkg_logs_read(struct dpkg_logs *logs, const char *name);

/* Reads all that is called dpkg.log* in `folder`. */
void dpkg_logs_read_folder(struct dpkg_logs *logs, const char *folder);

/*
 * Puts the files in order, oldest first, and numbers the lines of each package through all of them. To be called once,
 * when all are read. Returns how many lines there are.
 */
size_t dpkg_logs_arrange(struct dpkg_logs *logs);

void dpkg_logs_free(struct dpkg_logs *logs);

#endif
