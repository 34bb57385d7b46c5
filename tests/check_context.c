/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "context.h"
#include "suite.h"

/* The worker may have taken a job and not begun it when the pool stops. */
START_TEST(a_stop_is_not_lost_between_take_and_begin)
{
	struct taskpool_context context;
	struct tpi_strand strand = {0};

	ck_assert_int_eq(tpi_context_init(&context, NULL, 0), 0);
	ck_assert(!taskpool_context_canceled(&context));
	tpi_context_cancel(&context);
	tpi_context_begin(&context, &strand);
	ck_assert(taskpool_context_canceled(&context));
	ck_assert_int_eq(taskpool_context_sleep(&context, DEADLINE), -ECANCELED);
	tpi_context_end(&context);
	tpi_context_destroy(&context);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_stop_is_not_lost_between_take_and_begin,
		NULL,
	};

	return run_suite("context", tests, NULL);
}
