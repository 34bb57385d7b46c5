/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The trace is started and stopped, and the file is made. Whether it is JSON to the letter is trace.sh's matter.
 */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"
#include "traces.h"

static bool exists(const char *path)
{
	struct stat state;

	return stat(path, &state) == 0;
}

START_TEST(a_file_that_cannot_be_written_is_an_error_and_no_trace)
{
	char path[96];

	make_folder();
	snprintf(path, sizeof(path), "%s/none/trace", trace_folder);
	ck_assert_int_eq(taskpool_trace_start(NULL), -EINVAL);
	ck_assert_int_eq(taskpool_trace_start(""), -ENOENT);
	ck_assert_int_eq(taskpool_trace_start(path), -ENOENT);
	ck_assert_int_eq(taskpool_trace_start(trace_folder), -EISDIR);
	ck_assert_int_eq(taskpool_trace_stop(), -EINVAL);
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	remove_folder();
}
END_TEST

START_TEST(a_trace_without_jobs_is_whole)
{
	make_folder();
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	check_slices(trace_file, 0);
	remove_folder();
}
END_TEST

START_TEST(a_second_start_is_refused_and_changes_nothing)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	run_jobs(pool, 1000);
	ck_assert_int_eq(taskpool_trace_start(other_file), -EALREADY);
	ck_assert_int_eq(taskpool_trace_start(trace_file), -EALREADY);
	ck_assert_int_eq(taskpool_trace_start(NULL), -EINVAL);
	ck_assert(!exists(other_file));
	run_jobs(pool, 10);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	check_slices(trace_file, 1010);
	taskpool_free(pool);
	remove_folder();
}
END_TEST

START_TEST(a_stop_without_a_start_is_refused)
{
	make_folder();
	ck_assert_int_eq(taskpool_trace_stop(), -EINVAL);
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	ck_assert_int_eq(taskpool_trace_stop(), -EINVAL);
	remove_folder();
}
END_TEST

START_TEST(the_file_is_made_as_the_umask_says_and_emptied_if_it_is_there)
{
	struct stat state;
	FILE *file;

	make_folder();
	umask(027);
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	ck_assert_int_eq(stat(trace_file, &state), 0);
	ck_assert_uint_eq(state.st_mode & 07777, 0640);
	file = fopen(trace_file, "w");
	fputs("what is there already\n", file);
	fclose(file);
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	check_slices(trace_file, 0);
	remove_folder();
}
END_TEST

START_TEST(stop_says_why_not_all_could_be_written)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	make_folder();
	if (access("/dev/full", W_OK) == 0) {
		ck_assert_int_eq(taskpool_trace_start("/dev/full"), 0);
		ck_assert_int_eq(taskpool_trace_stop(), -ENOSPC);
		ck_assert_int_eq(taskpool_trace_start("/dev/full"), 0);
		run_jobs(pool, 3000);
		ck_assert_int_eq(taskpool_trace_stop(), -ENOSPC);
	}
	/* The error is that trace's, not the next one's. */
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	run_jobs(pool, 3000);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	check_slices(trace_file, 3000);
	taskpool_free(pool);
	remove_folder();
}
END_TEST

/* SIGPIPE would end the process. */
START_TEST(a_pipe_that_nobody_reads_is_an_error_and_no_signal)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	make_folder();
	for (unsigned jobs = 0; jobs <= 3000; jobs += 3000) {
		int reader;

		ck_assert_int_eq(mkfifo(trace_file, 0600), 0);
		reader = open(trace_file, O_RDONLY | O_NONBLOCK);
		ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
		close(reader);
		run_jobs(pool, jobs);
		ck_assert_int_eq(taskpool_trace_stop(), -EPIPE);
		unlink(trace_file);
	}
	taskpool_free(pool);
	remove_folder();
}
END_TEST

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* So would SIGXFSZ. What is written later does not make it good. */
START_TEST(a_file_that_may_not_grow_is_an_error_and_no_signal)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	limit_files(1000);
	run_jobs(pool, 3000); /* a worker writes */
	limit_files(RLIM_INFINITY);
	run_jobs(pool, 3000);
	ck_assert_int_eq(taskpool_trace_stop(), -EFBIG);
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	limit_files(1000);
	run_jobs(pool, 100);
	ck_assert_int_eq(taskpool_trace_stop(), -EFBIG); /* this thread writes */
	taskpool_free(pool);
	remove_folder();
}
END_TEST

START_TEST(the_descriptor_is_closed_by_stop_and_not_left_to_programs)
{
	unsigned before = count_fds(), flags = 0;

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(trace_file), 0);
	for (int fd = 0; fd < 100; fd++) {
		struct stat mine, other;

		if (fstat(fd, &mine) != 0 || stat(trace_file, &other) != 0 || mine.st_ino != other.st_ino)
			continue;
		ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		flags++;
	}
	ck_assert_uint_eq(flags, 1);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	ck_assert_uint_eq(count_fds(), before);
	remove_folder();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_file_that_cannot_be_written_is_an_error_and_no_trace,
		a_trace_without_jobs_is_whole,
		a_stop_without_a_start_is_refused,
		the_file_is_made_as_the_umask_says_and_emptied_if_it_is_there,
		the_descriptor_is_closed_by_stop_and_not_left_to_programs,
		NULL,
	};
	const TTest *placed[] = {
		a_second_start_is_refused_and_changes_nothing,
		stop_says_why_not_all_could_be_written,
		a_pipe_that_nobody_reads_is_an_error_and_no_signal,
		a_file_that_may_not_grow_is_an_error_and_no_signal,
		NULL,
	};

	return run_suite("trace", tests, placed);
}
