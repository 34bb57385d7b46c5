/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The report: a table for people on standard output, the same and every round's figures as JSON.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "bench.h"

void report_head(const struct options *options, const struct adapter *const *adapters); /* before the first round */
void report_table(const struct rows *rows);
int report_json(const struct rows *rows, const struct options *options, const struct adapter *const *adapters);

/*
 * The rows that others are compared with: the mutex ring in the same cell, and the hand-over limit with as many keys
 * and as much room (it has one reader and one producer). NULL: not measured, or it failed.
 */
const struct row *report_ring(const struct rows *rows, const struct row *row);
const struct row *report_limit(const struct rows *rows, const struct row *row);

/* The median of the metric that decides; 0: none. */
double report_deciding(const struct row *row);

#endif
