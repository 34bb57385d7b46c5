/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdint.h>

#include "slab.h"
#include "suite.h"

START_TEST(blocks_are_distinct_and_count_exactly)
{
	struct tpi_slab slab;
	uint64_t *blocks[10];

	ck_assert_int_eq(tpi_slab_init(&slab, sizeof(uint64_t), LENGTH(blocks)), 0);
	for (unsigned i = 0; i < LENGTH(blocks); i++) {
		blocks[i] = tpi_slab_take(&slab);
		ck_assert_ptr_nonnull(blocks[i]);
		*blocks[i] = i;
	}
	ck_assert_ptr_null(tpi_slab_take(&slab));
	for (unsigned i = 0; i < LENGTH(blocks); i++)
		ck_assert_uint_eq(*blocks[i], i);
	tpi_slab_destroy(&slab);
}
END_TEST

START_TEST(what_was_given_back_last_is_taken_first)
{
	struct tpi_slab slab;
	void *a, *b;

	ck_assert_int_eq(tpi_slab_init(&slab, 64, 2), 0);
	a = tpi_slab_take(&slab);
	b = tpi_slab_take(&slab);
	tpi_slab_give(&slab, b);
	tpi_slab_give(&slab, a);
	ck_assert_ptr_eq(tpi_slab_take(&slab), a);
	ck_assert_ptr_eq(tpi_slab_take(&slab), b);
	ck_assert_ptr_null(tpi_slab_take(&slab));
	tpi_slab_destroy(&slab);
}
END_TEST

START_TEST(a_slab_that_cannot_be_is_refused)
{
	struct tpi_slab slab;

	ck_assert_int_eq(tpi_slab_init(&slab, 64, SIZE_MAX / 2), -ENOMEM);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		blocks_are_distinct_and_count_exactly,
		what_was_given_back_last_is_taken_first,
		a_slab_that_cannot_be_is_refused,
		NULL,
	};

	return run_suite("slab", tests, NULL);
}
