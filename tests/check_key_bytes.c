/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Keys are bytes with a length, compared exactly, copied at once.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "suite.h"

static int submit_bytes(struct taskpool *pool, const void *key, size_t length, taskpool_run_fn *run, void *arg)
{
	struct taskpool_task task = make_task(NULL, run, arg);

	task.key = key;
	task.key_len = length;
	return taskpool_submit_task(pool, &task, NULL);
}

/* Whether jobs of the second key run while a job of the first is in. */
static void check_apart(const void *first, size_t first_length, const void *second, size_t second_length)
{
	struct taskpool *pool = start_pool(2, 0, TASKPOOL_FLOATING);
	struct tally ran;
	struct gate gate;

	gate_init(&gate);
	tally_init(&ran);
	ck_assert_int_eq(submit_bytes(pool, first, first_length, gate_job, &gate), 0);
	tally_wait(&gate.entered, 1);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(submit_bytes(pool, second, second_length, tally_job, &ran), 0);
	tally_wait(&ran, 3);
	gate_open(&gate);
	taskpool_free(pool);
}

START_TEST(keys_that_differ_in_one_byte_or_in_length_are_apart)
{
	static char first[TASKPOOL_KEY_MAX], second[TASKPOOL_KEY_MAX];
	static const size_t lengths[] = { 1, 7, 8, 16, 23, 24, 25, 32, 64, 1000, TASKPOOL_KEY_MAX };

	for (size_t i = 0; i < LENGTH(lengths); i++) {
		size_t length = lengths[i];

		memset(first, 'k', length);
		memset(second, 'k', length);
		second[length - 1] = 'l';
		check_apart(first, length, second, length);
		check_apart(first, length, first, length - 1);
	}
}
END_TEST

START_TEST(a_nul_byte_is_a_byte_like_any_other)
{
	check_apart("a\0b", 3, "a\0c", 3);
	check_apart("a\0b", 3, "a", 1);
	check_apart("\0", 1, "", 0);
	check_apart("\0\0", 2, "\0", 1);
}
END_TEST

/* Found by birthday search. The suffix of a pair may be anything: equal states stay equal under equal bytes. */
START_TEST(keys_with_the_same_hash_are_apart)
{
	static const struct {
		const char *first, *second;
		size_t first_length, second_length;
	} pairs[] = {
		{ "costarring", "liquid", 10, 6 },
		{ "declinate", "macallums", 9, 9 },
		{ "altarage", "zinke", 8, 5 },
		{ "costarring, which is too long for a record now", "liquid, which is too long for a record now", 46,
		  42 },
		{ "k\0jomoygwx", "k\0oroocmta", 10, 10 },
		{ "a key that is too long to fit into a record, qkwekece",
		  "a key that is too long to fit into a record, bepfmbrj", 53, 53 },
	};

	for (unsigned i = 0; i < LENGTH(pairs); i++) {
		ck_assert_uint_eq(fnv1a(pairs[i].first, pairs[i].first_length),
				  fnv1a(pairs[i].second, pairs[i].second_length));
		check_apart(pairs[i].first, pairs[i].first_length, pairs[i].second, pairs[i].second_length);
		check_apart(pairs[i].second, pairs[i].second_length, pairs[i].first, pairs[i].first_length);
	}
}
END_TEST

