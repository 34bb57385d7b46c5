/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <sched.h>
#include <string.h>

#include "agenda.h"
#include "clock.h"
#include "evict.h"
#include "fork.h"
#include "probes.h"
#include "worker.h"

#define SPINS 40

/* Each look takes lines from the producers' caches: a little patience lets them get ahead, and finds more at once. */
#define PAUSE_BEFORE 10
#define PAUSE_BETWEEN 4

/* Jobs come in bulk: so many since the last search. */
#define BULK 8
#define YIELDS 8

int tpi_worker_init(struct tpi_worker *worker, struct tpi_crew *crew, unsigned number, struct taskpool *pool)
{
	memset(worker, 0, sizeof(*worker));
	worker->crew = crew;
	worker->number = worker->cursor = number;
	worker->generation = tpi_fork_now();
	worker->frame.turn = &worker->turn;
	worker->turn.frame = &worker->frame;
	worker->turn.context = &worker->context;
	return tpi_context_init(&worker->context, pool, number);
}

void tpi_worker_destroy(struct tpi_worker *worker)
{
	tpi_context_destroy(&worker->context);
}

static struct tpi_shard *home(const struct tpi_worker *worker)
{
	return &worker->crew->shards[worker->number];
}

/* Whether somebody sleeps who could run what this worker leaves behind. */
static bool idlers(const struct tpi_worker *worker)
{
	return !worker->crew->pinned && tpi_crew_idlers(worker->crew);
}

/* Drops the shard's lock; with a job in hand, if `found`. */
static bool leave(struct tpi_worker *worker, struct tpi_shard *shard, bool found)
{
	if (found)
		tpi_context_renew(&worker->context);
	tpi_crew_release(worker->crew, shard);
	return found;
}

static void count(struct tpi_worker *worker, int64_t started, int64_t ended)
{
	const struct tpi_turn *turn = &worker->turn;

	worker->burst++;
	tpi_meter_add(&worker->meter.ran, 1);
	if (turn->shard != home(worker))
		tpi_meter_add(&worker->meter.stolen, 1);
	if (turn->call.stamp & TPI_TIMED)
		tpi_meter_time(&worker->meter, started - turn->call.stamp, ended - started);
}

static const void *key_of(const struct tpi_strand *strand)
{
	return strand->flags & TPI_STRAND_LOOSE ? NULL : tpi_strand_key(strand);
}

static void trace(struct tpi_worker *worker, const struct tpi_strand *strand, const struct tpi_call *call,
		  int64_t started, int64_t ended, int outcome)
{
	tpi_trace_job(&worker->lane, key_of(strand), strand->key_len, call->stamp & TPI_TIMED ? call->stamp : 0,
		      started, ended, outcome);
}

/* False: a forked child. */
static bool run(struct tpi_worker *worker, const struct tpi_call *call)
{
	unsigned generation = worker->generation;

	TPI_PROBE_START(worker->context.pool, worker->number, key_of(worker->turn.strand), worker->turn.strand->key_len);
	tpi_context_begin(&worker->context, worker->turn.strand);
	worker->frame.context = &worker->context;
	call->run(&worker->context, call->arg);
	if (tpi_fork_now() != generation)
		return false;
	worker->frame.context = NULL;
	return true;
}

bool tpi_worker_perform(struct tpi_worker *worker, int64_t *ns)
{
	struct tpi_turn *turn = &worker->turn;
	struct tpi_call call = turn->call;
	bool traced = tpi_traced(), ran = turn->outcome == TASKPOOL_RAN;
	bool timed = call.stamp & TPI_TIMED || turn->taken != 0 || traced;
	int64_t started = timed ? tpi_now() : 0, ended = started;

	turn->begun = started;
	if (ran) {
		if (!run(worker, &call))
			return false;
		ended = timed ? tpi_now() : 0;
		tpi_context_end(&worker->context);
	}
	if (call.end != NULL) {
		unsigned generation = worker->generation;

		call.end(call.arg, turn->outcome);
		if (tpi_fork_now() != generation)
			return false;
	}
	TPI_PROBE_END(worker->context.pool, worker->number, turn->outcome);
	if (ran)
		count(worker, started, ended);
	if (traced)
		trace(worker, turn->strand, &call, started, ended, turn->outcome);
	*ns = ran && timed ? ended - started : -1;
	return true;
}

/* Ends the jobs of a shard whose ttl is over, and lets in what is due. False: a forked child. */
static bool tend_shard(struct tpi_worker *worker, struct tpi_shard *shard)
{
	struct tpi_crew *crew = worker->crew;
	struct tpi_eviction eviction;
	struct taskpool_job *expired;

	for (;;) {
		int64_t now = tpi_traced() ? tpi_now() : 0;

		tpi_lock_take(&shard->lock);
		tpi_shard_refresh(shard);
		expired = tpi_shard_expired(shard);
		if (expired != NULL)
			tpi_evict_one(&eviction, shard, expired, TASKPOOL_EXPIRED);
		tpi_crew_release(crew, shard);
		if (expired == NULL)
			return true;
		if (now != 0)
			trace(worker, eviction.strand, &eviction.call, now, now, TASKPOOL_EXPIRED);
		if (!tpi_evict_end(&eviction, crew, worker->context.pool))
			return false;
	}
}

