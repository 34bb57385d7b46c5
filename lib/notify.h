/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_NOTIFY_H
#define TPI_NOTIFY_H

/* A descriptor that can be made readable: an eventfd, or a pipe where there is none. */
struct tpi_notify {
	int read_fd; /* -1: closed */
	int write_fd;
};

#define TPI_NOTIFY_CLOSED {-1, -1}

/* 0 or a negative errno; both ends are close-on-exec and non-blocking. */
int tpi_notify_open(struct tpi_notify *notify);
void tpi_notify_close(struct tpi_notify *notify);

/* Makes it readable, if it was not. */
void tpi_notify_set(struct tpi_notify *notify);

#endif
