/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "alloc.h"
#include "ready.h"
#include "shard.h"

int tpi_shard_init(struct tpi_shard *shard, uint32_t capacity, uint32_t workers, uint32_t key_turn)
{
	int error;

	memset(shard, 0, sizeof(*shard));
	shard->key_turn = key_turn;
	shard->loose.flags = TPI_STRAND_LOOSE;
	error = tpi_lock_init(&shard->lock);
	if (error != 0)
		return error;
	error = tpi_word_init(&shard->room, 0);
	if (error != 0)
		goto no_room;
	error = tpi_inbox_init(&shard->inbox, capacity);
	if (error != 0)
		goto no_inbox;
	/* A strand for each job that waits and for each that runs: the table and the slabs never run out in a drain. */
	error = tpi_table_init(&shard->table, capacity + workers);
	if (error != 0)
		goto no_table;
	error = tpi_slab_init(&shard->jobs, sizeof(struct tpi_job), capacity);
	if (error == 0)
		return 0;
	tpi_table_destroy(&shard->table);
no_table:
	tpi_inbox_destroy(&shard->inbox);
	tpi_inbox_retire(&shard->inbox);
no_inbox:
	tpi_word_destroy(&shard->room);
no_room:
	tpi_lock_destroy(&shard->lock);
	return error;
}

void tpi_shard_give_back(struct tpi_shard *shard, struct tpi_job *job)
{
	if (job->heap)
		tpi_release(job);
	else
		tpi_slab_give(&shard->jobs, job);
}

/* What the jobs and strands hold on the heap. */
static void empty(struct tpi_shard *shard)
{
	struct tpi_job *next;

	for (struct tpi_job *job = tpi_shard_evict_all(shard); job != NULL; job = next) {
		next = job->next;
		tpi_shard_give_back(shard, job);
	}
	tpi_table_clear(&shard->table);
}

static void release(struct tpi_shard *shard)
{
	tpi_slab_destroy(&shard->jobs);
	tpi_table_destroy(&shard->table);
	tpi_inbox_destroy(&shard->inbox);
}

void tpi_shard_destroy(struct tpi_shard *shard)
{
	empty(shard);
	release(shard);
	tpi_inbox_retire(&shard->inbox);
	tpi_word_destroy(&shard->room);
	tpi_lock_destroy(&shard->lock);
}

void tpi_shard_abandon(struct tpi_shard *shard)
{
	shard->eager = shard->eager_anywhere = 0;
	atomic_store_explicit(&shard->lazy, 0, memory_order_relaxed);
	if (tpi_lock_try(&shard->lock))
		empty(shard);
	release(shard);
}

/* The strand of the record's key; `spare` (may be NULL) is used rather than the slab if there is none yet. */
static struct tpi_strand *strand_of(struct tpi_shard *shard, struct tpi_record *record, struct tpi_strand **spare)
{
	struct tpi_strand *strand;

	if (record->flags & TPI_LOOSE)
		return &shard->loose;
	strand = tpi_table_find(&shard->table, record);
	if (strand != NULL) {
		tpi_record_drop_key(record);
		return strand;
	}
	if (spare != NULL) {
		strand = *spare;
		*spare = NULL;
		strand->flags = TPI_STRAND_HEAP;
	} else {
		strand = tpi_slab_take(&shard->table.strands);
		strand->flags = 0;
	}
	tpi_table_add(&shard->table, strand, record);
	return strand;
}

static void append(struct tpi_shard *shard, struct tpi_strand *strand, struct tpi_job *job,
		   const struct tpi_record *record)
{
	job->call = record->call;
	job->epoch = shard->epoch;
	tpi_strand_append(strand, job);
	shard->waiting++;
	shard->entered++;
	if (strand->state == TPI_STRAND_IDLE)
		tpi_make_ready(shard, strand);
}

static void note_peak(struct tpi_shard *shard)
{
	if (shard->waiting > shard->peak)
		shard->peak = shard->waiting;
}

void tpi_shard_drain(struct tpi_shard *shard)
{
	struct tpi_inbox *inbox = &shard->inbox;
	uint32_t position = atomic_load_explicit(&inbox->drained, memory_order_relaxed);
	uint32_t tail = tpi_inbox_tail(inbox);

	shard->takes = 0;
	if (position == tail)
		return;
	for (; position != tail; position = (position + 1) & TPI_POSITIONS) {
		struct tpi_record *record = &inbox->ring[position & inbox->mask];
		struct tpi_job *job = tpi_slab_take(&shard->jobs);

		job->heap = 0;
		append(shard, strand_of(shard, record, NULL), job, record);
	}
	/* Pairs with the loads in tpi_inbox_pending and ring_full: first the strands are ready, then the ring empty. */
	atomic_store_explicit(&inbox->drained, tail, memory_order_release);
	note_peak(shard);
}

static bool half_free(struct tpi_shard *shard)
{
	uint32_t drained = atomic_load_explicit(&shard->inbox.drained, memory_order_relaxed);

	return shard->waiting + ((tpi_inbox_tail(&shard->inbox) - drained) & TPI_POSITIONS) <=
	       shard->inbox.capacity / 2;
}

void tpi_shard_room_changed(struct tpi_shard *shard)
{
	/* Pairs with the loads in room.c, where the sleepers look again. */
	atomic_fetch_add_explicit(&shard->room.value, 1, memory_order_release);
	tpi_word_wake(&shard->room, TPI_WAKE_ALL);
}

