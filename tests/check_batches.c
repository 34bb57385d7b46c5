/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool_submit_batch: in order, up to the first that is not accepted.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static struct journal journal;
static struct note notes[1000];

static struct taskpool_task note_task(const char *key, unsigned value)
{
	notes[value] = (struct note){ &journal, value };
	return make_task(key, note_job, &notes[value]);
}

static void check_journal(unsigned count)
{
	ck_assert_uint_eq(journal.count, count);
	for (unsigned i = 0; i < count; i++)
		ck_assert_uint_eq(journal.entries[i], i);
}

START_TEST(a_batch_runs_in_its_order)
{
	struct taskpool *pool = start_pool(2, 0, (unsigned)_i);
	struct taskpool_task tasks[300];
	size_t accepted = 7;

	journal_init(&journal);
	for (unsigned i = 0; i < LENGTH(tasks); i++)
		tasks[i] = note_task("key", i);
	/* It is longer than the queue. */
	ck_assert_int_eq(taskpool_submit_batch(pool, tasks, LENGTH(tasks), &accepted), 0);
	ck_assert_uint_eq(accepted, LENGTH(tasks));
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	check_journal(LENGTH(tasks));
	taskpool_free(pool);
}
END_TEST

START_TEST(a_batch_mixes_keys_ends_and_jobs_without_a_key)
{
	struct taskpool *pool = start_pool(3, 0, (unsigned)_i);
	struct taskpool_task tasks[200];
	struct endings endings;

	endings_init(&endings);
	for (unsigned i = 0; i < LENGTH(tasks); i++) {
		static const char *const keys[] = { "a", "b", NULL, "", "a key longer than any that fits in a record" };

		tasks[i] = make_task(keys[i % LENGTH(keys)], nothing_job, &endings);
		tasks[i].end = endings_end;
	}
	ck_assert_int_eq(taskpool_submit_batch(pool, tasks, LENGTH(tasks), NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_uint_eq(tally_read(&endings.ran), LENGTH(tasks));
	taskpool_free(pool);
}
END_TEST

START_TEST(a_batch_is_accepted_as_far_as_there_is_room)
{
	struct taskpool *pool = make_pool(1, 3, (unsigned)_i);
	struct taskpool_task tasks[5];
	size_t accepted = 7;

	journal_init(&journal);
	for (unsigned i = 0; i < LENGTH(tasks); i++) {
		tasks[i] = note_task("key", i);
		tasks[i].timeout = 0;
	}
	ck_assert_int_eq(taskpool_submit_batch(pool, tasks, LENGTH(tasks), &accepted), -EAGAIN);
	ck_assert_uint_eq(accepted, 3);
	tasks[3].timeout = MILLISECOND;
	ck_assert_int_eq(taskpool_submit_batch(pool, &tasks[3], 2, &accepted), -ETIMEDOUT);
	ck_assert_uint_eq(accepted, 0);
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	ck_assert_int_eq(taskpool_submit_batch(pool, &tasks[3], 2, &accepted), 0);
	ck_assert_uint_eq(accepted, 2);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	check_journal(5);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_batch_stops_at_its_first_bad_task)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);

	for (unsigned bad = 0; bad < 6; bad++) {
		struct taskpool_task tasks[4];
		size_t accepted = 7;
		int error = -EINVAL;

		for (unsigned i = 0; i < LENGTH(tasks); i++)
			tasks[i] = make_task("key", nothing_job, NULL);
		switch (bad) {
		case 0:
			tasks[2].run = NULL;
			break;
		case 1:
			tasks[2].flags = 1u << 31;
			break;
		case 2:
			tasks[2].key = NULL;
			break;
		case 3:
			tasks[2].key_len = TASKPOOL_KEY_MAX + 1;
			error = -ENAMETOOLONG;
			break;
		case 4:
			tasks[2].delay = -1;
			break;
		case 5:
			tasks[2].ttl = -1;
			break;
		}
		ck_assert_int_eq(taskpool_submit_batch(pool, tasks, LENGTH(tasks), &accepted), error);
		ck_assert_uint_eq(accepted, 2);
	}
	taskpool_free(pool);
}
END_TEST

START_TEST(an_empty_batch_is_accepted)
{
	struct taskpool *pool = make_pool(1, 0, (unsigned)_i);
	struct taskpool_task task = make_task("key", forbidden_job, NULL);
	size_t accepted = 7;

	ck_assert_int_eq(taskpool_submit_batch(pool, &task, 0, &accepted), 0);
	ck_assert_uint_eq(accepted, 0);
	taskpool_free(pool);
}
END_TEST

/* An array of `count` tasks, each `size` bytes large, whether larger or smaller than the library's struct. */
static char *spread(const struct taskpool_task *tasks, size_t count, size_t size)
{
	char *array = calloc(count, size);

	ck_assert_ptr_nonnull(array);
	for (size_t i = 0; i < count; i++) {
		memcpy(array + i * size, &tasks[i], size < sizeof(*tasks) ? size : sizeof(*tasks));
		memcpy(array + i * size, &size, sizeof(size));
	}
	return array;
}

