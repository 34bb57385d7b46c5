/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>

#include "bell.h"

int tpi_bell_open(void)
{
	return -ENOTSUP;
}

void tpi_bell_close(int fd)
{
	(void)fd;
}

void tpi_bell_set(int fd, int64_t time)
{
	(void)fd, (void)time;
}