START_TEST(the_empty_key_is_a_key)
{
	struct taskpool *pool = make_pool(4, 0, (unsigned)_i);
	static struct journal journal;
	struct note notes[30];

	journal_init(&journal);
	for (unsigned i = 0; i < LENGTH(notes); i++) {
		notes[i] = (struct note){ &journal, i };
		ck_assert_int_eq(i % 2 ? taskpool_submit(pool, "", note_job, &notes[i]) :
					 submit_bytes(pool, "anything", 0, note_job, &notes[i]), 0);
	}
	ck_assert_int_eq(taskpool_start(pool), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (unsigned i = 0; i < LENGTH(notes); i++)
		ck_assert_uint_eq(journal.entries[i], i);
	taskpool_free(pool);
	check_apart("", 0, NULL, 0);
}
END_TEST

START_TEST(jobs_without_a_key_run_side_by_side)
{
	struct taskpool *pool = start_pool(4, 0, TASKPOOL_FLOATING);
	struct gate gate;

	gate_init(&gate);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(taskpool_submit(pool, NULL, gate_job, &gate), 0);
	tally_wait(&gate.entered, 4);
	gate_open(&gate);
	taskpool_free(pool);
}
END_TEST

START_TEST(a_key_one_byte_too_long_is_refused)
{
	struct taskpool *pool = start_pool(1, 0, (unsigned)_i);
	char *key = malloc(TASKPOOL_KEY_MAX + 2);

	ck_assert_ptr_nonnull(key);
	memset(key, 'k', TASKPOOL_KEY_MAX + 2);
	key[TASKPOOL_KEY_MAX + 1] = '\0';
	ck_assert_int_eq(taskpool_submit(pool, key, forbidden_job, NULL), -ENAMETOOLONG);
	ck_assert_int_eq(submit_bytes(pool, key, TASKPOOL_KEY_MAX + 1, forbidden_job, NULL), -ENAMETOOLONG);
	ck_assert_int_eq(submit_bytes(pool, key, SIZE_MAX, forbidden_job, NULL), -ENAMETOOLONG);
	key[TASKPOOL_KEY_MAX] = '\0';
	ck_assert_int_eq(taskpool_submit(pool, key, nothing_job, NULL), 0);
	ck_assert_int_eq(submit_bytes(pool, key, TASKPOOL_KEY_MAX, nothing_job, NULL), 0);
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	free(key);
	taskpool_free(pool);
}
END_TEST

struct expected_key {
	size_t length;
	unsigned char fill;
	struct tally seen;
};

static void check_key(struct taskpool_context *context, void *arg)
{
	struct expected_key *expected = arg;
	const unsigned char *key;
	size_t length;

	key = taskpool_context_key(context, &length);
	ck_assert_ptr_nonnull(key);
	ck_assert_ptr_eq(taskpool_context_key(context, NULL), key);
	ck_assert_uint_eq(length, expected->length);
	for (size_t i = 0; i < length; i++)
		expect(key[i] == expected->fill);
	tally_add(&expected->seen);
}

START_TEST(the_buffer_of_a_key_is_free_again_at_once)
{
	static const size_t lengths[] = { 0, 1, 8, 22, 23, 24, 25, 26, 31, 32, 33, 63, 64, 65, 255, 4096, 65535 };
	struct taskpool *pool = make_pool(2, 0, (unsigned)_i);
	struct expected_key keys[2 * LENGTH(lengths)];

	for (size_t i = 0; i < LENGTH(keys); i++) {
		struct expected_key *key = &keys[i];
		char *buffer;

		key->length = lengths[i % LENGTH(lengths)];
		key->fill = (unsigned char)(i * 37);
		tally_init(&key->seen);
		buffer = malloc(key->length + 1);
		ck_assert_ptr_nonnull(buffer);
		memset(buffer, key->fill, key->length);
		ck_assert_int_eq(submit_bytes(pool, buffer, key->length, check_key, key), 0);
		memset(buffer, 'x', key->length);
		free(buffer);
		if (i + 1 == LENGTH(lengths)) /* one half is accepted before, the other while it runs */
			ck_assert_int_eq(taskpool_start(pool), 0);
	}
	ck_assert_int_eq(taskpool_wait(pool, TASKPOOL_FOREVER), 0);
	for (size_t i = 0; i < LENGTH(keys); i++)
		ck_assert_uint_eq(tally_read(&keys[i].seen), 1);
	taskpool_free(pool);
}
END_TEST

START_TEST(equal_bytes_at_different_places_are_one_key)
{
	struct taskpool *pool = start_pool(4, 0, (unsigned)_i);
	static const char a[] = "the same key, longer than any that fits inside a record",
			  b[] = "the same key, longer than any that fits inside a record";
	struct endings endings;
	struct gate gate;

	endings_init(&endings);
	gate_init(&gate);
	ck_assert_int_eq(taskpool_submit(pool, a, gate_job, &gate), 0);
	tally_wait(&gate.entered, 1);
	ck_assert_int_eq(submit_with_end(pool, b, forbidden_job, endings_end, &endings), 0);
	ck_assert_int_eq(submit_bytes(pool, b, sizeof(b) - 1, forbidden_job, NULL), 0);
	ck_assert_int_eq(submit_bytes(pool, a, sizeof(a), nothing_job, NULL), 0); /* with its NUL it is another */
	ck_assert_int_eq(taskpool_wait(pool, MILLISECOND), -ETIMEDOUT);
	ck_assert_int_eq(taskpool_request_stop(pool), 0);
	ck_assert_uint_eq(tally_read(&endings.canceled), 1);
	gate_open(&gate);
	taskpool_free(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		keys_that_differ_in_one_byte_or_in_length_are_apart,
		a_nul_byte_is_a_byte_like_any_other,
		keys_with_the_same_hash_are_apart,
		jobs_without_a_key_run_side_by_side,
		NULL,
	};
	const TTest *placed[] = {
		the_empty_key_is_a_key,
		a_key_one_byte_too_long_is_refused,
		the_buffer_of_a_key_is_free_again_at_once,
		equal_bytes_at_different_places_are_one_key,
		NULL,
	};

	return run_suite("key bytes", tests, placed);
}
