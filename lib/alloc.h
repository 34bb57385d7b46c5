/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_ALLOC_H
#define TPI_ALLOC_H

#include <stddef.h>

/* The library's only source of memory: a test puts its own in this file's place, and any call can be made to fail. */

/* Uninitialised; aligned to a cache line if `size` is a multiple of one, else as malloc. */
void *tpi_alloc(size_t size);

/* Zeroed; pages of a large block stay untouched until they are used. */
void *tpi_alloc_zero(size_t count, size_t size);

void tpi_release(void *memory);

#endif
