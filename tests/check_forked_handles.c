/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * fork: handles and keys in the child. What had ended has; of the rest nothing is known, and nobody waits for it.
 */
#include <config.h>

#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "suite.h"

struct inheritance {
	struct taskpool *pool;
	struct taskpool_job *ran, *canceled, *running, *waiting, *delayed;
	struct probe probes[5];
};

static void expect_ended(struct taskpool_job *job, int outcome)
{
	expect(taskpool_job_outcome(job) == outcome);
	expect(taskpool_job_wait(job, 0) == 0);
	expect(taskpool_job_wait(job, TASKPOOL_FOREVER) == 0);
	expect(taskpool_job_cancel(job) == -EALREADY);
}

static void expect_unknown(struct taskpool_job *job)
{
	expect(taskpool_job_outcome(job) == -EOWNERDEAD);
	expect(taskpool_job_wait(job, 0) == -EOWNERDEAD);
	expect(taskpool_job_wait(job, SECOND) == -EOWNERDEAD);
	expect(taskpool_job_wait(job, TASKPOOL_FOREVER) == -EOWNERDEAD);
	expect(taskpool_job_cancel(job) == -EOWNERDEAD);
}

static void expect_handles(struct inheritance *inherited)
{
	expect_ended(inherited->ran, TASKPOOL_RAN);
	expect_ended(inherited->canceled, TASKPOOL_CANCELED);
	expect_unknown(inherited->running);
	expect_unknown(inherited->waiting);
	expect_unknown(inherited->delayed);
	expect(taskpool_job_ref(inherited->running) == inherited->running);
	taskpool_job_unref(inherited->running);
}

static void expect_calls_on_keys_refused(struct taskpool *pool)
{
	struct taskpool_hot_key hot = { .size = sizeof(hot), .queued = 77 };
	struct taskpool_task task = make_task("key", forbidden_job, NULL);
	struct taskpool_job *job = NULL;

	for (size_t i = 0; i < LENGTH(key_calls); i++) {
		expect(key_calls[i](pool, "key", 3) == -EOWNERDEAD);
		expect(key_calls[i](pool, "never seen", 10) == -EOWNERDEAD);
	}
	expect(taskpool_key_wait(pool, "key", 3, TASKPOOL_FOREVER) == -EOWNERDEAD);
	expect(taskpool_hot_keys(pool, &hot, 1) == -EOWNERDEAD);
	expect(hot.queued == 77);
	task.flags = TASKPOOL_REPLACE;
	expect(taskpool_submit_task(pool, &task, &job) == -EOWNERDEAD);
	task.flags = 0;
	task.delay = 1;
	expect(taskpool_submit_task(pool, &task, &job) == -EOWNERDEAD);
	expect(job == NULL);
}

static void release_handles(struct inheritance *inheritance)
{
	taskpool_job_unref(inheritance->ran);
	taskpool_job_unref(inheritance->canceled);
	taskpool_job_unref(inheritance->running);
	taskpool_job_unref(inheritance->waiting);
	taskpool_job_unref(inheritance->delayed);
}

static int use_in_child(void *arg)
{
	struct inheritance *inherited = arg;

	expect_handles(inherited);
	expect_calls_on_keys_refused(inherited->pool);
	if (CHILD_HAS_MALLOC) {
		taskpool_free(inherited->pool);
		expect_handles(inherited);
		release_handles(inherited);
	}
	for (unsigned i = 2; i < LENGTH(inherited->probes); i++)
		expect(probe_outcome(&inherited->probes[i]) == 0);
	return 0;
}

static void make_inheritance(struct inheritance *inheritance, unsigned placement)
{
	struct taskpool *pool = inheritance->pool = start_pool(2, 0, placement);
	struct probe *probes = inheritance->probes;
	struct taskpool_task task;

	submit_probe(pool, "key", tally_job, &probes[0], &inheritance->ran);
	ck_assert_int_eq(taskpool_job_wait(inheritance->ran, TASKPOOL_FOREVER), 0);
	submit_probe(pool, "key", gate_job, &probes[2], &inheritance->running);
	tally_wait(&probes[2].gate.entered, 1);
	submit_probe(pool, "key", forbidden_job, &probes[1], &inheritance->canceled);
	ck_assert_int_eq(taskpool_job_cancel(inheritance->canceled), 0);
	submit_probe(pool, "key", tally_job, &probes[3], &inheritance->waiting);
	task = probe_task("key", forbidden_job, &probes[4]);
	task.delay = INT64_MAX;
	submit_probe_task(pool, &task, &inheritance->delayed);
	ck_assert_int_eq(taskpool_key_pause(pool, "paused", 6), 0);
	ck_assert_int_eq(taskpool_key_limit(pool, "limited", 7, SECOND, 1), 0);
}

START_TEST(a_child_knows_only_what_had_ended)
{
	static struct inheritance inheritance;

	make_inheritance(&inheritance, (unsigned)_i);
	ck_assert_int_eq(in_child(use_in_child, &inheritance), 0);
	/* The parent notices nothing. */
	expect_ended(inheritance.ran, TASKPOOL_RAN);
	gate_open(&inheritance.probes[2].gate);
	ck_assert_int_eq(taskpool_job_wait(inheritance.waiting, TASKPOOL_FOREVER), 0);
	expect_ended(inheritance.running, TASKPOOL_RAN);
	expect_ended(inheritance.waiting, TASKPOOL_RAN);
	taskpool_free(inheritance.pool);
	expect_ended(inheritance.delayed, TASKPOOL_CANCELED);
	release_handles(&inheritance);
}
END_TEST

static struct call waiters[2];

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int wait_for_key(void *pool)
{
	return taskpool_key_wait(pool, "key", 3, TASKPOOL_FOREVER);
}

START_TEST(a_fork_while_others_wait_disturbs_nobody)
{
	static struct inheritance inheritance;

	make_inheritance(&inheritance, (unsigned)_i);
	call_begin(&waiters[0], wait_for_job, inheritance.waiting);
	ck_assert_int_eq(taskpool_job_cancel(inheritance.delayed), 0);
	call_begin(&waiters[1], wait_for_key, inheritance.pool);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(in_child(do_nothing, NULL), 0);
	gate_open(&inheritance.probes[2].gate);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(call_end(&waiters[i]), 0);
	taskpool_free(inheritance.pool);
	release_handles(&inheritance);
}
END_TEST

static struct taskpool_job *own;

/* No in_child here: another thread may be in one of Check's assertions, whose lock the child would find taken. */
static void fork_inside(struct taskpool_context *context, void *arg)
{
	pid_t child = fork();
	int status;

	(void)context;
	(void)arg;
	expect(child >= 0);
	if (child == 0) {
		expect_unknown(own);
		_exit(0);
	}
	expect(waitpid(child, &status, 0) == child);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

START_TEST(a_job_that_forks_ends_in_the_parent_alone)
{
	struct taskpool_task task = make_task("key", fork_inside, NULL);
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);

	submit_probe_task(pool, &task, &own);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_job_wait(own, TASKPOOL_FOREVER), 0);
	expect_ended(own, TASKPOOL_RAN);
	taskpool_job_unref(own);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_child_knows_only_what_had_ended,
		a_fork_while_others_wait_disturbs_nobody,
		a_job_that_forks_ends_in_the_parent_alone,
		NULL,
	};

	return run_suite("fork with handles", NULL, placed);
}
