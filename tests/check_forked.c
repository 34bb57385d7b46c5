/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * fork: the child has no workers and is told so; the parent notices nothing.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

static struct endings endings;

/* Every call on a pool made before the fork. */
static int use_inherited(void *inherited)
{
	struct taskpool_worker_stats worker_stats = { .size = sizeof(worker_stats) };
	struct taskpool_report report = { .size = sizeof(report) };
	struct taskpool_stats stats = { .size = sizeof(stats) };
	struct taskpool_task task = make_task("key", forbidden_job, &endings);
	struct taskpool *pool = inherited;
	size_t accepted = 7;

	task.end = endings_end;
	expect(taskpool_workers(pool) == 2);
	expect(taskpool_wait(pool, TASKPOOL_FOREVER) == -EOWNERDEAD);
	expect(taskpool_wait(pool, 0) == -EOWNERDEAD);
	expect(taskpool_start(pool) == -EOWNERDEAD);
	expect(taskpool_submit(pool, "key", forbidden_job, NULL) == -EOWNERDEAD);
	expect(taskpool_submit(pool, NULL, forbidden_job, NULL) == -EOWNERDEAD);
	expect(taskpool_submit_task(pool, &task, NULL) == -EOWNERDEAD);
	expect(taskpool_submit_batch(pool, &task, 1, &accepted) == -EOWNERDEAD);
	expect(accepted == 0);
	expect(taskpool_stats(pool, &stats) == -EOWNERDEAD);
	expect(taskpool_worker_stats(pool, 0, &worker_stats) == -EOWNERDEAD);
	expect(taskpool_request_stop(pool) == -EOWNERDEAD);
	expect(taskpool_shutdown(pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, &report) == -EOWNERDEAD);
	expect(taskpool_shutdown(pool, 0, 0, NULL) == -EOWNERDEAD);
	expect(taskpool_stop(pool) == -EOWNERDEAD);
	expect(taskpool_workers(pool) == 2);
	taskpool_free(pool);
	expect(tally_read(&endings.ran) + tally_read(&endings.canceled) + tally_read(&endings.other) == 0);
	return 0;
}

START_TEST(every_call_on_an_inherited_pool_is_refused)
{
	struct taskpool *pool = make_pool(2, 10, (unsigned)_i);
	struct gate gate;

	gate_init(&gate);
	endings_init(&endings);
	ck_assert_int_eq(taskpool_submit(pool, "key", gate_job, &gate), 0);
	for (unsigned i = 0; i < 8; i++)
		ck_assert_int_eq(submit_with_end(pool, "key", nothing_job, endings_end, &endings), 0);
	ck_assert_int_eq(in_child(use_inherited, pool), 0); /* never started */
	ck_assert_int_eq(taskpool_start(pool), 0);
	tally_wait(&gate.entered, 1);
	ck_assert_int_eq(in_child(use_inherited, pool), 0); /* busy */
	gate_open(&gate);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(tally_read(&endings.ran), 8);
	endings_init(&endings);
	ck_assert_int_eq(in_child(use_inherited, pool), 0); /* idle */
	ck_assert_int_eq(taskpool_stop(pool), 0);
	ck_assert_int_eq(in_child(use_inherited, pool), 0); /* stopped */
	taskpool_free(pool);
}
END_TEST

static void use_own_pools(void)
{
	struct taskpool *pool = start_pool(2, 0, TASKPOOL_FLOATING), *shared = taskpool_default();
	struct tally done;

	tally_init(&done);
	expect(shared != NULL);
	for (unsigned i = 0; i < 20; i++) {
		expect(taskpool_submit(pool, i % 2 ? "key" : NULL, tally_job, &done) == 0);
		expect(taskpool_submit(shared, i % 2 ? "key" : NULL, tally_job, &done) == 0);
	}
	tally_wait(&done, 40);
	taskpool_free(pool);
	expect(taskpool_stop(shared) == 0);
}

static int use_all_pools(void *inherited)
{
	expect(taskpool_submit(inherited, "key", forbidden_job, NULL) == -EOWNERDEAD);
	if (CHILD_HAS_THREADS && CHILD_HAS_MALLOC)
		use_own_pools();
	expect(taskpool_wait(inherited, TASKPOOL_FOREVER) == -EOWNERDEAD);
	if (CHILD_HAS_MALLOC)
		taskpool_free(inherited);
	return 0;
}

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

START_TEST(fork_at_any_moment_disturbs_nobody)
{
	struct taskpool *pool = start_pool(4, 10, (unsigned)_i);
	uint64_t seed = test_seed();
	pthread_t threads[3];

	for (size_t i = 0; i < LENGTH(threads); i++)
		threads[i] = spawn(keep_busy, pool);
	for (unsigned i = 0; i < 25; i++) {
		for (unsigned spins = random_below(&seed, 20000); spins; spins--)
			atomic_thread_fence(memory_order_seq_cst);
		ck_assert_int_eq(in_child(use_all_pools, pool), 0);
	}
	done = true;
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(ran, submitted);
	taskpool_free(pool);
}
END_TEST

static void *use_default(void *arg)
{
	(void)arg;
	expect(taskpool_submit(taskpool_default(), "key", nothing_job, NULL) == 0);
	return NULL;
}

static int use_default_in_child(void *arg)
{
	if (!CHILD_HAS_THREADS || !CHILD_HAS_MALLOC)
		return 0;
	use_default(arg);
	expect(taskpool_wait(taskpool_default(), TASKPOOL_FOREVER) == 0);
	expect(taskpool_stop(taskpool_default()) == 0);
	return 0;
}

