/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_GROWABLE_H
#define TPI_GROWABLE_H

#include <stddef.h>

/*
 * Structs that begin with `size_t size`, the caller's idea of their length.
 */

/*
 * Copies the caller's struct over `known`, which holds the defaults for what the caller lacks and is `length` bytes
 * long. 0, -EINVAL (the size cannot be) or -E2BIG (a byte that is not zero past what is known). known->size becomes
 * `length`.
 */
int tpi_growable_read(void *known, size_t length, const void *caller);

/* Copies `known` out, up to the caller's size; what the caller has beyond is zeroed. 0 or -EINVAL. */
int tpi_growable_write(void *caller, const void *known, size_t length);

#endif
