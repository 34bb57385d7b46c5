/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Traces as files of a test: where they are, and what must be true of each.
 */
#ifndef TESTS_TRACES_H
#define TESTS_TRACES_H

#include <taskpool.h>

#define SLICE "{\"ph\":\"X\","

/* Two paths in a folder of the test's own. Neither file is there at first, and neither need be at the end. */
extern char trace_folder[32], trace_file[64], other_file[64];

void make_folder(void);
void remove_folder(void);

/* The file as a string, to be freed. */
char *text_of(const char *path);

/* How often one stands in the other. */
unsigned count_in(const char *text, const char *what);

/* One event per line, brackets around them, and nothing after that. */
void check_whole(const char *text);

/* The file is whole and has so many slices. */
void check_slices(const char *path, unsigned slices);

/* Started. */
struct taskpool *named_pool(const char *name, unsigned workers);

/* Two of three with the key "key", the others with none; returns when they have ended. */
void run_jobs(struct taskpool *pool, unsigned jobs);

#endif
