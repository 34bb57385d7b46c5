/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_KEY_H
#define TPI_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "pool.h"

/* A key that a call looks at, with its shard's lock held. */
struct tpi_key {
	struct taskpool *pool;
	struct tpi_shard *shard;
	struct tpi_strand *strand; /* NULL: no job of the key waits or runs */
	const void *bytes;
	size_t len;
	uint64_t tag;
};

/* 0 with the lock held, or an error. */
int tpi_key_enter(struct tpi_key *key, struct taskpool *pool, const void *bytes, size_t len);

/* Drops the lock; returns `result`. */
int tpi_key_leave(struct tpi_key *key, int result);

#endif
