/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_MANUAL_H
#define TPI_MANUAL_H

#include <stdbool.h>

#include "pool.h"

/*
 * Pools without threads. Who calls taskpool_run takes the place of one of the pool's workers for that time, and
 * sleeps, searches and is woken as one. The descriptor for event loops is an additional sleeper (see crew.h) that is
 * woken last.
 */

/* Whether it is certain that nobody will run the pool's jobs while this thread waits: there is no other thread. */
bool tpi_manual_alone(const struct taskpool *pool);

#endif