static int fork_during_first_use(void *arg)
{
	pthread_t thread = spawn(use_default, NULL);
	uint64_t seed = test_seed() + *(unsigned *)arg;

	for (unsigned spins = random_below(&seed, 5000); spins; spins--)
		atomic_thread_fence(memory_order_seq_cst);
	if (in_child(use_default_in_child, NULL) != 0)
		return 1;
	pthread_join(thread, NULL);
	expect(taskpool_wait(taskpool_default(), TASKPOOL_FOREVER) == 0);
	expect(taskpool_stop(taskpool_default()) == 0);
	return 0;
}

START_TEST(fork_during_the_first_use_of_the_default_pool)
{
	test_seed(); /* once, not in each child */
	for (unsigned i = 0; i < 30 && CHILD_HAS_MALLOC; i++)
		ck_assert_int_eq(in_child(fork_during_first_use, &i), 0);
}
END_TEST

/* Shared with the children of jobs. */
struct family {
	pid_t parent;
	_Atomic(pid_t) child;
	_Atomic unsigned runs, ends_in_parent, ends_in_child;
	bool free_in_child, own_pool_in_child;
};

static struct family *family;

#ifdef SANITIZED_ADDRESS
/* A child that ends with its only thread has none whose stack could be searched for what is still in use. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return family && family->parent != getpid();
}
#endif

static void fork_inside(struct taskpool_context *context, void *arg)
{
	struct taskpool *pool = taskpool_context_pool(context);
	pid_t child = fork();

	(void)arg;
	family->runs++;
	expect(child >= 0);
	if (child != 0) {
		family->child = child;
		return;
	}
	alarm(60);
	expect(taskpool_submit(pool, "key", forbidden_job, NULL) == -EOWNERDEAD);
	expect(taskpool_stop(pool) == -EOWNERDEAD);
	expect(taskpool_wait(pool, TASKPOOL_FOREVER) == -EOWNERDEAD);
	if (family->own_pool_in_child)
		expect(use_default_in_child(NULL) == 0);
	if (family->free_in_child)
		taskpool_free(pool);
}

static void count_ends(void *arg, int outcome)
{
	(void)arg;
	expect(outcome == TASKPOOL_RAN);
	if (getpid() == family->parent)
		family->ends_in_parent++;
	else
		family->ends_in_child++;
}

static void check_fork_inside(unsigned placement, bool free_in_child, bool own_pool_in_child)
{
	struct taskpool *pool = start_pool(2, 0, placement);
	int status;

	family = mmap(NULL, sizeof(*family), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(family, MAP_FAILED);
	family->parent = getpid();
	family->free_in_child = free_in_child;
	family->own_pool_in_child = own_pool_in_child;
	ck_assert_int_eq(submit_with_end(pool, "key", fork_inside, count_ends, NULL), 0);
	ck_assert_int_eq(submit_with_end(pool, "key", nothing_job, count_ends, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(waitpid(family->child, &status, 0), family->child);
	/* The thread was the child's only one: with it the child ends as by exit(0). */
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_uint_eq(family->runs, 2);
	ck_assert_uint_eq(family->ends_in_parent, 2);
	ck_assert_uint_eq(family->ends_in_child, 0);
	taskpool_free(pool);
}

START_TEST(a_run_that_returns_in_a_child_ends_its_thread_without_end)
{
	if (CHILD_HAS_MALLOC) /* a thread that ends in the child needs it, too */
		check_fork_inside((unsigned)_i, false, false);
}
END_TEST

START_TEST(a_run_may_free_the_pool_in_a_child_and_return)
{
	if (CHILD_HAS_MALLOC) /* a thread that ends in the child needs it, too */
		check_fork_inside((unsigned)_i, true, false);
}
END_TEST

START_TEST(a_run_may_use_a_pool_of_its_own_in_a_child)
{
	if (CHILD_HAS_MALLOC) /* a thread that ends in the child needs it, too */
		check_fork_inside((unsigned)_i, false, true);
}
END_TEST

static int end_status;

static void fork_in_end(void *pool, int outcome)
{
	pid_t child = fork();
	int status;

	expect(outcome == TASKPOOL_CANCELED && child >= 0);
	if (child == 0) {
		alarm(60);
		end_status = -1;
		if (CHILD_HAS_MALLOC)
			taskpool_free(pool);
		return;
	}
	expect(waitpid(child, &status, 0) == child);
	end_status = WIFEXITED(status) ? WEXITSTATUS(status) : -2;
}

/* The other job's end is not called in the child. */
START_TEST(a_stop_whose_end_forks_says_so_in_the_child)
{
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct endings rest;
	int error;

	endings_init(&rest);
	ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, fork_in_end, pool), 0);
	ck_assert_int_eq(submit_with_end(pool, "key", forbidden_job, endings_end, &rest), 0);
	error = taskpool_stop(pool);
	if (end_status == -1)
		_exit(error == -EOWNERDEAD && tally_read(&rest.canceled) == 0 ? 0 : 1);
	ck_assert_int_eq(error, 0);
	ck_assert_int_eq(end_status, 0);
	ck_assert_uint_eq(tally_read(&rest.canceled), 1);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { fork_during_the_first_use_of_the_default_pool, NULL };
	const TTest *placed[] = {
		a_stop_whose_end_forks_says_so_in_the_child,
		every_call_on_an_inherited_pool_is_refused,
		fork_at_any_moment_disturbs_nobody,
		a_run_that_returns_in_a_child_ends_its_thread_without_end,
		a_run_may_free_the_pool_in_a_child_and_return,
		a_run_may_use_a_pool_of_its_own_in_a_child,
		NULL,
	};

	return run_suite("fork", tests, placed);
}
