/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_THREAD_H
#define TPI_THREAD_H

#include <pthread.h>
#include <stddef.h>

/*
 * Starts a thread that blocks all signals but those that a fault of its own raises, and names it NAME-NUMBER, cut to
 * 15 bytes at the cost of NAME. 0 or a negative errno.
 */
int tpi_thread_start(pthread_t *thread, void *(*main)(void *), void *arg, size_t stack_size, const char *name,
		     unsigned number);

#endif
