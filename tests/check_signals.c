/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What the kernel says of the workers: their signals and their names.
 */
#include <config.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

#define WORKERS 12

static struct taskpool *make_named_pool(const char *name)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = WORKERS;
	options.name = name;
	ck_assert_int_eq(taskpool_new_with(&pool, &options), 0);
	return pool;
}

/* Starts the pool and returns once a job is in on every worker. */
static void occupy(struct taskpool *pool, struct gate *gate)
{
	gate_init(gate);
	ck_assert_int_eq(taskpool_start(pool), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		ck_assert_int_eq(taskpool_submit(pool, NULL, gate_job, gate), 0);
	tally_wait(&gate->entered, WORKERS);
}

static bool is_synchronous(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGTRAP ||
	       number == SIGSYS || number == SIGABRT;
}

/* Those that cannot be blocked: the kernel's two, and the C library's own between 31 and SIGRTMIN. */
static bool is_unblockable(int number)
{
	return number == SIGKILL || number == SIGSTOP || (number > 31 && number < SIGRTMIN);
}

START_TEST(workers_block_all_but_synchronous_signals)
{
	struct taskpool *pool = make_named_pool("signals");
	pid_t workers[WORKERS + 1];
	sigset_t before, after, synchronous;
	struct gate gate;
	unsigned count;

	/* Whatever the thread that starts the pool has blocked: a fault in a job must not be a silent kill. */
	sigemptyset(&synchronous);
	sigaddset(&synchronous, SIGSEGV);
	sigaddset(&synchronous, SIGFPE);
	sigaddset(&synchronous, SIGBUS);
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &synchronous, NULL), 0);
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &before), 0);
	occupy(pool, &gate);
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &after), 0);
	for (int number = 1; number < NSIG; number++)
		ck_assert_int_eq(sigismember(&before, number), sigismember(&after, number));
	count = threads_named("signals-", workers, LENGTH(workers));
	if (count_threads())
		ck_assert_uint_eq(count, WORKERS);
	for (unsigned i = 0; i < count; i++) {
		uint64_t mask;

		ck_assert(thread_status(workers[i], "SigBlk", 16, &mask));
		for (int number = 1; number <= SIGRTMAX; number++) {
			bool blocked = mask >> (number - 1) & 1;

			if (is_unblockable(number) || number == SIGABRT)
				continue;
			ck_assert_msg(blocked == !is_synchronous(number), "signal %d is %sblocked", number,
				      blocked ? "" : "not ");
		}
	}
	gate_open(&gate);
	taskpool_free(pool);
}
END_TEST

static _Atomic(pid_t) handled_on;

static void note_thread(int number)
{
	(void)number;
	handled_on = thread_id();
}

START_TEST(handlers_never_run_on_workers)
{
	struct sigaction action = { .sa_handler = note_thread };
	struct taskpool *pool = make_named_pool(NULL);
	sigset_t set, pending;
	struct gate gate;
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	occupy(pool, &gate);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	ck_assert_int_eq(kill(getpid(), SIGUSR1), 0); /* no thread but the workers could take it now */
	gate_open(&gate);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(taskpool_submit(pool, NULL, tally_job, &ran), 0);
	tally_wait(&ran, 100);
	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert_int_eq(sigismember(&pending, SIGUSR1), 1);
	ck_assert_int_eq(handled_on, 0);
	ck_assert_int_eq(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
	ck_assert_int_eq(handled_on, thread_id());
	taskpool_free(pool);
}
END_TEST

static void check_names(const char *name, const char *const *expected)
{
	char *copy = name ? strdup(name) : NULL;
	struct taskpool *pool = make_named_pool(copy);
	struct gate gate;
	pid_t threads[WORKERS];

	if (copy)
		memset(copy, 'x', strlen(copy)); /* the pool has its own copy */
	occupy(pool, &gate);
	if (count_threads())
		for (unsigned i = 0; i < WORKERS; i++) {
			char line[32];

			snprintf(line, sizeof(line), "%s\n", expected[i]);
			ck_assert_msg(threads_named(line, threads, WORKERS) == 1, "no thread %s", expected[i]);
		}
	gate_open(&gate);
	taskpool_free(pool);
	free(copy);
}

START_TEST(workers_are_named_after_the_pool)
{
	static const char *const unnamed[WORKERS] = {
		"taskpool-0", "taskpool-1", "taskpool-2", "taskpool-3", "taskpool-4",  "taskpool-5",
		"taskpool-6", "taskpool-7", "taskpool-8", "taskpool-9", "taskpool-10", "taskpool-11",
	};
	static const char *const named[WORKERS] = {
		"n-0", "n-1", "n-2", "n-3", "n-4", "n-5", "n-6", "n-7", "n-8", "n-9", "n-10", "n-11",
	};

	check_names(NULL, unnamed);
	check_names("n", named);
}
END_TEST

START_TEST(long_names_are_cut_and_keep_their_number)
{
	static const char *const cut[WORKERS] = {
		"abcdefghijklm-0", "abcdefghijklm-1", "abcdefghijklm-2", "abcdefghijklm-3",
		"abcdefghijklm-4", "abcdefghijklm-5", "abcdefghijklm-6", "abcdefghijklm-7",
		"abcdefghijklm-8", "abcdefghijklm-9", "abcdefghijkl-10", "abcdefghijkl-11",
	};

	check_names("abcdefghijklmnopqrstuvwxyz", cut);
	check_names("abcdefghijklmno", cut);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		workers_block_all_but_synchronous_signals,
		handlers_never_run_on_workers,
		workers_are_named_after_the_pool,
		long_names_are_cut_and_keep_their_number,
		NULL,
	};

	return run_suite("signals and names", tests, NULL);
}
