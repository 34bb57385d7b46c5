/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <stdint.h>

#include "alloc.h"
#include "slab.h"
#include "util.h"

int tpi_slab_init(struct tpi_slab *slab, size_t item, size_t count)
{
	if (count > (SIZE_MAX - TPI_LINE) / item)
		return -ENOMEM;
	*slab = (struct tpi_slab){.item = item, .count = count};
	slab->base = tpi_alloc((item * count + TPI_LINE - 1) / TPI_LINE * TPI_LINE);
	return slab->base != NULL ? 0 : -ENOMEM;
}

void tpi_slab_destroy(struct tpi_slab *slab)
{
	tpi_release(slab->base);
}
