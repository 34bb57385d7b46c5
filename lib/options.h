/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_OPTIONS_H
#define TPI_OPTIONS_H

#include <taskpool.h>

#define TPI_WORKERS_MAX 16384u
#define TPI_CAPACITY_MAX (1u << 26)
#define TPI_NAME_MAX 15

/*
 * Reads the caller's options (NULL: none) over the defaults and checks them: 0, -EINVAL or -E2BIG. No
 * field is left at 0 that has a default.
 */
int tpi_options_read(struct taskpool_options *options, const struct taskpool_options *caller);

/* Reads and checks a task in the same way. */
int tpi_task_read(struct taskpool_task *task, const struct taskpool_task *caller);

#endif