void tpi_shard_leave(struct tpi_shard *shard, uint64_t count)
{
	uint64_t left = atomic_load_explicit(&shard->inbox.left, memory_order_relaxed);

	shard->waiting -= count;
	/* Pairs with the load in has_room (inbox.c). */
	atomic_store_explicit(&shard->inbox.left, left + count, memory_order_release);
	if (shard->eager > 0 ||
	    (atomic_load_explicit(&shard->lazy, memory_order_relaxed) > 0 && half_free(shard)))
		tpi_shard_room_changed(shard);
	if (shard->eager_anywhere > 0) {
		atomic_fetch_add_explicit(&shard->anywhere->value, 1, memory_order_release);
		tpi_word_wake(shard->anywhere, TPI_WAKE_ALL);
	}
}

void tpi_shard_count_end(struct tpi_shard *shard, uint64_t epoch, int outcome)
{
	shard->ended[outcome]++;
	for (struct tpi_waiter *waiter = shard->waiters; waiter != NULL; waiter = waiter->next)
		if (waiter->mark >= epoch && --waiter->remaining == 0)
			tpi_gathering_part(waiter->gathering);
}

bool tpi_shard_hurried(struct tpi_shard *shard)
{
	return atomic_load_explicit(&shard->inbox.sparse, memory_order_relaxed) != 0;
}

void tpi_shard_calm(struct tpi_shard *shard)
{
	tpi_lock_take(&shard->lock);
	shard->quick = 0;
	atomic_store_explicit(&shard->inbox.sparse, 0, memory_order_relaxed);
	tpi_lock_drop(&shard->lock);
}

void tpi_shard_evicted(struct tpi_shard *shard, struct tpi_job *job, int outcome)
{
	tpi_shard_count_end(shard, job->epoch, outcome);
	tpi_shard_give_back(shard, job);
}

static struct tpi_job **move_jobs(struct tpi_strand *strand, struct tpi_job **end)
{
	while (strand->last != NULL) {
		*end = tpi_strand_pop(strand);
		end = &(*end)->next;
	}
	return end;
}

struct tpi_job *tpi_shard_evict_all(struct tpi_shard *shard)
{
	struct tpi_job *jobs = NULL, **end = &jobs;

	tpi_shard_drain(shard);
	for (uint64_t i = 0; i <= shard->table.mask; i++)
		for (struct tpi_strand *strand = shard->table.buckets[i], *next; strand != NULL; strand = next) {
			next = strand->chain;
			end = move_jobs(strand, end);
			if (strand->state == TPI_STRAND_READY)
				tpi_table_remove(&shard->table, strand);
		}
	end = move_jobs(&shard->loose, end);
	*end = NULL;
	shard->loose.state = TPI_STRAND_IDLE;
	atomic_store_explicit(&shard->ready, 0, memory_order_relaxed);
	tpi_shard_leave(shard, shard->waiting);
	return jobs;
}

void tpi_shard_watch(struct tpi_shard *shard, struct tpi_waiter *waiter)
{
	tpi_shard_drain(shard);
	waiter->remaining = tpi_shard_unended(shard);
	waiter->listed = waiter->remaining > 0;
	if (!waiter->listed)
		return;
	atomic_fetch_add_explicit(&waiter->gathering->open, 1, memory_order_relaxed);
	waiter->mark = shard->epoch++;
	waiter->next = shard->waiters;
	shard->waiters = waiter;
}

void tpi_shard_unwatch(struct tpi_shard *shard, struct tpi_waiter *waiter)
{
	struct tpi_waiter **link = &shard->waiters;

	if (!waiter->listed)
		return;
	while (*link != waiter)
		link = &(*link)->next;
	*link = waiter->next;
}

/* A job and a strand from the heap, or neither. */
static bool spares(struct tpi_job **job, struct tpi_strand **strand)
{
	*job = tpi_alloc(sizeof(**job));
	*strand = tpi_alloc(sizeof(**strand));
	if (*job != NULL && *strand != NULL)
		return true;
	tpi_release(*job);
	tpi_release(*strand);
	return false;
}

enum tpi_put tpi_shard_enter(struct tpi_shard *shard, struct tpi_record *record, uint32_t key_capacity,
			     bool past_bound)
{
	struct tpi_strand *strand, *spare = NULL;
	struct tpi_job *job = NULL;
	enum tpi_put result = TPI_PUT_DONE;

	if (past_bound && !spares(&job, &spare))
		return TPI_PUT_NO_MEMORY;
	tpi_lock_take(&shard->lock);
	tpi_shard_drain(shard);
	strand = record->flags & TPI_LOOSE ? NULL : tpi_table_find(&shard->table, record);
	if (!past_bound && strand != NULL && strand->waiting >= key_capacity)
		result = TPI_PUT_FULL;
	if (result == TPI_PUT_DONE)
		result = tpi_inbox_admit(&shard->inbox, past_bound);
	if (result == TPI_PUT_DONE) {
		shard->overflow += past_bound;
		if (!past_bound)
			job = tpi_slab_take(&shard->jobs);
		job->heap = past_bound;
		append(shard, strand_of(shard, record, past_bound ? &spare : NULL), job, record);
		note_peak(shard);
		/* Once more, now in the order that tpi_crew_offer needs. */
		atomic_store(&shard->ready, atomic_load_explicit(&shard->ready, memory_order_relaxed));
		job = NULL;
	}
	tpi_lock_drop(&shard->lock);
	tpi_release(spare);
	tpi_release(job);
	return result;
}
