/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <sched.h>
#include <string.h>

#include "clock.h"
#include "fork.h"
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

static void count(struct tpi_worker *worker, int64_t started, int64_t ended)
{
	const struct tpi_turn *turn = &worker->turn;

	worker->burst++;
	tpi_meter_add(&worker->meter.ran, 1);
	if (turn->shard != home(worker))
		tpi_meter_add(&worker->meter.stolen, 1);
	if (turn->call.stamp != 0)
		tpi_meter_time(&worker->meter, started - turn->call.stamp, ended - started);
}

/* Runs the job in hand and calls its end; `*ns` is how long it ran, -1 if it is not timed. False: a forked child. */
static bool perform(struct tpi_worker *worker, int64_t *ns)
{
	struct tpi_call call = worker->turn.call;
	bool timed = call.stamp != 0;
	int64_t started = timed ? tpi_now() : 0, ended;
	unsigned generation = worker->generation;

	tpi_context_begin(&worker->context, worker->turn.strand);
	worker->frame.context = &worker->context;
	call.run(&worker->context, call.arg);
	if (tpi_fork_now() != generation)
		return false;
	worker->frame.context = NULL;
	ended = timed ? tpi_now() : 0;
	tpi_context_end(&worker->context);
	if (call.end != NULL) {
		call.end(call.arg, TASKPOOL_RAN);
		if (tpi_fork_now() != generation)
			return false;
	}
	count(worker, started, ended);
	*ns = timed ? ended - started : -1;
	return true;
}

/* After a job: the next one of its strand, or another of its shard unless there is work at home. */
static bool next(struct tpi_worker *worker, int64_t ns)
{
	struct tpi_turn *turn = &worker->turn;
	struct tpi_shard *shard = turn->shard;
	bool asleep = idlers(worker), more;

	tpi_lock_take(&shard->lock);
	tpi_turn_end(shard, turn, ns);
	more = tpi_turn_proceed(shard, turn, asleep);
	if (!more && (shard == home(worker) || !tpi_shard_promising(home(worker))))
		more = tpi_turn_take(shard, turn, asleep);
	tpi_lock_drop(&shard->lock);
	return more;
}

static bool take_home(struct tpi_worker *worker)
{
	struct tpi_shard *shard = home(worker);
	bool found;

	if (!tpi_shard_promising(shard))
		return false;
	tpi_lock_take(&shard->lock);
	found = tpi_turn_take(shard, &worker->turn, idlers(worker));
	tpi_lock_drop(&shard->lock);
	return found;
}

/* A thief never waits for a lock: whoever has it looks after that shard. */
static bool steal(struct tpi_worker *worker)
{
	struct tpi_crew *crew = worker->crew;
	bool found = false;

	for (unsigned i = 0; !found && i < crew->count; i++) {
		unsigned number = (worker->cursor + i) % crew->count;
		struct tpi_shard *shard = &crew->shards[number];

		if (!tpi_shard_promising(shard) || !tpi_lock_try(&shard->lock))
			continue;
		found = tpi_turn_take(shard, &worker->turn, idlers(worker));
		tpi_lock_drop(&shard->lock);
		if (found)
			worker->cursor = number;
	}
	return found;
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
	return look(worker) || spin(worker) || (bulk && yield(worker));
}

static bool find(struct tpi_worker *worker)
{
	struct tpi_crew *crew = worker->crew;

	if (take_home(worker))
		return true;
	tpi_crew_search(crew);
	while (!hunt(worker)) {
		if (tpi_crew_stopping(crew)) {
			tpi_crew_give_up(crew);
			return false;
		}
		tpi_crew_park(crew, worker->number);
	}
	tpi_crew_found(crew);
	return true;
}

bool tpi_worker_run(struct tpi_worker *worker)
{
	bool have = false;
	int64_t ns;

	while (have || find(worker)) {
		if (!perform(worker, &ns))
			return false;
		have = next(worker, ns);
	}
	return true;
}
