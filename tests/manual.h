/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TESTS_MANUAL_H
#define TESTS_MANUAL_H

#include <stdint.h>

#include <taskpool.h>

/* Manual pools of `workers`, which bounds how many threads may run them at once. */
struct taskpool *make_manual(unsigned workers, unsigned capacity, uint64_t seed);
struct taskpool *start_manual(unsigned workers, unsigned capacity, uint64_t seed);

#endif
