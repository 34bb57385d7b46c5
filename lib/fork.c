/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <pthread.h>

#include "fork.h"

_Atomic unsigned tpi_fork_generation;

/* Written before main only. */
static int watched;

void tpi_fork_watch(void (*in_child)(void))
{
	if (pthread_atfork(NULL, NULL, in_child) != 0)
		watched = -ENOMEM;
}

static void in_child(void)
{
	atomic_fetch_add_explicit(&tpi_fork_generation, 1, memory_order_relaxed);
}

/* Nothing is locked around a fork: the parent never waits, and the child uses nothing that could be half-changed. */
__attribute__((constructor)) static void watch(void)
{
	tpi_fork_watch(in_child);
}

int tpi_fork_watched(void)
{
	return watched;
}
