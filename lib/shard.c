/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "alloc.h"
#include "shard.h"

/* Of a busy shard the inbox is looked into at least once in so many takes, so that no key waits there for long. */
#define TAKES_PER_DRAIN 32

/*
 * After so many timed jobs shorter than QUICK_NS one submit of 16 is timed, until longer ones outweigh them: a short
 * job that lost its processor looks long, but seldom does so four times.
 */
#define QUICK_JOBS 64
#define SLOW_WEIGHT 16
#define QUICK_NS 1000
#define QUICK_SPARSE 15

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

static void give_back(struct tpi_shard *shard, struct tpi_job *job)
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
		give_back(shard, job);
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

static bool none_ready(const struct tpi_shard *shard)
{
	return atomic_load_explicit(&shard->ready, memory_order_relaxed) == 0;
}

static void make_ready(struct tpi_shard *shard, struct tpi_strand *strand)
{
	uint32_t ready = atomic_load_explicit(&shard->ready, memory_order_relaxed);

	strand->state = TPI_STRAND_READY;
	if (ready == 0) {
		strand->next_ready = strand;
	} else {
		strand->next_ready = shard->last_ready->next_ready;
		shard->last_ready->next_ready = strand;
	}
	shard->last_ready = strand;
	atomic_store_explicit(&shard->ready, ready + 1, memory_order_relaxed);
}

/*
 * The strand to run from. Of jobs without a key the next one may be taken while this one runs: as long as there are
 * any their strand stays in the list, at its end, so that `ready` never looks like 0 to a worker about to sleep.
 */
static struct tpi_strand *pick_ready(struct tpi_shard *shard)
{
	uint32_t ready = atomic_load_explicit(&shard->ready, memory_order_relaxed);
	struct tpi_strand *first = shard->last_ready->next_ready;

	if (first->flags & TPI_STRAND_LOOSE && first->waiting > 1) {
		shard->last_ready = first;
		return first;
	}
	shard->last_ready->next_ready = first->next_ready;
	atomic_store_explicit(&shard->ready, ready - 1, memory_order_relaxed);
	first->state = first->flags & TPI_STRAND_LOOSE ? TPI_STRAND_IDLE : TPI_STRAND_RUNNING;
	return first;
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
		make_ready(shard, strand);
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

/* `count` jobs do not wait any more. */
static void leave_queue(struct tpi_shard *shard, uint64_t count)
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

static void start(struct tpi_shard *shard, struct tpi_work *work)
{
	struct tpi_job *job = tpi_strand_pop(work->strand);

	work->call = job->call;
	work->epoch = job->epoch;
	work->turn++;
	give_back(shard, job);
	leave_queue(shard, 1);
}

static void announce(struct tpi_work *work)
{
	uint64_t tag = work->strand->tag;

	atomic_store_explicit(&work->shard->announced[tag % TPI_ANNOUNCED], tag, memory_order_relaxed);
	work->announced = true;
}

/* After this a submit of the key wakes an idle worker again; what was submitted before is still in the ring. */
static void withdraw(struct tpi_work *work)
{
	_Atomic uint64_t *place = &work->shard->announced[work->strand->tag % TPI_ANNOUNCED];

	if (atomic_load_explicit(place, memory_order_relaxed) == work->strand->tag)
		atomic_store(place, 0); /* before the next look into the ring; pairs with tpi_shard_announces */
	work->announced = false;
}

bool tpi_shard_take(struct tpi_shard *shard, struct tpi_work *work, bool idlers)
{
	struct tpi_strand *strand;

	if (none_ready(shard) || ++shard->takes >= TAKES_PER_DRAIN)
		tpi_shard_drain(shard);
	if (shard->halted || none_ready(shard))
		return false;
	strand = pick_ready(shard);
	work->shard = shard;
	work->strand = strand;
	work->turn = 0;
	work->announced = false;
	if (idlers && !(strand->flags & TPI_STRAND_LOOSE))
		announce(work);
	start(shard, work);
	return true;
}

/* Whether the strand goes on past its turn: it has jobs, and no other key is ready. */
static bool unrivaled(struct tpi_shard *shard, const struct tpi_strand *strand)
{
	if (none_ready(shard))
		tpi_shard_drain(shard);
	return strand->last != NULL && none_ready(shard);
}

/*
 * Whether the strand has another job now. The announcement stays while the key goes on; it is withdrawn before the key
 * is let go, and then what relied on it is in the ring: it is looked for once more, but where another key is ready,
 * since then a searcher is on its way to this shard if anybody idles.
 */
static bool goes_on(struct tpi_shard *shard, struct tpi_work *work, bool idlers)
{
	if (shard->halted)
		return false;
	if (work->strand->last != NULL && work->turn < shard->key_turn)
		return true;
	work->turn = 0;
	if (unrivaled(shard, work->strand)) {
		if (idlers && !work->announced)
			announce(work);
		return true;
	}
	if (!work->announced)
		return false;
	withdraw(work);
	return unrivaled(shard, work->strand);
}

bool tpi_shard_proceed(struct tpi_shard *shard, struct tpi_work *work, bool idlers)
{
	struct tpi_strand *strand = work->strand;

	if (strand->flags & TPI_STRAND_LOOSE)
		return false;
	if (goes_on(shard, work, idlers)) {
		start(shard, work);
		return true;
	}
	strand->state = TPI_STRAND_IDLE;
	if (strand->last != NULL)
		make_ready(shard, strand);
	else
		tpi_table_remove(&shard->table, strand);
	return false;
}

static void count_end(struct tpi_shard *shard, uint32_t epoch, int outcome)
{
	shard->ended[outcome]++;
	for (struct tpi_waiter *waiter = shard->waiters; waiter != NULL; waiter = waiter->next)
		if ((int32_t)(waiter->mark - epoch) >= 0 && --waiter->remaining == 0)
			tpi_gathering_part(waiter->gathering);
}

void tpi_shard_end(struct tpi_shard *shard, const struct tpi_work *work, int64_t ns)
{
	count_end(shard, work->epoch, TASKPOOL_RAN);
	if (ns < 0)
		return;
	if (ns < QUICK_NS)
		shard->quick += shard->quick < QUICK_JOBS;
	else
		shard->quick -= shard->quick < SLOW_WEIGHT ? shard->quick : SLOW_WEIGHT;
	if (shard->quick == 0 || shard->quick == QUICK_JOBS)
		atomic_store_explicit(&shard->inbox.sparse, shard->quick == 0 ? 0 : QUICK_SPARSE,
				      memory_order_relaxed);
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
	count_end(shard, job->epoch, outcome);
	give_back(shard, job);
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
	leave_queue(shard, shard->waiting);
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
