/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_PARK_H
#define TPI_PARK_H

#include "crew.h"

/* Between crew.c, which knows who sleeps, and park.c, in which they do. */

/* The crew's state counts both. */
#define TPI_IDLE 1u
#define TPI_SEARCHING 0x10000u

/* What a berth's word says. */
enum { TPI_ASLEEP, TPI_AWAKE, TPI_REMINDED };

/* ---- Under the crew's lock ---- */

/* Puts the berth among the sleepers; or takes it out: then its worker searches. */
void tpi_berth_push(struct tpi_crew *crew, struct tpi_berth *berth);
void tpi_berth_drop(struct tpi_crew *crew, struct tpi_berth *berth);

/* ---- Without it ---- */

/* The last look before sleep: whether there is anything to do for this worker. */
bool tpi_crew_anything_left(struct tpi_crew *crew, unsigned worker);

#endif
