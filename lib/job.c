/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <string.h>

#include "alloc.h"
#include "job.h"

static unsigned char *long_key(const struct tpi_record *record)
{
	unsigned char *key;

	memcpy(&key, record->key, sizeof(key));
	return key;
}

const unsigned char *tpi_record_key(const struct tpi_record *record)
{
	return record->flags & TPI_LONG_KEY ? long_key(record) : record->key;
}

bool tpi_record_set_key(struct tpi_record *record, const void *key, size_t len)
{
	unsigned char *copy = record->key;

	record->key_len = (uint16_t)len;
	if (len > TPI_RECORD_KEY) {
		copy = tpi_alloc(len);
		if (copy == NULL)
			return false;
		record->flags |= TPI_LONG_KEY;
		memcpy(record->key, &copy, sizeof(copy));
	}
	memcpy(copy, key, len);
	return true;
}

void tpi_record_drop_key(struct tpi_record *record)
{
	if (record->flags & TPI_LONG_KEY)
		tpi_release(long_key(record));
	record->flags &= (uint16_t)~TPI_LONG_KEY;
}
