/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <string.h>

#include "agenda.h"
#include "crew.h"
#include "evict.h"
#include "fork.h"

static void begin(struct tpi_eviction *eviction, struct tpi_shard *shard, struct tpi_strand *strand, int outcome)
{
	memset(eviction, 0, sizeof(*eviction));
	eviction->barrier.barrier = 1;
	eviction->shard = shard;
	eviction->strand = strand;
	eviction->outcome = outcome;
	eviction->frame.eviction = eviction;
	/* A strand that only an eviction keeps is beyond those that the slab has for waiting and running jobs. */
	eviction->early = shard->evicting < TPI_EVICTIONS;
	shard->evicting += eviction->early;
	strand->barred = 1;
	eviction->next = shard->evictions;
	shard->evictions = eviction;
}

/* The job leaves everything that could still reach it. */
static void detach_handle(struct tpi_eviction *eviction, struct taskpool_job *handle)
{
	struct tpi_shard *shard = eviction->shard;

	if (handle->delayed)
		tpi_delayed_remove(tpi_shard_delayed(shard, handle->strand), handle);
	tpi_shard_cancel_timer(shard, &shard->entries, &handle->entry);
	tpi_shard_cancel_timer(shard, &shard->expiries, &handle->expiry);
	handle->job = NULL;
	handle->holder = &eviction->frame;
}

static void take_in_hand(struct tpi_eviction *eviction, struct tpi_job *job)
{
	eviction->call = job->call;
	eviction->epoch = job->epoch;
	eviction->handle = job->handle;
	eviction->in_hand = true;
	if (eviction->early)
		tpi_shard_leave(eviction->shard, 1);
}

void tpi_evict_one(struct tpi_eviction *eviction, struct tpi_shard *shard, struct taskpool_job *handle, int outcome)
{
	struct tpi_strand *strand = handle->strand;
	struct tpi_job *job = handle->job;

	begin(eviction, shard, strand, outcome);
	if (strand->flags & TPI_STRAND_LOOSE) {
		if (!handle->delayed)
			tpi_strand_remove(strand, job);
	} else if (handle->delayed) {
		tpi_strand_append(strand, &eviction->barrier);
	} else {
		tpi_strand_swap(strand, job, &eviction->barrier);
	}
	strand->waiting--;
	eviction->unended = 1;
	detach_handle(eviction, handle);
	take_in_hand(eviction, job);
	tpi_shard_give_back(shard, job);
	tpi_shard_place(shard, strand);
}

struct tpi_job *tpi_evict_newest(struct tpi_eviction *eviction, struct tpi_shard *shard, struct tpi_job *newest)
{
	struct tpi_strand *strand = eviction->strand;

	begin(eviction, shard, strand, TASKPOOL_REPLACED);
	tpi_strand_swap(strand, newest, &eviction->barrier);
	strand->waiting--;
	eviction->unended = 1;
	if (newest->handle != NULL)
		detach_handle(eviction, newest->handle);
	take_in_hand(eviction, newest);
	return newest;
}

static void chain_up(struct tpi_eviction *eviction, struct tpi_job ***end, struct tpi_job *job)
{
	if (job->handle != NULL)
		detach_handle(eviction, job->handle);
	eviction->strand->waiting--;
	eviction->unended++;
	**end = job;
	*end = &job->next;
}

/* Those in the queue keep their order; barriers of others stay where they are. */
static void chain_queue(struct tpi_eviction *eviction, struct tpi_job ***end)
{
	struct tpi_strand *strand = eviction->strand;
	struct tpi_job *last = strand->last, *job;
	struct tpi_strand barriers = {.last = NULL};

	while (last != NULL) {
		job = tpi_strand_pop(strand);
		if (job->barrier)
			tpi_strand_append(&barriers, job);
		else
			chain_up(eviction, end, job);
		if (job == last)
			break;
	}
	strand->last = barriers.last;
}

bool tpi_evict_strand(struct tpi_eviction *eviction, struct tpi_shard *shard, struct tpi_strand *strand, int outcome)
{
	struct tpi_job **end;
	bool loose = strand->flags & TPI_STRAND_LOOSE;

	if (strand->waiting == 0)
		return false;
	begin(eviction, shard, strand, outcome);
	end = &eviction->jobs;
	chain_queue(eviction, &end);
	while ((loose || strand->ruled) && *tpi_shard_delayed(shard, strand) != NULL)
		chain_up(eviction, &end, (*tpi_shard_delayed(shard, strand))->job);
	*end = NULL;
	if (!loose)
		tpi_strand_append(strand, &eviction->barrier);
	tpi_shard_place(shard, strand);
	return true;
}

/* ---- Without the lock ---- */

static bool next_in_hand(struct tpi_eviction *eviction)
{
	struct tpi_job *job = eviction->jobs;

	if (job == NULL)
		return false;
	eviction->jobs = job->next;
	take_in_hand(eviction, job);
	tpi_shard_give_back(eviction->shard, job);
	return true;
}

static void forget(struct tpi_eviction *eviction)
{
	struct tpi_eviction **link = &eviction->shard->evictions;
	struct tpi_strand *strand = eviction->strand;

	while (*link != eviction)
		link = &(*link)->next;
	*link = eviction->next;
	eviction->shard->evicting -= eviction->early;
	if (strand->flags & TPI_STRAND_LOOSE)
		return;
	tpi_strand_remove(strand, &eviction->barrier);
	if (strand->ruled)
		tpi_shard_settle_rule(eviction->shard, tpi_rules_of(&eviction->shard->rules, strand));
	tpi_shard_place(eviction->shard, strand);
	eviction->shard->news = true;
}

/* The end of the one in hand was called: counts it, and goes on to the next. False: that was the last one. */
static bool proceed(struct tpi_eviction *eviction, struct tpi_crew *crew)
{
	struct tpi_shard *shard = eviction->shard;
	struct taskpool_job *handle = eviction->in_hand ? eviction->handle : NULL;
	bool more;

	tpi_lock_take(&shard->lock);
	if (eviction->in_hand) {
		tpi_shard_count_end(shard, eviction->strand, eviction->epoch, eviction->outcome);
		if (!eviction->early)
			tpi_shard_leave(shard, 1);
		eviction->unended--;
		eviction->ended++;
		if (handle != NULL)
			tpi_handle_settle(handle, eviction->outcome);
		eviction->in_hand = false;
	}
	more = next_in_hand(eviction);
	if (!more)
		forget(eviction);
	tpi_crew_release(crew, shard);
	if (handle != NULL)
		tpi_handle_part(handle);
	return more;
}

bool tpi_evict_end(struct tpi_eviction *eviction, struct tpi_crew *crew, struct taskpool *pool)
{
	unsigned generation = tpi_fork_now();

	while (eviction->in_hand || eviction->jobs != NULL) {
		if (eviction->in_hand && eviction->call.end != NULL) {
			tpi_frame_push(&eviction->frame, pool);
			eviction->call.end(eviction->call.arg, eviction->outcome);
			tpi_frame_pop(&eviction->frame);
			if (tpi_fork_now() != generation)
				return false;
		}
		if (!proceed(eviction, crew))
			break;
	}
	return true;
}
