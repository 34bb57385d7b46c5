/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool_fd: readable while a job is ready, and only then.
 */
#include <config.h>

#include <poll.h>
#include <sys/resource.h>

#include "manual.h"
#include "suite.h"

#ifdef TPI_LINUX
static int fd_of(struct taskpool *pool)
{
	int fd = taskpool_fd(pool);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static bool poll_for(int fd, int milliseconds)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int count = poll(&poll_fd, 1, milliseconds);

	ck_assert_int_ge(count, 0);
	ck_assert(count == 0 || poll_fd.revents == POLLIN);
	return count;
}

static bool readable(int fd)
{
	return poll_for(fd, 0);
}

static bool becomes_readable(int fd)
{
	return poll_for(fd, DEADLINE / MILLISECOND);
}

/* As an event loop does. A job that is not ready yet may wake it once, to look when it will be. */
static int run_when_readable(struct taskpool *pool, int fd)
{
	int ran;

	for (unsigned vain = 0; vain < 2; vain++) {
		ck_assert(becomes_readable(fd));
		ran = taskpool_run(pool, 0, 0);
		ck_assert_int_ge(ran, 0);
		if (ran > 0)
			return ran;
	}
	ck_abort_msg("readable, and nothing to run");
}

static void submit_some(struct taskpool *pool, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(taskpool_submit(pool, i % 2 ? "key" : NULL, nothing_job, NULL), 0);
}

START_TEST(the_fd_is_readable_while_a_job_is_ready)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	int fd = fd_of(pool);

	ck_assert(!readable(fd));
	for (unsigned i = 1; i <= 20; i++) {
		submit_some(pool, i);
		ck_assert(readable(fd));
		ck_assert(readable(fd));
		ck_assert_int_eq(taskpool_run(pool, 0, 0), (int)i);
		ck_assert(!readable(fd));
		ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
		ck_assert(!readable(fd));
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(the_fd_stays_readable_when_jobs_are_left_over)
{
	struct taskpool *pool = start_manual(3, 0, 0);
	int fd = fd_of(pool);

	submit_some(pool, 10);
	for (unsigned i = 0; i < 10; i++) {
		ck_assert(readable(fd));
		ck_assert_int_eq(taskpool_run(pool, 1, 0), 1);
	}
	ck_assert(!readable(fd));
	taskpool_free(pool);
}
END_TEST

START_TEST(an_fd_asked_for_late_knows_what_is_ready)
{
	struct taskpool *pool = make_manual(2, 0, 0);
	int fd;

	submit_some(pool, 3);
	ck_assert_int_eq(taskpool_start(pool), 0);
	fd = fd_of(pool);
	ck_assert(readable(fd));
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 3);
	ck_assert(!readable(fd));
	ck_assert_int_eq(fd_of(pool), fd);
	taskpool_free(pool);
}
END_TEST

START_TEST(an_fd_asked_for_before_the_start_hears_of_it)
{
	struct taskpool *pool = make_manual(2, 0, 0);
	int fd = fd_of(pool);

	ck_assert(!readable(fd));
	submit_some(pool, 3);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert(becomes_readable(fd));
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 3);
	ck_assert(!readable(fd));
	taskpool_free(pool);
}
END_TEST

START_TEST(the_fd_becomes_readable_when_a_delay_elapses)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	struct taskpool_task task = make_task("key", nothing_job, NULL);
	int fd = fd_of(pool);

	for (unsigned i = 0; i < 10; i++) {
		int64_t begin = now();

		task.delay = 20 * MILLISECOND;
		ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), 0);
		task.delay = 10 * SECOND;
		ck_assert_int_eq(taskpool_submit_task(pool, &task, NULL), 0);
		ck_assert_int_eq(run_when_readable(pool, fd), 1);
		ck_assert_int_ge(now() - begin, 20 * MILLISECOND);
		ck_assert(!readable(fd));
		ck_assert_int_eq(taskpool_key_cancel(pool, "key", 3), 1);
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(the_fd_becomes_readable_when_a_limit_elapses)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	int fd = fd_of(pool);
	int64_t begin;

	ck_assert_int_eq(taskpool_key_limit(pool, "key", 3, 20 * MILLISECOND, 1), 0);
	begin = now();
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(run_when_readable(pool, fd), 1);
		ck_assert_int_ge(now() - begin, i * 20 * MILLISECOND);
	}
	ck_assert(!readable(fd));
	taskpool_free(pool);
}
END_TEST

START_TEST(the_fd_becomes_readable_for_a_job_that_expires)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	struct taskpool_task task = make_task("key", forbidden_job, NULL);
	struct taskpool_job *job;
	int fd = fd_of(pool);

	ck_assert_int_eq(taskpool_key_pause(pool, "key", 3), 0);
	task.ttl = 10 * MILLISECOND;
	ck_assert_int_eq(taskpool_submit_task(pool, &task, &job), 0);
	for (unsigned vain = 0; taskpool_job_outcome(job) == 0; vain++) {
		ck_assert_uint_lt(vain, 2);
		ck_assert(becomes_readable(fd));
		ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
	}
	ck_assert_int_eq(taskpool_job_outcome(job), TASKPOOL_EXPIRED);
	ck_assert(!readable(fd));
	taskpool_job_unref(job);
	taskpool_free(pool);
}
END_TEST

START_TEST(the_fd_is_not_readable_for_a_paused_key_until_it_is_resumed)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	int fd = fd_of(pool);

	ck_assert_int_eq(taskpool_key_pause(pool, "key", 3), 0);
	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
	ck_assert(!readable(fd));
	ck_assert_int_eq(taskpool_key_resume(pool, "key", 3), 0);
	ck_assert(becomes_readable(fd));
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 1);
	ck_assert(!readable(fd));
	taskpool_free(pool);
}
END_TEST