bool tpi_worker_tend(struct tpi_worker *worker)
{
	struct tpi_crew *crew = worker->crew;

	if (!tpi_crew_late(crew))
		return true;
	for (unsigned i = 0; i < crew->count; i++) {
		struct tpi_shard *shard = &crew->shards[i];

		if (tpi_shard_due(shard) && !tend_shard(worker, shard))
			return false;
	}
	tpi_crew_retime(crew);
	return true;
}

/*
 * After a job: the next one of its strand, or another of its shard unless there is work at home; none while there are
 * timers to see to.
 */
static bool next(struct tpi_worker *worker, int64_t ns)
{
	struct tpi_turn *turn = &worker->turn;
	struct tpi_shard *shard = turn->shard;
	struct taskpool_job *handle = turn->handle;
	bool asleep = idlers(worker), late = tpi_crew_late(worker->crew), more;

	tpi_lock_take(&shard->lock);
	tpi_turn_end(shard, turn, ns);
	more = !late && tpi_turn_proceed(shard, turn, asleep);
	if (late)
		tpi_turn_release(shard, turn);
	else if (!more && (shard == home(worker) || !tpi_shard_promising(home(worker))))
		more = tpi_turn_take(shard, turn, asleep);
	leave(worker, shard, more);
	if (handle != NULL)
		tpi_handle_part(handle);
	return more;
}

static bool take_home(struct tpi_worker *worker)
{
	struct tpi_shard *shard = home(worker);

	if (!tpi_shard_promising(shard))
		return false;
	tpi_lock_take(&shard->lock);
	return leave(worker, shard, tpi_turn_take(shard, &worker->turn, idlers(worker)));
}

/* A thief never waits for a lock: whoever has it looks after that shard. */
static bool steal(struct tpi_worker *worker)
{
	struct tpi_crew *crew = worker->crew;

	for (unsigned i = 0; i < crew->count; i++) {
		unsigned number = (worker->cursor + i) % crew->count;
		struct tpi_shard *shard = &crew->shards[number];

		if (!tpi_shard_promising(shard) || !tpi_lock_try(&shard->lock))
			continue;
		if (leave(worker, shard, tpi_turn_take(shard, &worker->turn, idlers(worker)))) {
			worker->cursor = number;
			TPI_PROBE_STEAL(worker->context.pool, worker->number, number);
			return true;
		}
	}
	return false;
}

static void pause_briefly(int relaxes)
{
	while (relaxes-- > 0)
		tpi_relax();
}

static bool look(struct tpi_worker *worker)
{
	return take_home(worker) || (!worker->crew->pinned && steal(worker));
}

/* For some microseconds, if this is the only searcher: a worker that sleeps costs the next submit a system call. */
static bool spin(struct tpi_worker *worker)
{
	struct tpi_crew *crew = worker->crew;

	if (!crew->parallel)
		return false;
	pause_briefly(PAUSE_BEFORE);
	for (int i = 0; i < SPINS && tpi_crew_alone(crew) && !tpi_crew_stopping(crew); i++) {
		if (look(worker))
			return true;
		pause_briefly(PAUSE_BETWEEN);
	}
	return false;
}

/*
 * Where jobs come in bulk and all processors are busy, the next ones can only come from who runs instead of this
 * worker: to yield costs less than to sleep and be woken. A worker that yields may have to wait for its turn, so where
 * jobs come one by one it sleeps at once, and is woken with precedence.
 */
static bool yield(struct tpi_worker *worker)
{
	for (int i = 0; i < YIELDS && !tpi_crew_stopping(worker->crew); i++) {
		sched_yield();
		if (look(worker))
			return true;
	}
	return false;
}

static bool hunt(struct tpi_worker *worker)
{
	bool bulk = worker->burst >= BULK;

	worker->burst = 0;
	if (look(worker))
		return true;
	if (worker->idle != NULL)
		worker->idle(worker->user, worker->number, worker->context.data);
	return spin(worker) || (bulk && yield(worker));
}

enum found { FOUND, STOPPED, FORKED };

/* Who searches may not be kept by callbacks: others are not woken meanwhile. */
static bool tend_between(struct tpi_worker *worker)
{
	bool same_process;

	if (!tpi_crew_late(worker->crew))
		return true;
	tpi_crew_found(worker->crew);
	same_process = tpi_worker_tend(worker);
	if (same_process)
		tpi_crew_search(worker->crew);
	return same_process;
}

static enum found find(struct tpi_worker *worker)
{
	struct tpi_crew *crew = worker->crew;

	if (!tpi_worker_tend(worker))
		return FORKED;
	if (take_home(worker))
		return FOUND;
	tpi_crew_search(crew);
	for (;;) {
		if (!tend_between(worker))
			return FORKED;
		if (hunt(worker))
			break;
		if (tpi_crew_stopping(crew)) {
			tpi_crew_give_up(crew);
			return STOPPED;
		}
		TPI_PROBE_PARK(worker->context.pool, worker->number);
		tpi_crew_park(crew, worker->number, TPI_NEVER);
		if (worker->wake != NULL)
			worker->wake(worker->user, worker->number, worker->context.data);
	}
	tpi_crew_found(crew);
	return FOUND;
}

bool tpi_worker_run(struct tpi_worker *worker)
{
	enum found found;
	int64_t ns;

	while ((found = find(worker)) == FOUND) {
		do {
			if (!tpi_worker_perform(worker, &ns))
				return false;
		} while (next(worker, ns));
	}
	return found == STOPPED;
}
