/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_UTIL_H
#define TPI_UTIL_H

#include <stddef.h>
#include <stdint.h>

/* What two threads write to lies this far apart, so that they do not take a line from each other. */
#define TPI_LINE 64

/* The struct that `member` at `pointer` is part of. */
#define TPI_CONTAINER(pointer, type, member) ((type *)(void *)((unsigned char *)(pointer) - offsetof(type, member)))

/* Says to the processor that this thread spins. */
static inline void tpi_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ __volatile__("yield");
#endif
}

/* The smallest power of two that is not below n; n is at most 2^31. */
static inline uint32_t tpi_pow2(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

#endif
