/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "notify.h"

static int prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int tpi_notify_open(struct tpi_notify *notify)
{
	int ends[2];
	int error;

	if (pipe(ends) < 0)
		return -errno;
	error = prepare(ends[0]);
	if (error == 0)
		error = prepare(ends[1]);
	notify->read_fd = ends[0];
	notify->write_fd = ends[1];
	if (error != 0)
		tpi_notify_close(notify);
	return error;
}

void tpi_notify_close(struct tpi_notify *notify)
{
	if (notify->read_fd >= 0) {
		close(notify->read_fd);
		close(notify->write_fd);
	}
	notify->read_fd = notify->write_fd = -1;
}

/* A full pipe is readable already. */
void tpi_notify_set(struct tpi_notify *notify)
{
	int saved = errno;

	while (write(notify->write_fd, "", 1) < 0 && errno == EINTR)
		;
	errno = saved;
}
