/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "notify.h"

int tpi_notify_open(struct tpi_notify *notify)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	notify->read_fd = notify->write_fd = fd;
	return 0;
}

void tpi_notify_close(struct tpi_notify *notify)
{
	if (notify->read_fd >= 0)
		close(notify->read_fd);
	notify->read_fd = notify->write_fd = -1;
}

void tpi_notify_set(struct tpi_notify *notify)
{
	uint64_t one = 1;
	int saved = errno;

	while (write(notify->write_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	errno = saved;
}
