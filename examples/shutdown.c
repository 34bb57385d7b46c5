/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * A service that stops within a time it can promise: SIGTERM or SIGINT, and the stop ladder. What is queued gets half a
 * second to run; then the jobs that still run are told to stop, and get another half.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <taskpool.h>

#define MILLISECOND INT64_C(1000000)

static void serve(struct taskpool_context *context, void *arg)
{
	(void)arg;
	if (taskpool_context_sleep(context, 100 * MILLISECOND) < 0)
		puts("a job was told to stop"); /* here it would put its work away */
}

/* Waits for a signal. It is blocked since before the pool started, so no thread of the program dies of it. */
static void wait_for(const sigset_t *signals)
{
	int number;

	puts("ready");
	fflush(stdout);
	sigwait(signals, &number);
}

int main(void)
{
	static const char *const users[] = { "ann", "bob", "eve" };
	struct taskpool_report report = { .size = sizeof(report) };
	struct taskpool *pool;
	sigset_t signals;
	int error;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (taskpool_new(&pool, 2) < 0 || taskpool_start(pool) < 0)
		return 1;
	for (int i = 0; i < 60; i++)
		taskpool_submit(pool, users[i % 3], serve, NULL);
	wait_for(&signals);
	error = taskpool_shutdown(pool, 500 * MILLISECOND, 500 * MILLISECOND, &report);
	printf("%s: %" PRIu64 " ran, %" PRIu64 " canceled, %" PRIu64 " still running\n",
		error ? taskpool_strerror(error) : "stopped", report.ran, report.canceled, report.running);
	taskpool_free(pool);
	return error ? 1 : 0;
}
