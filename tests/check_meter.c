/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "meter.h"
#include "suite.h"

START_TEST(a_bucket_reaches_from_a_power_of_two_to_the_next)
{
	ck_assert_uint_eq(tpi_meter_bucket(-5), 0);
	ck_assert_uint_eq(tpi_meter_bucket(0), 0);
	ck_assert_uint_eq(tpi_meter_bucket(1), 0);
	for (unsigned i = 1; i < 63; i++) {
		ck_assert_uint_eq(tpi_meter_bucket(INT64_C(1) << i), i);
		ck_assert_uint_eq(tpi_meter_bucket((INT64_C(1) << i) - 1), i - 1);
	}
	ck_assert_uint_eq(tpi_meter_bucket(INT64_MAX), 62);
}
END_TEST

START_TEST(a_timed_job_counts_for_the_untimed_before_it)
{
	struct tpi_meter meter = {0};
	uint64_t wait[TPI_BUCKETS] = {0}, run[TPI_BUCKETS] = {0};

	tpi_meter_add(&meter.ran, 1);
	tpi_meter_time(&meter, 8, 1024);
	tpi_meter_add(&meter.ran, 16);
	tpi_meter_time(&meter, 16, 2048);
	tpi_meter_add(&meter.ran, 3);
	tpi_meter_sum(&meter, wait, run);
	ck_assert_uint_eq(wait[3], 1);
	ck_assert_uint_eq(run[10], 1);
	ck_assert_uint_eq(wait[4], 19);
	ck_assert_uint_eq(run[11], 19);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_bucket_reaches_from_a_power_of_two_to_the_next,
		a_timed_job_counts_for_the_untimed_before_it,
		NULL,
	};

	return run_suite("meter", tests, NULL);
}
