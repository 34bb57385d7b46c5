/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "word.h"

static int init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	int error = pthread_condattr_init(&attributes);

	if (error != 0)
		return error;
	error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (error == 0)
		error = pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
	return error;
}

int tpi_word_init(struct tpi_word *word, uint32_t value)
{
	int error = pthread_mutex_init(&word->mutex, NULL);

	if (error != 0)
		return -error;
	error = init_condition(&word->changed);
	if (error != 0) {
		pthread_mutex_destroy(&word->mutex);
		return -error;
	}
	atomic_init(&word->value, value);
	return 0;
}

void tpi_word_destroy(struct tpi_word *word)
{
	pthread_cond_destroy(&word->changed);
	pthread_mutex_destroy(&word->mutex);
}

/* The waker takes the mutex after the change, so the change is either seen here or its wake-up is not missed. */
bool tpi_word_wait(struct tpi_word *word, uint32_t expected, int64_t deadline)
{
	struct timespec until = {(time_t)(deadline / 1000000000), (long)(deadline % 1000000000)};
	int error = 0;

	pthread_mutex_lock(&word->mutex);
	if (atomic_load(&word->value) == expected) {
		if (deadline == TPI_NEVER)
			pthread_cond_wait(&word->changed, &word->mutex);
		else
			error = pthread_cond_timedwait(&word->changed, &word->mutex, &until);
	}
	pthread_mutex_unlock(&word->mutex);
	return error != ETIMEDOUT;
}

void tpi_word_wake(struct tpi_word *word, int count)
{
	pthread_mutex_lock(&word->mutex);
	if (count == 1)
		pthread_cond_signal(&word->changed);
	else
		pthread_cond_broadcast(&word->changed);
	pthread_mutex_unlock(&word->mutex);
}

unsigned tpi_processors(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count > 0 ? (unsigned)count : 1;
}
