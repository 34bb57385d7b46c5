/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_HASH_H
#define TPI_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 32 bits (Fowler, Noll, Vo): names the home worker, as the contract says. */
uint32_t tpi_fnv1a(const void *key, size_t len);

/* SipHash-2-4 (Aumasson, Bernstein): for keys that an attacker may choose. */
uint64_t tpi_siphash(const uint64_t seed[2], const void *key, size_t len);

/* A seeded hash for the tables: eight bytes at a time through folded 64 x 64 bit multiplication, as in wyhash. */
uint64_t tpi_fold_hash(const uint64_t seed[2], const void *key, size_t len);

/* Fills `seed` from the system's random source, or from what differs between processes where that fails. */
void tpi_hash_seed(uint64_t seed[2]);

#endif
