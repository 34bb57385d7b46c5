/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "agenda.h"
#include "ready.h"
#include "turn.h"

/* Of a busy shard the inbox is looked into at least once in so many takes, so that no key waits there for long. */
#define TAKES_PER_DRAIN 32

/*
 * After so many timed jobs shorter than QUICK_NS one submit of 64 is timed, until longer ones outweigh them: a short
 * job that lost its processor looks long, but seldom does so four times.
 */
#define QUICK_JOBS 64
#define SLOW_WEIGHT 16
#define QUICK_NS 1000
#define QUICK_SPARSE 63

/* What a plain job does not have. */
static void start_special(struct tpi_shard *shard, struct tpi_turn *turn)
{
	struct taskpool_job *handle = turn->handle;

	if (handle->expires != TPI_NEVER && handle->expires <= tpi_now())
		turn->outcome = TASKPOOL_EXPIRED;
	tpi_shard_cancel_timer(shard, &shard->expiries, &handle->expiry);
	handle->job = NULL;
	handle->turn = turn;
}

static void start_ruled(struct tpi_shard *shard, struct tpi_turn *turn)
{
	struct tpi_rule *rule = tpi_rules_of(&shard->rules, turn->strand);

	if (rule->interval == 0 || turn->outcome == TASKPOOL_EXPIRED)
		return;
	turn->taken = tpi_now();
	tpi_rule_start(rule, turn->taken);
	if (rule->since != turn->taken)
		turn->taken = 0; /* the burst goes on: what counts is when that began */
}

static void start(struct tpi_shard *shard, struct tpi_turn *turn)
{
	struct tpi_strand *strand = turn->strand;
	struct tpi_job *job = tpi_strand_pop(strand);

	turn->call = job->call;
	turn->epoch = job->epoch;
	turn->handle = job->handle;
	turn->outcome = TASKPOOL_RAN;
	turn->taken = turn->begun = 0;
	turn->jobs++;
	strand->waiting--;
	if (turn->handle != NULL)
		start_special(shard, turn);
	if (strand->ruled)
		start_ruled(shard, turn);
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

void tpi_turn_take_strand(struct tpi_shard *shard, struct tpi_turn *turn, struct tpi_strand *strand)
{
	turn->shard = shard;
	turn->strand = strand;
	turn->jobs = 0;
	turn->announced = false;
	if (!(strand->flags & TPI_STRAND_LOOSE))
		strand->runner = turn;
	start(shard, turn);
}

bool tpi_turn_take(struct tpi_shard *shard, struct tpi_turn *turn, bool idlers)
{
	struct tpi_strand *strand;

	if (tpi_none_ready(shard) || ++shard->takes >= TAKES_PER_DRAIN || tpi_shard_due(shard))
		tpi_shard_refresh(shard);
	if (shard->halted || tpi_none_ready(shard))
		return false;
	strand = tpi_pick_ready(shard);
	tpi_turn_take_strand(shard, turn, strand);
	/* What else is left here may count on the offer of this very job to be noticed: see crew.h. */
	if (idlers && !(strand->flags & TPI_STRAND_LOOSE) && !strand->ruled && tpi_none_ready(shard) &&
	    !tpi_inbox_pending(&shard->inbox))
		announce(turn);
	return true;
}

/* Whether the strand goes on past its turn: it has jobs, and no other key is ready. */
static bool unrivaled(struct tpi_shard *shard, const struct tpi_strand *strand)
{
	if (tpi_none_ready(shard))
		tpi_shard_refresh(shard);
	return tpi_strand_open(strand) && tpi_none_ready(shard);
}

/*
 * Whether the strand has another job now. The announcement stays while the key goes on; it is withdrawn before the key
 * is let go, and then what relied on it is in the ring: it is looked for once more, but where another key is ready,
 * since then, if anybody idles, a searcher is on its way to this shard, or the offer of that key's job is.
 */
static bool goes_on(struct tpi_shard *shard, struct tpi_turn *turn, bool idlers)
{
	if (tpi_strand_open(turn->strand) && turn->jobs < shard->key_turn)
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

/*
 * The strand will be let go of although nobody looked for its next job. Its submits relied on the announcement, and
 * then on this look into the ring; what it finds may be for anybody.
 */
static void interrupt(struct tpi_shard *shard, struct tpi_turn *turn)
{
	if (turn->announced)
		withdraw(turn);
	tpi_shard_refresh(shard);
	shard->news = true;
}

/* Whether it must be let go of after each job: there is a rule to ask, or a barrier to wait for. */
static bool interrupted(const struct tpi_strand *strand)
{
	return strand->ruled || (strand->last != NULL && !tpi_strand_open(strand));
}

static void let_go(struct tpi_shard *shard, struct tpi_turn *turn)
{
	struct tpi_strand *strand = turn->strand;

	turn->strand = NULL;
	if (strand->flags & TPI_STRAND_LOOSE)
		return;
	strand->state = TPI_STRAND_IDLE;
	tpi_shard_place(shard, strand);
}

void tpi_turn_release(struct tpi_shard *shard, struct tpi_turn *turn)
{
	interrupt(shard, turn);
	let_go(shard, turn);
}

bool tpi_turn_proceed(struct tpi_shard *shard, struct tpi_turn *turn, bool idlers)
{
	if (turn->strand->flags & TPI_STRAND_LOOSE || shard->halted) {
		let_go(shard, turn);
	} else if (interrupted(turn->strand)) {
		tpi_turn_release(shard, turn);
	} else if (goes_on(shard, turn, idlers)) {
		start(shard, turn);
		return true;
	} else {
		let_go(shard, turn);
	}
	return false;
}

/* The next start of a limited key is counted from when this one really was, not from when it was taken. */
static void correct_limit(struct tpi_shard *shard, const struct tpi_turn *turn)
{
	struct tpi_rule *rule = tpi_rules_of(&shard->rules, turn->strand);

	if (turn->taken != 0 && turn->begun > turn->taken)
		rule->since += turn->begun - turn->taken;
}

/* The producers read it: it is written only if it changes. */
static void set_sparse(struct tpi_shard *shard, uint32_t sparse)
{
	if (atomic_load_explicit(&shard->inbox.sparse, memory_order_relaxed) != sparse)
		atomic_store_explicit(&shard->inbox.sparse, sparse, memory_order_relaxed);
}

void tpi_turn_end(struct tpi_shard *shard, const struct tpi_turn *turn, int64_t ns)
{
	tpi_shard_count_end(shard, turn->strand, turn->epoch, turn->outcome);
	if (turn->handle != NULL)
		tpi_handle_settle(turn->handle, turn->outcome);
	if (turn->strand->ruled)
		correct_limit(shard, turn);
	if (ns < 0)
		return;
	if (ns < QUICK_NS)
		shard->quick += shard->quick < QUICK_JOBS;
	else
		shard->quick -= shard->quick < SLOW_WEIGHT ? shard->quick : SLOW_WEIGHT;
	/* Delayed jobs need every submit's time. */
	if (shard->quick == 0)
		set_sparse(shard, 0);
	else if (shard->quick == QUICK_JOBS && shard->entries.first == NULL)
		set_sparse(shard, QUICK_SPARSE);
}
