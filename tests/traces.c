/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"
#include "traces.h"

char trace_folder[32], trace_file[64], other_file[64];

void make_folder(void)
{
	strcpy(trace_folder, "/tmp/check_trace-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(trace_folder));
	snprintf(trace_file, sizeof(trace_file), "%s/first", trace_folder);
	snprintf(other_file, sizeof(other_file), "%s/second", trace_folder);
}

void remove_folder(void)
{
	unlink(trace_file);
	unlink(other_file);
	ck_assert_int_eq(rmdir(trace_folder), 0);
}

char *text_of(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	ck_assert_ptr_nonnull(file);
	ck_assert(getdelim(&text, &size, EOF, file) >= 0);
	ck_assert(strlen(text) == (size_t)ftell(file));
	fclose(file);
	return text;
}

/* Not by strstr, which a sanitizer makes look at all of the text in each call. */
unsigned count_in(const char *text, const char *what)
{
	size_t length = strlen(what);
	unsigned found = 0;

	for (text = strchr(text, *what); text != NULL; text = strchr(text + 1, *what))
		found += strncmp(text, what, length) == 0;
	return found;
}

void check_whole(const char *text)
{
	size_t length = strlen(text);

	if (strcmp(text, "[]\n") == 0)
		return;
	ck_assert_msg(strncmp(text, "[\n{", 3) == 0 && length > 5 && strcmp(text + length - 5, "}}\n]\n") == 0, "%s", text);
	ck_assert_uint_eq(count_in(text, "\n{\"ph\":\"") + 2, count_in(text, "\n"));
	ck_assert_uint_eq(count_in(text, "}},\n") + 3, count_in(text, "\n"));
	ck_assert_uint_eq(count_in(text, "]\n"), 1);
}

void check_slices(const char *path, unsigned slices)
{
	char *text = text_of(path);

	check_whole(text);
	ck_assert_uint_eq(count_in(text, SLICE), slices);
	free(text);
}

struct taskpool *named_pool(const char *name, unsigned workers)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = workers;
	options.name = name;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	return pool;
}

void run_jobs(struct taskpool *pool, unsigned jobs)
{
	for (unsigned i = 0; i < jobs; i++)
		expect(taskpool_submit(pool, i % 3 ? "key" : NULL, nothing_job, NULL) == 0);
	expect(taskpool_wait(pool, TASKPOOL_FOREVER) == 0);
}
