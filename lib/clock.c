/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <time.h>

#include "clock.h"

int64_t tpi_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t tpi_deadline(int64_t timeout)
{
	int64_t now;

	if (timeout < 0)
		return TPI_NEVER;
	now = tpi_now();
	return timeout < TPI_NEVER - now ? now + timeout : TPI_NEVER;
}
