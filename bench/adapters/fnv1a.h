/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * FNV-1a, 32 bit: how the peers that bind a key to a worker choose it, and libtaskpool by default.
 */
#ifndef BENCH_FNV1A_H
#define BENCH_FNV1A_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t fnv1a(const char *key, size_t length)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)key[i]) * 16777619U;
	return hash;
}

#endif