START_TEST(the_fd_is_not_readable_for_canceled_jobs)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	int fd = fd_of(pool);

	submit_some(pool, 10);
	ck_assert_int_eq(taskpool_key_cancel(pool, "key", 3), 5);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 5);
	ck_assert(!readable(fd));
	taskpool_free(pool);
}
END_TEST

/* ---- An event loop, and threads that feed it ---- */

#define FEEDERS 2
#define FOOD 3000

static void *feed(void *pool)
{
	uint64_t state = test_seed();

	for (unsigned i = 0; i < FOOD; i++) {
		struct taskpool_task task = make_task(random_below(&state, 2) ? "key" : "other", nothing_job, NULL);

		if (random_below(&state, 20) == 0)
			task.delay = 1 + random_below(&state, 100000);
		expect(taskpool_submit_task(pool, &task, NULL) == 0);
		if (random_below(&state, 50) == 0)
			pause_shortly();
	}
	return NULL;
}

static void *run_one(void *pool)
{
	ck_assert_int_eq(taskpool_run(pool, 1, TASKPOOL_FOREVER), 1);
	return NULL;
}

/* Another thread is in the middle of a long job. */
START_TEST(the_fd_speaks_for_jobs_beside_a_second_runner)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	pthread_t runner = spawn(run_one, pool);
	int fd = fd_of(pool);
	struct gate gate;

	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(pool, "long", gate_job, &gate), 0);
	tally_wait(&gate.entered, 1);
	for (unsigned i = 0; i < 3; i++) {
		submit_some(pool, 1);
		ck_assert_int_eq(run_when_readable(pool, fd), 1);
	}
	gate_open(&gate);
	pthread_join(runner, NULL);
	taskpool_free(pool);
}
END_TEST

START_TEST(an_event_loop_misses_no_job)
{
	struct taskpool *pool = start_manual(2, 10, 0);
	uint64_t state = test_seed();
	pthread_t threads[FEEDERS];
	int fd = fd_of(pool), ran = 0;

	for (unsigned i = 0; i < FEEDERS; i++)
		threads[i] = spawn(feed, pool);
	while (ran < FEEDERS * FOOD) {
		int now_ran;

		ck_assert(becomes_readable(fd));
		now_ran = taskpool_run(pool, random_below(&state, 4), 0);
		ck_assert_int_ge(now_ran, 0);
		ran += now_ran;
	}
	for (unsigned i = 0; i < FEEDERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert(!readable(fd));
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 0);
	taskpool_free(pool);
}
END_TEST

/* ---- The descriptor itself ---- */

START_TEST(the_fd_is_closed_by_free)
{
	unsigned fds = count_fds();

	for (unsigned i = 0; i < 20; i++) {
		struct taskpool *pool = start_manual(2, 0, 0);
		int fd = fd_of(pool);

		ck_assert_int_eq(fd_of(pool), fd);
		submit_some(pool, 3);
		if (i % 2)
			ck_assert_int_eq(taskpool_run(pool, 2, 0), 2);
		if (i % 3)
			ck_assert_int_eq(taskpool_stop(pool), 0);
		taskpool_free(pool);
		ck_assert_uint_eq(count_fds(), fds);
	}
}
END_TEST

START_TEST(a_pool_without_its_fd_asked_for_has_none)
{
	unsigned fds = count_fds();
	struct taskpool *pool = start_manual(2, 0, 0);

	submit_some(pool, 3);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 3);
	ck_assert_uint_eq(count_fds(), fds);
	taskpool_free(pool);
}
END_TEST

START_TEST(an_fd_that_cannot_be_had_is_an_error)
{
	struct taskpool *pool = start_manual(2, 0, 0);
	struct rlimit limit, none;
	unsigned fds = count_fds();

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = limit.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(taskpool_fd(pool), -EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_uint_eq(count_fds(), fds);
	submit_some(pool, 3);
	ck_assert_int_eq(taskpool_run(pool, 2, 0), 2);
	ck_assert(readable(fd_of(pool)));
	taskpool_free(pool);
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST
#else
START_TEST(there_is_no_fd_without_timerfd)
{
	struct taskpool *pool = start_manual(2, 0, 0);

	ck_assert_int_eq(taskpool_fd(pool), -ENOTSUP);
	ck_assert_int_eq(taskpool_submit(pool, "key", nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_run(pool, 0, 0), 1);
	taskpool_free(pool);
}
END_TEST
#endif

int main(void)
{
	const TTest *tests[] = {
#ifdef TPI_LINUX
		the_fd_is_readable_while_a_job_is_ready,
		the_fd_stays_readable_when_jobs_are_left_over,
		an_fd_asked_for_late_knows_what_is_ready,
		an_fd_asked_for_before_the_start_hears_of_it,
		the_fd_becomes_readable_when_a_delay_elapses,
		the_fd_becomes_readable_when_a_limit_elapses,
		the_fd_becomes_readable_for_a_job_that_expires,
		the_fd_is_not_readable_for_a_paused_key_until_it_is_resumed,
		the_fd_is_not_readable_for_canceled_jobs,
		the_fd_speaks_for_jobs_beside_a_second_runner,
		an_event_loop_misses_no_job,
		the_fd_is_closed_by_free,
		a_pool_without_its_fd_asked_for_has_none,
		an_fd_that_cannot_be_had_is_an_error,
#else
		there_is_no_fd_without_timerfd,
#endif
		NULL,
	};

	return run_suite("manual fd", tests, NULL);
}
