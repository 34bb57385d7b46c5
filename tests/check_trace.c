/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The trace: what stands in it, when it may be started and stopped, and whom that disturbs. Whether it is JSON to the
 * letter is trace.sh's matter.
 */
#include <config.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

#define SLICE "{\"ph\":\"X\","

/* ---- Files of a test; the folder is removed at its end ---- */

static char folder[32], first[64], second[64];

static void make_folder(void)
{
	strcpy(folder, "/tmp/check_trace-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(first, sizeof(first), "%s/first", folder);
	snprintf(second, sizeof(second), "%s/second", folder);
}

static void remove_folder(void)
{
	unlink(first);
	unlink(second);
	ck_assert_int_eq(rmdir(folder), 0);
}

static bool exists(const char *path)
{
	struct stat state;

	return stat(path, &state) == 0;
}

/* The file as a string, to be freed. */
static char *content(const char *path)
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
static unsigned count(const char *text, const char *what)
{
	size_t length = strlen(what);
	unsigned found = 0;

	for (text = strchr(text, *what); text != NULL; text = strchr(text + 1, *what))
		found += strncmp(text, what, length) == 0;
	return found;
}

/* One event per line, brackets around them, and nothing after that. */
static void check_whole(const char *text)
{
	size_t length = strlen(text);

	if (strcmp(text, "[]\n") == 0)
		return;
	ck_assert_msg(strncmp(text, "[\n{", 3) == 0 && length > 5 && strcmp(text + length - 5, "}}\n]\n") == 0, "%s", text);
	ck_assert_uint_eq(count(text, "\n{\"ph\":\"") + 2, count(text, "\n"));
	ck_assert_uint_eq(count(text, "}},\n") + 3, count(text, "\n"));
	ck_assert_uint_eq(count(text, "]\n"), 1);
}

static void check_slices(const char *path, unsigned slices)
{
	char *text = content(path);

	check_whole(text);
	ck_assert_uint_eq(count(text, SLICE), slices);
	free(text);
}

static struct taskpool *named_pool(const char *name, unsigned workers)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = workers;
	options.name = name;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	return pool;
}

static void run_jobs(struct taskpool *pool, unsigned jobs)
{
	for (unsigned i = 0; i < jobs; i++)
		expect(taskpool_submit(pool, i % 3 ? "key" : NULL, nothing_job, NULL) == 0);
	expect(taskpool_wait(pool, TASKPOOL_FOREVER) == 0);
}

/* ---- Starting and stopping ---- */

START_TEST(a_file_that_cannot_be_written_is_an_error_and_no_trace)
{
	char path[96];

	make_folder();
	snprintf(path, sizeof(path), "%s/none/trace", folder);
	ck_assert_int_eq(taskpool_trace_start(NULL), -EINVAL);
	ck_assert_int_eq(taskpool_trace_start(""), -ENOENT);
	ck_assert_int_eq(taskpool_trace_start(path), -ENOENT);
	ck_assert_int_eq(taskpool_trace_start(folder), -EISDIR);
	ck_assert_int_eq(taskpool_trace_stop(), -EINVAL);
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	remove_folder();
}
END_TEST

START_TEST(a_trace_without_jobs_is_whole)
{
	make_folder();
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	check_slices(first, 0);
	remove_folder();
}
END_TEST

START_TEST(a_second_start_is_refused_and_changes_nothing)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	run_jobs(pool, 1000);
	ck_assert_int_eq(taskpool_trace_start(second), -EALREADY);
	ck_assert_int_eq(taskpool_trace_start(first), -EALREADY);
	ck_assert_int_eq(taskpool_trace_start(NULL), -EINVAL);
	ck_assert(!exists(second));
	run_jobs(pool, 10);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	check_slices(first, 1010);
	taskpool_free(pool);
	remove_folder();
}
END_TEST

