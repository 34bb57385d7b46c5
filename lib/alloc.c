/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdlib.h>

#include "alloc.h"
#include "util.h"

void *tpi_alloc(size_t size)
{
	void *memory;

	if (size % TPI_LINE != 0)
		return malloc(size);
	return posix_memalign(&memory, TPI_LINE, size) == 0 ? memory : NULL;
}

void *tpi_alloc_zero(size_t count, size_t size)
{
	return calloc(count, size);
}

void tpi_release(void *memory)
{
	free(memory);
}
