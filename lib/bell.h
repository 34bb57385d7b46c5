/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_BELL_H
#define TPI_BELL_H

#include <stdint.h>

/* A descriptor that becomes readable at a given time: a timerfd. Elsewhere there is none. */

/* A descriptor, close-on-exec and non-blocking, or a negative errno: -ENOTSUP where the system has no such thing. */
int tpi_bell_open(void);
void tpi_bell_close(int fd);

/* Makes it readable from this time (tpi_now) on, and not before: 0 at once, TPI_NEVER not at all. */
void tpi_bell_set(int fd, int64_t time);

#endif