START_TEST(a_stop_without_a_start_is_refused)
{
	make_folder();
	ck_assert_int_eq(taskpool_trace_stop(), -EINVAL);
	ck_assert_int_eq(taskpool_trace_start(first), 0);
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
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	ck_assert_int_eq(stat(first, &state), 0);
	ck_assert_uint_eq(state.st_mode & 07777, 0640);
	file = fopen(first, "w");
	fputs("what is there already\n", file);
	fclose(file);
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	check_slices(first, 0);
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
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	run_jobs(pool, 3000);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	check_slices(first, 3000);
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

		ck_assert_int_eq(mkfifo(first, 0600), 0);
		reader = open(first, O_RDONLY | O_NONBLOCK);
		ck_assert_int_eq(taskpool_trace_start(first), 0);
		close(reader);
		run_jobs(pool, jobs);
		ck_assert_int_eq(taskpool_trace_stop(), -EPIPE);
		unlink(first);
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
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	limit_files(1000);
	run_jobs(pool, 3000); /* a worker writes */
	limit_files(RLIM_INFINITY);
	run_jobs(pool, 3000);
	ck_assert_int_eq(taskpool_trace_stop(), -EFBIG);
	ck_assert_int_eq(taskpool_trace_start(first), 0);
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
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	for (int fd = 0; fd < 100; fd++) {
		struct stat mine, other;

		if (fstat(fd, &mine) != 0 || stat(first, &other) != 0 || mine.st_ino != other.st_ino)
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

/* ---- What stands in it ---- */

START_TEST(every_job_is_a_slice_with_its_lane_and_times)
{
	struct taskpool *pool = named_pool("lanes", 3);
	char *text;

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	run_jobs(pool, 5000);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	run_jobs(pool, 100);
	text = content(first);
	check_whole(text);
	ck_assert_uint_eq(count(text, SLICE), 5000);
	ck_assert_uint_eq(count(text, ",\"outcome\":\"ran\"}}") + count(text, "{\"outcome\":\"ran\"}}"), 5000);
	ck_assert_uint_eq(count(text, ",\"name\":\"key\",\"args\":{"), 3333);
	ck_assert_uint_eq(count(text, ",\"name\":\"(no key)\",\"args\":{"), 1667);
	ck_assert_uint_eq(count(text, "\"name\":\"process_name\",\"args\":{\"name\":\"lanes\"}"),
			  count(text, "\"name\":\"thread_name\",\"args\":{\"name\":\"lanes-"));
	ck_assert_uint_le(count(text, "\"name\":\"thread_name\""), 3);
	for (char lane[64], worker = '0'; worker < '3'; worker++) {
		snprintf(lane, sizeof(lane), "\"args\":{\"name\":\"lanes-%c\"}", worker);
		ck_assert_uint_le(count(text, lane), 1);
		snprintf(lane, sizeof(lane), "\"tid\":%c,", worker);
		ck_assert(count(text, lane) == 0 || count(text, lane) > 3);
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
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	before = (double)now() / 1e3;
	ck_assert_int_eq(taskpool_submit(pool, "slow", sleep_20_ms, NULL), 0);
	while ((double)now() / 1e3 < before + 10000)
		pause_shortly();
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	after = (double)now() / 1e3;
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	text = content(first);
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
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), 0);
	pause_shortly();
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	text = content(first);
	ck_assert_uint_eq(count(text, ",\"dur\":0.000,\"name\":\"late\",\"args\":{\"wait_us\":"), 1);
	ck_assert_uint_eq(count(text, "\"outcome\":\"expired\""), 1);
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
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	for (size_t i = 0; i < LENGTH(keys); i++) {
		struct taskpool_task task = make_task(keys[i].key, nothing_job, NULL);

		task.key_len = keys[i].len;
		ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), 0);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	text = content(first);
	for (size_t i = 0; i < LENGTH(keys); i++) {
		snprintf(expected, sizeof(expected), ",\"name\":\"%s\",\"args\":{\"", keys[i].shown);
		ck_assert_msg(count(text, expected) == 1, "%s is not once in %s", expected, text);
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
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	run_jobs(one, 30);
	run_jobs(two, 50);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	text = content(first);
	check_whole(text);
	found = strstr(text, "{\"ph\":\"M\",\"pid\":");
	ck_assert_ptr_nonnull(found);
	process = strtoul(found + 16, NULL, 10);
	ck_assert_uint_ge(process, 1);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(expected, sizeof(expected), "\"pid\":%lu,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"%s\"}",
			 process + i, i == 0 ? "one" : "two \\\"2\\\"");
		ck_assert_msg(count(text, expected) == 1, "%s is not once in %s", expected, text);
		snprintf(expected, sizeof(expected), "{\"ph\":\"X\",\"pid\":%lu,\"tid\":0,", process + i);
		ck_assert_uint_eq(count(text, expected), i == 0 ? 30 : 50);
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
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	run_jobs(pool, 10);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	before = content(first);
	run_jobs(pool, 20);
	ck_assert_int_eq(taskpool_trace_start(second), 0);
	run_jobs(pool, 30);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	after = content(first);
	ck_assert_str_eq(before, after);
	free(after);
	after = content(second);
	check_whole(after);
	ck_assert_uint_eq(count(before, SLICE), 10);
	ck_assert_uint_eq(count(after, SLICE), 30);
	ck_assert_uint_eq(count(before, "\"name\":\"again-0\""), 1);
	ck_assert_uint_eq(count(after, "\"name\":\"again-0\""), 1);
	free(before);
	free(after);
	taskpool_free(pool);
	remove_folder();
}
END_TEST

/* ---- Whom it disturbs ---- */

static _Atomic bool done;
static _Atomic unsigned long submitted, ran;

static void count_run(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	ran++;
}

static void *keep_busy(void *pool)
{
	char key[32];

	for (unsigned i = 0; !done; i++) {
		snprintf(key, sizeof(key), "%u", i % 50);
		expect(taskpool_submit(pool, i % 5 ? key : NULL, count_run, NULL) == 0);
		submitted++;
	}
	return NULL;
}

static void await_more_runs(unsigned long more)
{
	int64_t until = now() + DEADLINE;

	for (unsigned long before = ran; ran < before + more;)
		expect(now() < until);
}

static void end_busy(struct taskpool *pool, pthread_t thread)
{
	done = true;
	pthread_join(thread, NULL);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(ran, submitted);
	taskpool_free(pool);
}

START_TEST(traces_start_and_stop_while_jobs_run)
{
	struct taskpool *pool = start_pool(4, 10, (unsigned)_i);
	pthread_t thread = spawn(keep_busy, pool);

	make_folder();
	for (unsigned i = 0; i < 60; i++) {
		char *text;

		ck_assert_int_eq(taskpool_trace_start(first), 0);
		await_more_runs(i * 20);
		ck_assert_int_eq(taskpool_trace_stop(), 0);
		await_more_runs(2);
		text = content(first);
		check_whole(text);
		free(text);
	}
	end_busy(pool, thread);
	remove_folder();
}
END_TEST

static _Atomic unsigned starts, stops;

static void *start_and_stop(void *path)
{
	for (unsigned i = 0; i < 200; i++) {
		int error = taskpool_trace_start(path);

		expect(error == 0 || error == -EALREADY);
		starts += error == 0;
		error = taskpool_trace_stop();
		expect(error == 0 || error == -EINVAL);
		stops += error == 0;
	}
	return NULL;
}

START_TEST(threads_may_start_and_stop_traces_at_once)
{
	struct taskpool *pool = start_pool(2, 10, (unsigned)_i);
	pthread_t thread = spawn(keep_busy, pool), threads[3];
	char *text;

	make_folder();
	for (size_t i = 0; i < LENGTH(threads); i++)
		threads[i] = spawn(start_and_stop, i == 0 ? first : second);
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(starts, stops);
	ck_assert_uint_ge(starts, 200);
	ck_assert_int_eq(taskpool_trace_stop(), -EINVAL);
	end_busy(pool, thread);
	text = content(first);
	check_whole(text);
	free(text);
	remove_folder();
}
END_TEST

/* ---- Fork ---- */

/* Tracing is off here, may be switched on, and off again by the end of the process. */
static int trace_in_child(void *arg)
{
	(void)arg;
	expect(taskpool_trace_stop() == -EINVAL);
	expect(taskpool_trace_start(second) == 0);
	expect(taskpool_trace_start(second) == -EALREADY);
	exit(0);
}

static void fork_and_check(void)
{
	char *text;

	ck_assert_int_eq(in_child(trace_in_child, NULL), 0);
	text = content(second);
	ck_assert_str_eq(text, "[]\n");
	free(text);
}

START_TEST(a_child_does_not_write_its_parents_trace)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);

	make_folder();
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	run_jobs(pool, 10);
	fork_and_check();
	run_jobs(pool, 10);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	check_slices(first, 20);
	taskpool_free(pool);
	remove_folder();
}
END_TEST

