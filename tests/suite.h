/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * A Check suite in one call. Every test runs in a process of its own.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <errno.h>

#include "support.h"

/* What `make check` reports as skipped. */
#define SKIPPED 77

/*
 * Runs the tests of both arrays, which end with NULL and may be NULL; those in `placed` run twice, with _i as the
 * placement. Returns what main returns.
 */
int run_suite(const char *name, const TTest *const *tests, const TTest *const *placed);

/* Runs `body` in a forked child and returns its exit status, or -1 if the child was killed or does not end. */
int in_child(int (*body)(void *arg), void *arg);

#endif
