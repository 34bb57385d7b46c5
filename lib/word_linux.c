/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "word.h"

int tpi_word_init(struct tpi_word *word, uint32_t value)
{
	atomic_init(&word->value, value);
	return 0;
}

void tpi_word_destroy(struct tpi_word *word)
{
	(void)word;
}

bool tpi_word_wait(struct tpi_word *word, uint32_t expected, int64_t deadline)
{
	struct timespec until = {(time_t)(deadline / 1000000000), (long)(deadline % 1000000000)};
	struct timespec *limit = deadline == TPI_NEVER ? NULL : &until;
	int saved = errno;
	bool in_time;

	/* The bitset form takes an absolute time of CLOCK_MONOTONIC: nothing drifts over spurious wake-ups. */
	in_time = syscall(SYS_futex, &word->value, FUTEX_WAIT_BITSET_PRIVATE, expected, limit, NULL,
			  FUTEX_BITSET_MATCH_ANY) == 0 || errno != ETIMEDOUT;
	errno = saved;
	return in_time;
}

void tpi_word_wake(struct tpi_word *word, int count)
{
	int saved = errno;

	syscall(SYS_futex, &word->value, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
	errno = saved;
}

unsigned tpi_processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
	return 1;
}
