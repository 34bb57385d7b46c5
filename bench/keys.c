/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The keys and the order in which they come.
 */
#include "keys.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapter.h"

void *bench_zeroed(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		bench_fail("calloc", "no memory");
	return memory;
}

bench_key *bench_keys(unsigned count)
{
	bench_key *keys = bench_zeroed(count, sizeof(*keys));

	for (unsigned i = 0; i < count; i++)
		snprintf(keys[i], sizeof(keys[i]), "user-%07u", i % 10000000U);
	return keys;
}

uint64_t bench_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}
