/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "bell.h"
#include "clock.h"

int tpi_bell_open(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	return fd >= 0 ? fd : -errno;
}

void tpi_bell_close(int fd)
{
	close(fd);
}

void tpi_bell_set(int fd, int64_t time)
{
	struct itimerspec when = {{0, 0}, {0, 0}}; /* zero: never */
	int saved = errno;

	if (time != TPI_NEVER) {
		time = time > 0 ? time : 1;
		when.it_value.tv_sec = (time_t)(time / 1000000000);
		when.it_value.tv_nsec = (long)(time % 1000000000);
	}
	timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
	errno = saved;
}
