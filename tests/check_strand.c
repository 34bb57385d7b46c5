/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <string.h>

#include "alloc.h"
#include "strand.h"
#include "suite.h"

static struct tpi_table table;

static struct tpi_record record_of(uint64_t tag, const void *key, size_t len)
{
	struct tpi_record record = {.tag = tag};

	ck_assert(tpi_record_set_key(&record, key, len));
	return record;
}

static struct tpi_strand *add(uint64_t tag, const void *key, size_t len)
{
	struct tpi_record record = record_of(tag, key, len);
	struct tpi_strand *strand = tpi_slab_take(&table.strands);

	strand->flags = 0;
	tpi_table_add(&table, strand, &record);
	tpi_record_drop_key(&record);
	return strand;
}

static struct tpi_strand *find(uint64_t tag, const void *key, size_t len)
{
	return tpi_table_find(&table, tag, key, len);
}

START_TEST(keys_are_told_apart_by_their_bytes_alone)
{
	struct tpi_strand *a, *b, *empty, *zero;

	ck_assert_int_eq(tpi_table_init(&table, 8), 0);
	a = add(5, "a", 1);
	b = add(5, "b", 1); /* the same tag */
	empty = add(5, "", 0);
	zero = add(5, "\0", 1);
	ck_assert_ptr_eq(find(5, "a", 1), a);
	ck_assert_ptr_eq(find(5, "b", 1), b);
	ck_assert_ptr_eq(find(5, "", 0), empty);
	ck_assert_ptr_eq(find(5, "\0", 1), zero);
	ck_assert_ptr_null(find(5, "c", 1));
	tpi_table_remove(&table, a);
	ck_assert_ptr_null(find(5, "a", 1));
	ck_assert_ptr_eq(find(5, "b", 1), b);
	tpi_table_clear(&table);
	ck_assert_uint_eq(table.count, 0);
	tpi_table_destroy(&table);
}
END_TEST

/* Around the lengths at which a key moves out of the record and of the strand; leaks show under ASan. */
START_TEST(keys_of_every_length_are_kept_whole)
{
	char key[64];

	memset(key, 'k', sizeof(key));
	ck_assert_int_eq(tpi_table_init(&table, 64), 0);
	for (size_t len = 0; len < sizeof(key); len++)
		ck_assert_ptr_nonnull(add(len, key, len));
	for (size_t len = 0; len < sizeof(key); len++) {
		struct tpi_strand *strand = find(len, key, len);

		ck_assert_ptr_nonnull(strand);
		ck_assert_uint_eq(strand->key_len, len);
		ck_assert_mem_eq(tpi_strand_key(strand), key, len);
		tpi_table_remove(&table, strand);
	}
	ck_assert_uint_eq(table.count, 0);
	tpi_table_destroy(&table);
}
END_TEST

START_TEST(jobs_leave_a_strand_in_their_order)
{
	struct tpi_strand strand = {0};
	struct tpi_job jobs[5];

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < LENGTH(jobs); i++)
			tpi_strand_append(&strand, &jobs[i]);
		for (unsigned i = 0; i < LENGTH(jobs); i++)
			ck_assert_ptr_eq(tpi_strand_pop(&strand), &jobs[i]);
		ck_assert_ptr_null(strand.last);
	}
}
END_TEST

/* Every job taken out or exchanged, in queues of every length. */
START_TEST(a_job_leaves_from_any_place)
{
	struct tpi_job jobs[5], fresh = {0};

	for (unsigned length = 1; length <= LENGTH(jobs); length++)
		for (unsigned which = 0; which < 2 * length; which++) {
			bool swap = which >= length;
			struct tpi_strand strand = {0};

			for (unsigned i = 0; i < length; i++)
				tpi_strand_append(&strand, &jobs[i]);
			if (swap)
				tpi_strand_swap(&strand, &jobs[which - length], &fresh);
			else
				tpi_strand_remove(&strand, &jobs[which]);
			for (unsigned i = 0; i < length; i++)
				if (swap && i == which - length)
					ck_assert_ptr_eq(tpi_strand_pop(&strand), &fresh);
				else if (swap || i != which)
					ck_assert_ptr_eq(tpi_strand_pop(&strand), &jobs[i]);
			ck_assert_ptr_null(strand.last);
		}
}
END_TEST

/* The links stay right for the next removal, too. */
START_TEST(jobs_leave_in_any_order)
{
	struct tpi_job jobs[8];
	unsigned state = 1;

	for (unsigned round = 0; round < 1000; round++) {
		struct tpi_strand strand = {0};
		bool there[LENGTH(jobs)];

		for (unsigned i = 0; i < LENGTH(jobs); i++) {
			tpi_strand_append(&strand, &jobs[i]);
			there[i] = true;
		}
		for (unsigned removed = 0; removed < 6;) {
			unsigned which = (state = state * 1103515245 + 12345) >> 16 & 7;

			if (!there[which])
				continue;
			tpi_strand_remove(&strand, &jobs[which]);
			there[which] = false;
			removed++;
		}
		for (unsigned i = 0; i < LENGTH(jobs); i++)
			if (there[i])
				ck_assert_ptr_eq(tpi_strand_pop(&strand), &jobs[i]);
		ck_assert_ptr_null(strand.last);
	}
}
END_TEST

START_TEST(strands_and_jobs_are_one_cache_line_each)
{
	ck_assert_uint_le(sizeof(struct tpi_strand), 64);
	ck_assert_uint_le(sizeof(struct tpi_job), 64);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		keys_are_told_apart_by_their_bytes_alone,
		keys_of_every_length_are_kept_whole,
		jobs_leave_a_strand_in_their_order,
		a_job_leaves_from_any_place,
		jobs_leave_in_any_order,
		strands_and_jobs_are_one_cache_line_each,
		NULL,
	};

	return run_suite("strand", tests, NULL);
}
