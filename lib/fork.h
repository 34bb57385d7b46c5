/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_FORK_H
#define TPI_FORK_H

#include <stdatomic.h>
#include <stdbool.h>

/* Grows in each forked child: what remembers another value belongs to the parent. */
extern _Atomic unsigned tpi_fork_generation;

/* Has `in_child` called in each forked child, in which only the forking thread exists. For constructors. */
void tpi_fork_watch(void (*in_child)(void));

/* 0, or -ENOMEM if forks cannot be noticed. */
int tpi_fork_watched(void);

static inline unsigned tpi_fork_now(void)
{
	return atomic_load_explicit(&tpi_fork_generation, memory_order_relaxed);
}

#endif
