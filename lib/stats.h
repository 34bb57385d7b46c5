/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_STATS_H
#define TPI_STATS_H

#include <taskpool.h>

/* Fills the caller's report, whose size is valid. */
void tpi_stats_report(struct taskpool *pool, struct taskpool_report *report);

#endif
