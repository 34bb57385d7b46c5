/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "agenda.h"
#include "alloc.h"
#include "ready.h"
#include "shard.h"

int tpi_shard_init(struct tpi_shard *shard, const struct taskpool_options *options)
{
	uint32_t capacity = options->queue_capacity;
	int error;

	memset(shard, 0, sizeof(*shard));
	shard->key_turn = options->key_turn;
	shard->interval = options->key_interval;
	shard->burst = options->key_burst;
	shard->loose.flags = TPI_STRAND_LOOSE;
	atomic_init(&shard->next_due, TPI_NEVER);
	error = tpi_lock_init(&shard->lock);
	if (error != 0)
		return error;
	error = tpi_word_init(&shard->room, 0);
	if (error != 0)
		goto no_room;
	error = tpi_inbox_init(&shard->inbox, capacity);
	if (error != 0)
		goto no_inbox;
	/* A strand for each job that waits, runs, or is evicted: the table and the slabs never run out in a drain. */
	error = tpi_table_init(&shard->table, capacity + options->workers + TPI_EVICTIONS);
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

static void discard(struct tpi_shard *shard, struct tpi_job *job)
{
	taskpool_job_unref(job->handle);
	tpi_shard_give_back(shard, job);
}

static void discard_delayed(struct tpi_shard *shard, struct taskpool_job *delayed)
{
	while (delayed != NULL) {
		struct taskpool_job *next = delayed->next;

		discard(shard, delayed->job);
		delayed = next;
	}
}

static void discard_queue(struct tpi_shard *shard, struct tpi_strand *strand)
{
	while (strand->last != NULL && !strand->barred)
		discard(shard, tpi_strand_pop(strand));
}

static void discard_records(struct tpi_inbox *inbox)
{
	uint32_t position = atomic_load_explicit(&inbox->drained, memory_order_relaxed);

	for (; position != tpi_inbox_tail(inbox); position = (position + 1) & TPI_POSITIONS)
		tpi_record_drop_key(&inbox->ring[position & inbox->mask]);
}

/*
 * What the jobs, strands and rules hold on the heap. In a forked child a barrier stood on the stack of a thread that is
 * gone: such a queue cannot be followed, and what is in it is lost.
 */
static void empty(struct tpi_shard *shard)
{
	discard_records(&shard->inbox);
	for (uint64_t i = 0; i <= shard->table.mask; i++)
		for (struct tpi_strand *strand = shard->table.buckets[i]; strand != NULL; strand = strand->chain)
			discard_queue(shard, strand);
	discard_queue(shard, &shard->loose);
	for (uint64_t i = 0; shard->rules.count > 0 && i <= shard->rules.mask; i++)
		for (struct tpi_rule *rule = shard->rules.buckets[i]; rule != NULL; rule = rule->chain)
			discard_delayed(shard, rule->delayed);
	discard_delayed(shard, shard->delayed);
	tpi_table_clear(&shard->table);
	tpi_rules_destroy(&shard->rules);
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

struct tpi_strand *tpi_shard_strand(struct tpi_shard *shard, struct tpi_record *record, struct tpi_strand **spare)
{
	struct tpi_strand *strand;
	struct tpi_rule *rule;

	if (record->flags & TPI_LOOSE)
		return &shard->loose;
	strand = tpi_table_find(&shard->table, record->tag, tpi_record_key(record), record->key_len);
	if (strand != NULL) {
		tpi_record_drop_key(record);
		return strand;
	}
	rule = tpi_rules_find(&shard->rules, record->tag, tpi_record_key(record), record->key_len);
	if (spare != NULL) {
		strand = *spare;
		*spare = NULL;
		strand->flags = TPI_STRAND_HEAP;
	} else {
		strand = tpi_slab_take(&shard->table.strands);
		strand->flags = 0;
	}
	tpi_table_add(&shard->table, strand, record);
	if (rule != NULL) {
		rule->strand = strand;
		strand->ruled = 1;
	}
	return strand;
}

void tpi_shard_count_entry(struct tpi_shard *shard, struct tpi_strand *strand, struct tpi_job *job)
{
	job->epoch = shard->epoch & TPI_EPOCH_MASK;
	strand->waiting++;
	shard->waiting++;
	shard->entered++;
	if (shard->waiting > shard->peak)
		shard->peak = shard->waiting;
}

static void enter_record(struct tpi_shard *shard, struct tpi_record *record, int64_t *untimed)
{
	struct tpi_strand *strand = tpi_shard_strand(shard, record, NULL);
	struct tpi_job *job = tpi_slab_take(&shard->jobs);

	job->call = record->call;
	if (job->call.stamp != 0) {
		job->call.stamp |= TPI_TIMED;
	} else {
		if (*untimed == 0)
			*untimed = tpi_now_roughly() & ~(int64_t)TPI_TIMED;
		job->call.stamp = *untimed;
	}
	job->handle = NULL;
	job->heap = job->barrier = job->replaceable = 0;
	tpi_shard_count_entry(shard, strand, job);
	tpi_strand_append(strand, job);
	if (strand->state == TPI_STRAND_IDLE && !strand->ruled)
		tpi_make_ready(shard, strand);
	else if (strand->state <= TPI_STRAND_HELD)
		tpi_shard_place(shard, strand);
}

void tpi_shard_drain(struct tpi_shard *shard)
{
	struct tpi_inbox *inbox = &shard->inbox;
	uint32_t position = atomic_load_explicit(&inbox->drained, memory_order_relaxed);
	uint32_t tail = tpi_inbox_tail(inbox);
	int64_t untimed = 0;

	shard->takes = 0;
	for (; position != tail; position = (position + 1) & TPI_POSITIONS) {
		struct tpi_record *record = &inbox->ring[position & inbox->mask];

		/* While jobs are delayed all submits are timed, so each takes its place before or after this one. */
		if (tpi_timers_due(&shard->entries) <= record->call.stamp)
			tpi_shard_admit_delayed(shard, record->call.stamp);
		enter_record(shard, record, &untimed);
	}
	/* Pairs with the loads in tpi_inbox_pending and ring_full: first the strands are ready, then the ring empty. */
	atomic_store_explicit(&inbox->drained, tail, memory_order_release);
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

void tpi_shard_count_end(struct tpi_shard *shard, const struct tpi_strand *strand, uint64_t epoch, int outcome)
{
	shard->ended[outcome]++;
	for (struct tpi_waiter *waiter = shard->waiters; waiter != NULL; waiter = waiter->next)
		if (waiter->mark >= epoch && (waiter->strand == NULL || waiter->strand == strand) &&
		    --waiter->remaining == 0)
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

void tpi_shard_watch(struct tpi_shard *shard, struct tpi_waiter *waiter, uint64_t unended)
{
	waiter->remaining = unended;
	waiter->listed = unended > 0;
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
