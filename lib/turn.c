/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "ready.h"
#include "turn.h"

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

static void start(struct tpi_shard *shard, struct tpi_turn *turn)
{
	struct tpi_job *job = tpi_strand_pop(turn->strand);

	turn->call = job->call;
	turn->epoch = job->epoch;
	turn->jobs++;
	tpi_shard_give_back(shard, job);
	tpi_shard_leave(shard, 1);
}

static void announce(struct tpi_turn *turn)
{
	uint64_t tag = turn->strand->tag;

	atomic_store_explicit(&turn->shard->announced[tag % TPI_ANNOUNCED], tag, memory_order_relaxed);
	turn->announced = true;
}

/* After this a submit of the key wakes an idle worker again; what was submitted before is still in the ring. */
static void withdraw(struct tpi_turn *turn)
{
	_Atomic uint64_t *place = &turn->shard->announced[turn->strand->tag % TPI_ANNOUNCED];

	if (atomic_load_explicit(place, memory_order_relaxed) == turn->strand->tag)
		atomic_store(place, 0); /* before the next look into the ring; pairs with tpi_shard_announces */
	turn->announced = false;
}

bool tpi_turn_take(struct tpi_shard *shard, struct tpi_turn *turn, bool idlers)
{
	struct tpi_strand *strand;

	if (tpi_none_ready(shard) || ++shard->takes >= TAKES_PER_DRAIN)
		tpi_shard_drain(shard);
	if (shard->halted || tpi_none_ready(shard))
		return false;
	strand = tpi_pick_ready(shard);
	turn->shard = shard;
	turn->strand = strand;
	turn->jobs = 0;
	turn->announced = false;
	/* What else is left here may count on the offer of this very job to be noticed: see crew.h. */
	if (idlers && !(strand->flags & TPI_STRAND_LOOSE) && tpi_none_ready(shard) &&
	    !tpi_inbox_pending(&shard->inbox))
		announce(turn);
	start(shard, turn);
	return true;
}

/* Whether the strand goes on past its turn: it has jobs, and no other key is ready. */
static bool unrivaled(struct tpi_shard *shard, const struct tpi_strand *strand)
{
	if (tpi_none_ready(shard))
		tpi_shard_drain(shard);
	return strand->last != NULL && tpi_none_ready(shard);
}

/*
 * Whether the strand has another job now. The announcement stays while the key goes on; it is withdrawn before the key
 * is let go, and then what relied on it is in the ring: it is looked for once more, but where another key is ready,
 * since then, if anybody idles, a searcher is on its way to this shard, or the offer of that key's job is.
 */
static bool goes_on(struct tpi_shard *shard, struct tpi_turn *turn, bool idlers)
{
	if (shard->halted)
		return false;
	if (turn->strand->last != NULL && turn->jobs < shard->key_turn)
		return true;
	turn->jobs = 0;
	if (unrivaled(shard, turn->strand)) {
		if (idlers && !turn->announced)
			announce(turn);
		return true;
	}
	if (!turn->announced)
		return false;
	withdraw(turn);
	return unrivaled(shard, turn->strand);
}

bool tpi_turn_proceed(struct tpi_shard *shard, struct tpi_turn *turn, bool idlers)
{
	struct tpi_strand *strand = turn->strand;

	if (strand->flags & TPI_STRAND_LOOSE)
		return false;
	if (goes_on(shard, turn, idlers)) {
		start(shard, turn);
		return true;
	}
	strand->state = TPI_STRAND_IDLE;
	if (strand->last != NULL)
		tpi_make_ready(shard, strand);
	else
		tpi_table_remove(&shard->table, strand);
	return false;
}

void tpi_turn_end(struct tpi_shard *shard, const struct tpi_turn *turn, int64_t ns)
{
	tpi_shard_count_end(shard, turn->epoch, TASKPOOL_RAN);
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
