/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <limits.h>
#include <string.h>

#include "agenda.h"
#include "alloc.h"
#include "clock.h"
#include "evict.h"
#include "growable.h"
#include "internal.h"
#include "key.h"

static void note_oldest(int64_t *oldest, const struct tpi_job *job)
{
	if (!job->barrier && job->call.stamp < *oldest)
		*oldest = job->call.stamp;
}

/* A job that was delayed may stand behind a younger one. */
static int64_t oldest_wait(const struct tpi_key *key)
{
	const struct tpi_strand *strand = key->strand;
	const struct tpi_job *job = strand->last;
	int64_t oldest = INT64_MAX, now = tpi_now();

	if (job != NULL)
		do {
			job = job->next;
			note_oldest(&oldest, job);
		} while (job != strand->last);
	if (strand->ruled)
		for (struct taskpool_job *delayed = *tpi_shard_delayed(key->shard, strand); delayed != NULL;
		     delayed = delayed->next)
			note_oldest(&oldest, delayed->job);
	return oldest < now ? now - oldest : 0;
}

static void add_evictions(const struct tpi_key *key, struct taskpool_key_stats *stats)
{
	for (struct tpi_eviction *eviction = key->shard->evictions; eviction != NULL; eviction = eviction->next)
		if (eviction->strand == key->strand) {
			stats->running |= eviction->in_hand;
			stats->queued += eviction->unended - eviction->in_hand;
		}
}

TPI_EXPORT int taskpool_key_stats(struct taskpool *pool, const void *bytes, size_t len,
				  struct taskpool_key_stats *stats)
{
	struct taskpool_key_stats known = {sizeof(known), 0, 0, 0};
	struct tpi_key key;
	int error = tpi_pool_check(pool);

	if (error == 0 && (stats == NULL || stats->size < sizeof(stats->size)))
		error = -EINVAL;
	if (error == 0)
		error = tpi_key_enter(&key, pool, bytes, len);
	if (error != 0)
		return error;
	if (key.strand != NULL) {
		known.queued = key.strand->waiting;
		known.running = key.strand->state == TPI_STRAND_RUNNING;
		known.oldest_wait = oldest_wait(&key);
		add_evictions(&key, &known);
	}
	tpi_key_leave(&key, 0);
	return tpi_growable_write(stats, &known, sizeof(known));
}

/* The hottest keys seen so far, the longest queue first. */
struct ranking {
	struct taskpool_hot_key *keys;
	size_t count, capacity;
};

static void rank(struct ranking *ranking, const struct tpi_strand *strand)
{
	struct taskpool_hot_key *keys = ranking->keys;
	size_t place = ranking->count;

	if (strand->waiting == 0 || (place == ranking->capacity && keys[place - 1].queued >= strand->waiting))
		return;
	if (place == ranking->capacity)
		place--;
	else
		ranking->count++;
	for (; place > 0 && keys[place - 1].queued < strand->waiting; place--)
		keys[place] = keys[place - 1];
	memset(&keys[place], 0, sizeof(keys[place]));
	keys[place].queued = strand->waiting;
	keys[place].key_len = strand->key_len;
	memcpy(keys[place].key, tpi_strand_key(strand),
	       strand->key_len < sizeof(keys[place].key) ? strand->key_len : sizeof(keys[place].key));
}

static void rank_shard(struct ranking *ranking, struct taskpool *pool, struct tpi_shard *shard)
{
	tpi_lock_take(&shard->lock);
	tpi_shard_refresh(shard);
	for (uint64_t i = 0; i <= shard->table.mask; i++)
		for (struct tpi_strand *strand = shard->table.buckets[i]; strand != NULL; strand = strand->chain)
			rank(ranking, strand);
	tpi_crew_release(&pool->crew, shard);
}

/* 0, or -EINVAL: the elements' sizes are not all the same, or none at all. */
static int check_sizes(const unsigned char *keys, size_t count, size_t *stride)
{
	size_t size;

	for (size_t i = 0; i < count; i++) {
		memcpy(&size, keys + (i > 0 ? i * *stride : 0), sizeof(size));
		if (size < sizeof(size) || (i > 0 && size != *stride))
			return -EINVAL;
		*stride = size;
	}
	return 0;
}

static size_t at_most(struct taskpool *pool, size_t count)
{
	size_t active = 0;

	for (unsigned i = 0; active < count && i < pool->options.workers; i++) {
		tpi_lock_take(&pool->shards[i].lock);
		tpi_shard_drain(&pool->shards[i]);
		active += pool->shards[i].table.count;
		tpi_crew_release(&pool->crew, &pool->shards[i]);
	}
	return active < count ? active : count;
}

TPI_EXPORT int taskpool_hot_keys(struct taskpool *pool, struct taskpool_hot_key *keys, size_t count)
{
	struct ranking ranking = {NULL, 0, 0};
	unsigned char *place = (unsigned char *)keys;
	size_t stride = 0;
	int error = tpi_pool_check(pool);

	if (error == 0 && count > 0)
		error = keys != NULL ? check_sizes(place, count, &stride) : -EINVAL;
	if (error != 0)
		return error;
	ranking.capacity = at_most(pool, count < INT_MAX ? count : INT_MAX);
	if (ranking.capacity == 0)
		return 0;
	ranking.keys = tpi_alloc(ranking.capacity * sizeof(*ranking.keys));
	if (ranking.keys == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < pool->options.workers; i++)
		rank_shard(&ranking, pool, &pool->shards[i]);
	for (size_t i = 0; i < ranking.count; i++)
		tpi_growable_write(place + i * stride, &ranking.keys[i], sizeof(*ranking.keys));
	tpi_release(ranking.keys);
	return (int)ranking.count;
}
