/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <pthread.h>

#include "fork.h"

_Atomic unsigned tpi_fork_generation;

/* Written once, before main. */
static int watched;

static void in_child(void)
{
	atomic_fetch_add_explicit(&tpi_fork_generation, 1, memory_order_relaxed);
}

/* Nothing is locked around a fork: the parent never waits, and the child uses nothing that could be half-changed. */
__attribute__((constructor)) static void watch(void)
{
	watched = pthread_atfork(NULL, NULL, in_child) == 0 ? 0 : -ENOMEM;
}

int tpi_fork_watched(void)
{
	return watched;
}
