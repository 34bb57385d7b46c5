/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_WORD_H
#define TPI_WORD_H

#include <config.h>

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#ifndef TPI_LINUX
#include <pthread.h>
#endif

/*
 * A 32-bit word that threads can sleep on: a futex, or a mutex and a condition variable where there is none. Whoever
 * changes `value` wakes after the change; whoever sleeps names the value that it saw, and does not sleep if the value
 * has changed since.
 */
struct tpi_word {
	_Atomic uint32_t value;
#ifndef TPI_LINUX
	pthread_mutex_t mutex;
	pthread_cond_t changed;
#endif
};

#define TPI_WAKE_ALL INT_MAX

/* 0 or a negative errno. */
int tpi_word_init(struct tpi_word *word, uint32_t value);
void tpi_word_destroy(struct tpi_word *word);

/*
 * Sleeps while the value is `expected`, until somebody wakes or `deadline` (tpi_clock) has passed. May return early:
 * look again. False once the deadline has passed.
 */
bool tpi_word_wait(struct tpi_word *word, uint32_t expected, int64_t deadline);

/* Wakes one thread or all. */
void tpi_word_wake(struct tpi_word *word, int count);

/* How many processors this process may run on, at least 1. */
unsigned tpi_processors(void);

#endif
