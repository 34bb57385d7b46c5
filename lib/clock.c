/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <time.h>

#include "clock.h"

#ifdef CLOCK_MONOTONIC_COARSE
#define ROUGH_CLOCK CLOCK_MONOTONIC_COARSE
#else
#define ROUGH_CLOCK CLOCK_MONOTONIC
#endif

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t tpi_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t tpi_now_roughly(void)
{
	return read_clock(ROUGH_CLOCK);
}

int64_t tpi_deadline(int64_t timeout)
{
	int64_t now;

	if (timeout < 0)
		return TPI_NEVER;
	now = tpi_now();
	return timeout < TPI_NEVER - now ? now + timeout : TPI_NEVER;
}
