/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_SLAB_H
#define TPI_SLAB_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A fixed number of blocks of one size, taken and given back without malloc; pages that were never needed stay
 * untouched. Not thread-safe: its owner's lock guards it.
 */
struct tpi_slab {
	unsigned char *base;
	void *free;    /* given back, the last one first, while it is in the cache */
	size_t item;
	size_t count;
	size_t used;   /* blocks from here on were never taken */
};

int tpi_slab_init(struct tpi_slab *slab, size_t item, size_t count);
void tpi_slab_destroy(struct tpi_slab *slab);

/* NULL when all are taken. */
static inline void *tpi_slab_take(struct tpi_slab *slab)
{
	void *block = slab->free;

	if (block != NULL)
		slab->free = *(void **)block;
	else if (slab->used < slab->count)
		block = slab->base + slab->item * slab->used++;
	return block;
}

static inline void tpi_slab_give(struct tpi_slab *slab, void *block)
{
	*(void **)block = slab->free;
	slab->free = block;
}

#endif
