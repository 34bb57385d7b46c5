/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Time as the workloads need it.
 */
#include "clock.h"

#include <time.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

int64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void bench_sleep_until(int64_t moment)
{
	const struct timespec until = { (time_t)(moment / 1000000000), (long)(moment % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
		;
}

void bench_busy(int64_t duration)
{
	const int64_t until = bench_now() + duration;

	while (bench_now() < until)
		;
}

void bench_sleep_precisely(void)
{
#ifdef __linux__
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
#endif
}
