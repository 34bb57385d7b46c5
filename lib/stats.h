/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_STATS_H
#define TPI_STATS_H

#include <taskpool.h>

/* Fills the caller's report, whose size is valid. */
void tpi_stats_report(struct taskpool *pool, struct taskpool_report *report);

/* What the histograms are made of, in nanoseconds. */
void tpi_stats_sums(struct taskpool *pool, uint64_t *wait_ns, uint64_t *run_ns);

#endif
