/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The keys that all workloads submit under: "user-0000000" and so on, made before any clock runs.
 */
#ifndef BENCH_KEYS_H
#define BENCH_KEYS_H

#include <stddef.h>
#include <stdint.h>

enum { BENCH_KEY_LEN = 12, BENCH_KEY_SIZE = 16 };

typedef char bench_key[BENCH_KEY_SIZE];

bench_key *bench_keys(unsigned count); /* fails the measurement rather than return NULL */

/* The order in which keys come: xorshift, the same in every run. The state must not be 0. */
uint64_t bench_random(uint64_t *state);

/* calloc that fails the measurement instead of returning NULL. */
void *bench_zeroed(size_t count, size_t size);

#endif