static int without_descriptor(void *arg)
{
	struct stat file, open;

	(void)arg;
	expect(stat(first, &file) == 0);
	for (int fd = 0; fd < 100; fd++)
		expect(fstat(fd, &open) != 0 || open.st_ino != file.st_ino || open.st_dev != file.st_dev);
	return 0;
}

START_TEST(a_child_has_not_the_file_of_its_parents_trace)
{
	make_folder();
	ck_assert_int_eq(taskpool_trace_start(first), 0);
	ck_assert_int_eq(in_child(without_descriptor, NULL), 0);
	ck_assert_int_eq(taskpool_trace_stop(), 0);
	ck_assert_int_eq(in_child(without_descriptor, NULL), 0);
	remove_folder();
}
END_TEST

/* The workers of the parent hold the trace's lock most of the time. */
START_TEST(fork_at_any_moment_of_a_trace_disturbs_nobody)
{
	struct taskpool *pool = start_pool(4, 10, (unsigned)_i);
	pthread_t thread = spawn(keep_busy, pool);
	uint64_t seed = test_seed();

	make_folder();
	for (unsigned i = 0; i < 40; i++) {
		char *text;

		ck_assert_int_eq(taskpool_trace_start(first), 0);
		await_more_runs(random_below(&seed, 100));
		fork_and_check();
		await_more_runs(10);
		ck_assert_int_eq(taskpool_trace_stop(), 0);
		text = content(first);
		check_whole(text);
		ck_assert_uint_ge(count(text, SLICE), 2);
		free(text);
	}
	end_busy(pool, thread);
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
		every_job_is_a_slice_with_its_lane_and_times,
		pools_have_lanes_of_their_own,
		a_second_trace_is_whole_in_itself,
		a_child_has_not_the_file_of_its_parents_trace,
		NULL,
	};
	const TTest *placed[] = {
		a_second_start_is_refused_and_changes_nothing,
		stop_says_why_not_all_could_be_written,
		a_pipe_that_nobody_reads_is_an_error_and_no_signal,
		a_file_that_may_not_grow_is_an_error_and_no_signal,
		a_slice_says_when_how_long_and_after_which_wait,
		an_expired_job_is_a_slice_without_length,
		keys_of_any_bytes_are_shown,
		traces_start_and_stop_while_jobs_run,
		threads_may_start_and_stop_traces_at_once,
		a_child_does_not_write_its_parents_trace,
		fork_at_any_moment_of_a_trace_disturbs_nobody,
		NULL,
	};

	return run_suite("trace", tests, placed);
}
