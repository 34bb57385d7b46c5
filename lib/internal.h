/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_INTERNAL_H
#define TPI_INTERNAL_H

/* Everything is hidden but what stands in libtaskpool.map. */
#define TPI_EXPORT __attribute__((visibility("default")))

#endif
