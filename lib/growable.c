/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "growable.h"

static size_t size_of(const void *caller)
{
	size_t size;

	memcpy(&size, caller, sizeof(size));
	return size;
}

int tpi_growable_read(void *known, size_t length, const void *caller)
{
	const unsigned char *byte = caller;
	size_t size = size_of(caller);

	if (size < sizeof(size_t))
		return -EINVAL;
	for (size_t i = length; i < size; i++)
		if (byte[i] != 0)
			return -E2BIG;
	memcpy((unsigned char *)known + sizeof(size_t), byte + sizeof(size_t),
	       (size < length ? size : length) - sizeof(size_t));
	memcpy(known, &length, sizeof(length));
	return 0;
}

int tpi_growable_write(void *caller, const void *known, size_t length)
{
	size_t size = size_of(caller);

	if (size < sizeof(size_t))
		return -EINVAL;
	if (size > length)
		memset((unsigned char *)caller + length, 0, size - length);
	memcpy((unsigned char *)caller + sizeof(size_t), (const unsigned char *)known + sizeof(size_t),
	       (size < length ? size : length) - sizeof(size_t));
	return 0;
}
