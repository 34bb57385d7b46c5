/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "alloc.h"
#include "strand.h"
#include "util.h"

int tpi_table_init(struct tpi_table *table, uint32_t count)
{
	uint32_t size = tpi_pow2(count);

	*table = (struct tpi_table){.mask = size - 1};
	table->buckets = tpi_alloc_zero(size, sizeof(struct tpi_strand *));
	if (table->buckets == NULL)
		return -ENOMEM;
	if (tpi_slab_init(&table->strands, sizeof(struct tpi_strand), count) != 0) {
		tpi_release(table->buckets);
		return -ENOMEM;
	}
	return 0;
}

static void forget(struct tpi_table *table, struct tpi_strand *strand)
{
	if (strand->flags & TPI_STRAND_LONG_KEY)
		tpi_release(strand->key.block);
	if (strand->flags & TPI_STRAND_HEAP)
		tpi_release(strand);
	else
		tpi_slab_give(&table->strands, strand);
}

void tpi_table_clear(struct tpi_table *table)
{
	for (uint64_t i = 0; table->count > 0 && i <= table->mask; i++) {
		while (table->buckets[i] != NULL) {
			struct tpi_strand *strand = table->buckets[i];

			table->buckets[i] = strand->chain;
			table->count--;
			forget(table, strand);
		}
	}
}

void tpi_table_destroy(struct tpi_table *table)
{
	tpi_slab_destroy(&table->strands);
	tpi_release(table->buckets);
}

struct tpi_strand *tpi_table_find(const struct tpi_table *table, uint64_t tag, const void *key, size_t len)
{
	struct tpi_strand *strand = table->buckets[tag & table->mask];

	for (; strand != NULL; strand = strand->chain)
		if (strand->tag == tag && strand->key_len == len && memcmp(tpi_strand_key(strand), key, len) == 0)
			break;
	return strand;
}

void tpi_table_add(struct tpi_table *table, struct tpi_strand *fresh, struct tpi_record *record)
{
	struct tpi_strand **bucket = &table->buckets[record->tag & table->mask];

	fresh->tag = record->tag;
	fresh->key_len = record->key_len;
	fresh->state = TPI_STRAND_IDLE;
	fresh->ruled = fresh->barred = 0;
	fresh->last = NULL;
	fresh->waiting = 0;
	if (record->flags & TPI_LONG_KEY) {
		memcpy(&fresh->key.block, record->key, sizeof(fresh->key.block));
		fresh->flags |= TPI_STRAND_LONG_KEY;
		record->flags &= (uint16_t)~TPI_LONG_KEY;
	} else {
		memcpy(fresh->key.bytes, record->key, TPI_RECORD_KEY);
	}
	fresh->chain = *bucket;
	*bucket = fresh;
	table->count++;
}

void tpi_table_remove(struct tpi_table *table, struct tpi_strand *strand)
{
	struct tpi_strand **link = &table->buckets[strand->tag & table->mask];

	while (*link != strand)
		link = &(*link)->chain;
	*link = strand->chain;
	table->count--;
	forget(table, strand);
}

void tpi_strand_remove(struct tpi_strand *strand, struct tpi_job *job)
{
	if (job == strand->last->next) {
		tpi_strand_pop(strand);
		return;
	}
	job->prev->next = job->next;
	if (job == strand->last)
		strand->last = job->prev;
	else
		job->next->prev = job->prev;
}

void tpi_strand_swap(struct tpi_strand *strand, struct tpi_job *job, struct tpi_job *fresh)
{
	struct tpi_job *prev = job == strand->last->next ? strand->last : job->prev;

	fresh->next = job->next == job ? fresh : job->next;
	fresh->prev = job->prev;
	if (prev != job)
		prev->next = fresh;
	if (job == strand->last)
		strand->last = fresh;
	else
		job->next->prev = fresh;
}
