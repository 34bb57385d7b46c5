/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "agenda.h"
#include "alloc.h"
#include "enter.h"

bool tpi_entry_prepare(struct tpi_entry *entry, bool past_bound, bool ruled)
{
	const struct tpi_record *record = entry->record;

	entry->past_bound = past_bound;
	entry->job = past_bound ? tpi_alloc(sizeof(*entry->job)) : NULL;
	entry->strand = past_bound ? tpi_alloc(sizeof(*entry->strand)) : NULL;
	entry->rule = NULL;
	if (ruled)
		entry->rule = tpi_rule_new(record->tag, tpi_record_key(record), record->key_len);
	if ((!past_bound || (entry->job != NULL && entry->strand != NULL)) && (!ruled || entry->rule != NULL))
		return true;
	tpi_entry_release(entry);
	return false;
}

void tpi_entry_release(struct tpi_entry *entry)
{
	tpi_release(entry->job);
	tpi_release(entry->strand);
	tpi_release(entry->rule);
}

/* The newest waiting job of the strand, if another may take its place. */
static struct tpi_job *replaceable(const struct tpi_strand *strand)
{
	struct tpi_job *job = strand != NULL ? strand->last : NULL;

	/* A barrier is no job; only evictions under way have left some. */
	while (job != NULL && job->barrier)
		job = job == strand->last->next ? NULL : job->prev;
	return job != NULL && job->replaceable ? job : NULL;
}

/* The block of the job that is replaced, or that which was prepared, or one of the slab: there is room. */
static struct tpi_job *block_for(struct tpi_shard *shard, struct tpi_entry *entry, struct tpi_job *newest)
{
	struct tpi_job *job = entry->job;

	if (newest != NULL)
		return tpi_evict_newest(entry->eviction, shard, newest);
	entry->job = NULL;
	if (job == NULL)
		job = tpi_slab_take(&shard->jobs);
	job->heap = entry->past_bound;
	shard->overflow += entry->past_bound;
	return job;
}

static void accept_handle(struct tpi_shard *shard, struct tpi_strand *strand, struct tpi_job *job, int64_t now)
{
	struct taskpool_job *handle = job->handle;

	handle->shard = shard;
	handle->strand = strand;
	handle->job = job;
	if (handle->ttl > 0 && handle->ttl < TPI_NEVER - now) {
		handle->expires = now + handle->ttl;
		tpi_shard_set_timer(shard, &shard->expiries, &handle->expiry, handle->expires);
	}
	if (handle->delay == 0)
		return;
	/* From now on each submit says when it was, so that it takes its place before or after this one. */
	atomic_store_explicit(&shard->inbox.sparse, 0, memory_order_relaxed);
	tpi_delayed_add(tpi_shard_delayed(shard, strand), handle);
	tpi_shard_set_timer(shard, &shard->entries, &handle->entry,
			    handle->delay < TPI_NEVER - now ? now + handle->delay : TPI_NEVER);
}

static void accept(struct tpi_shard *shard, struct tpi_entry *entry, struct tpi_job *newest)
{
	struct tpi_strand *strand =
		tpi_shard_strand(shard, entry->record, entry->strand != NULL ? &entry->strand : NULL);
	struct tpi_job *job;

	if (newest != NULL)
		entry->eviction->strand = strand;
	job = block_for(shard, entry, newest);
	job->call = entry->record->call;
	job->call.stamp |= TPI_TIMED;
	job->handle = entry->handle;
	job->barrier = 0;
	job->replaceable = entry->replace;
	tpi_shard_count_entry(shard, strand, job);
	if (entry->handle != NULL)
		accept_handle(shard, strand, job, entry->record->call.stamp);
	if (entry->handle == NULL || !entry->handle->delayed)
		tpi_strand_append(strand, job);
	tpi_shard_place(shard, strand);
	/* Once more, now in the order that tpi_crew_offer needs. */
	atomic_store(&shard->ready, atomic_load_explicit(&shard->ready, memory_order_relaxed));
}

/* The rule that the job's key must have, if it must. */
static bool ruled(struct tpi_shard *shard, struct tpi_entry *entry)
{
	return entry->rule == NULL || tpi_shard_rule(shard, &entry->rule) != NULL;
}

/* A rule made for a job that was refused. */
static void unruled(struct tpi_shard *shard, const struct tpi_record *record)
{
	struct tpi_rule *rule = tpi_rules_find(&shard->rules, record->tag, tpi_record_key(record), record->key_len);

	if (rule != NULL)
		tpi_shard_settle_rule(shard, rule);
}

enum tpi_put tpi_shard_enter(struct tpi_shard *shard, struct tpi_entry *entry)
{
	struct tpi_record *record = entry->record;
	bool loose = record->flags & TPI_LOOSE;
	struct tpi_strand *strand = NULL;
	struct tpi_job *newest;
	enum tpi_put result;

	tpi_shard_refresh(shard);
	record->call.stamp = tpi_now();
	if (!loose)
		strand = tpi_table_find(&shard->table, record->tag, tpi_record_key(record), record->key_len);
	newest = entry->replace ? replaceable(strand) : NULL;
	entry->replaced = newest != NULL;
	if (newest == NULL && !entry->past_bound && strand != NULL && strand->waiting >= entry->key_capacity)
		return TPI_PUT_FULL;
	if (!ruled(shard, entry))
		return TPI_PUT_NO_MEMORY;
	result = tpi_inbox_admit(&shard->inbox, entry->past_bound || newest != NULL);
	if (result == TPI_PUT_DONE)
		accept(shard, entry, newest);
	else if (!loose)
		unruled(shard, record);
	return result;
}