START_TEST(the_first_size_is_the_stride)
{
	static const size_t sizes[] = { offsetof(struct taskpool_task, ttl), sizeof(struct taskpool_task),
					sizeof(struct taskpool_task) + 8, 2 * sizeof(struct taskpool_task) };

	for (size_t s = 0; s < LENGTH(sizes); s++) {
		struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
		struct taskpool_task tasks[20];
		size_t accepted = 7;
		char *array;

		journal_init(&journal);
		for (unsigned i = 0; i < LENGTH(tasks); i++)
			tasks[i] = note_task("key", i);
		array = spread(tasks, LENGTH(tasks), sizes[s]);
		ck_assert_int_eq(taskpool_submit_batch(pool, (void *)array, LENGTH(tasks), &accepted), 0);
		ck_assert_uint_eq(accepted, LENGTH(tasks));
		ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
		check_journal(LENGTH(tasks));
		taskpool_free(pool);
		free(array);
	}
}
END_TEST

START_TEST(unequal_sizes_are_refused)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	struct taskpool_task tasks[4];
	size_t accepted = 7;

	journal_init(&journal);
	for (unsigned i = 0; i < LENGTH(tasks); i++)
		tasks[i] = note_task("key", i);
	tasks[2].size -= 8;
	ck_assert_int_eq(taskpool_submit_batch(pool, tasks, LENGTH(tasks), &accepted), -EINVAL);
	ck_assert_uint_le(accepted, 2);
	tasks[0].size = sizeof(size_t) - 1;
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	check_journal((unsigned)accepted);
	ck_assert_int_eq(taskpool_submit_batch(pool, tasks, LENGTH(tasks), &accepted), -EINVAL);
	ck_assert_uint_eq(accepted, 0);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_dirty_tail_in_a_batch_is_refused)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	const size_t size = sizeof(struct taskpool_task) + 8;
	struct taskpool_task tasks[4];
	size_t accepted = 7;
	char *array;

	journal_init(&journal);
	for (unsigned i = 0; i < LENGTH(tasks); i++)
		tasks[i] = note_task("key", i);
	array = spread(tasks, LENGTH(tasks), size);
	array[3 * size - 1] = 1;
	ck_assert_int_eq(taskpool_submit_batch(pool, (void *)array, LENGTH(tasks), &accepted), -E2BIG);
	ck_assert_uint_eq(accepted, 2);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	check_journal(2);
	free(array);
	taskpool_free(pool);
}
END_TEST

struct batcher {
	struct taskpool *pool;
	_Atomic(pid_t) id;
	size_t accepted;
	int error;
};

static void *submit_batch_in_thread(void *arg)
{
	struct batcher *batcher = arg;
	struct taskpool_task tasks[10];

	for (unsigned i = 0; i < LENGTH(tasks); i++)
		tasks[i] = make_task("key", forbidden_job, NULL);
	batcher->id = thread_id();
	batcher->error = taskpool_submit_batch(batcher->pool, tasks, LENGTH(tasks), &batcher->accepted);
	return NULL;
}

START_TEST(stop_interrupts_a_blocked_batch)
{
	struct batcher batcher = { .pool = make_pool(1, 4, (unsigned)_i) };
	pthread_t thread = spawn(submit_batch_in_thread, &batcher);

	while (batcher.id == 0 && count_threads())
		pause_shortly();
	await_asleep(batcher.id);
	ck_assert_int_eq(taskpool_request_stop(batcher.pool), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(batcher.error, -ECANCELED);
	ck_assert_uint_eq(batcher.accepted, 4);
	taskpool_free(batcher.pool);
}
END_TEST

static void submit_batch_in_job(struct taskpool_context *context, void *ran)
{
	struct taskpool_task tasks[20];

	for (unsigned i = 0; i < LENGTH(tasks); i++)
		tasks[i] = make_task(i % 2 ? "key" : NULL, tally_job, ran);
	ck_assert_int_eq(taskpool_submit_batch(taskpool_context_pool(context), tasks, LENGTH(tasks), NULL), 0);
}

START_TEST(a_batch_inside_a_job_never_blocks)
{
	struct taskpool *pool = start_pool(1, 2, (unsigned)_i);
	struct tally ran;

	tally_init(&ran);
	ck_assert_int_eq(taskpool_submit(pool, "key", submit_batch_in_job, &ran), 0);
	tally_wait(&ran, 20);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *placed[] = {
		a_batch_runs_in_its_order,
		a_batch_mixes_keys_ends_and_jobs_without_a_key,
		a_batch_is_accepted_as_far_as_there_is_room,
		a_batch_stops_at_its_first_bad_task,
		an_empty_batch_is_accepted,
		the_first_size_is_the_stride,
		unequal_sizes_are_refused,
		a_dirty_tail_in_a_batch_is_refused,
		stop_interrupts_a_blocked_batch,
		a_batch_inside_a_job_never_blocks,
		NULL,
	};

	return run_suite("batches", NULL, placed);
}
