/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_CLOCK_H
#define TPI_CLOCK_H

#include <stdint.h>

#define TPI_NEVER INT64_MAX

/* Nanoseconds on CLOCK_MONOTONIC; above 0. */
int64_t tpi_now(void);

/* The same to within some milliseconds, never later, and cheaper where the system has such a clock. */
int64_t tpi_now_roughly(void);

/* The moment `timeout` ns from now; TPI_NEVER for a negative timeout or one beyond the end of time. */
int64_t tpi_deadline(int64_t timeout);

#endif
