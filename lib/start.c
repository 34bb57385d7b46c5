/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "clock.h"
#include "internal.h"
#include "pool.h"
#include "thread.h"

/* False: a callback forked, and this is the child. */
static bool work(struct taskpool *pool, struct tpi_worker *worker)
{
	const struct taskpool_options *options = &pool->options;
	unsigned generation = pool->generation;

	tpi_frame_push(&worker->frame, pool);
	worker->idle = options->worker_idle;
	worker->wake = options->worker_wake;
	worker->user = options->user;
	if (options->worker_start != NULL)
		worker->context.data = options->worker_start(options->user, worker->number);
	if (tpi_fork_now() != generation || !tpi_worker_run(worker))
		return false;
	if (options->worker_stop != NULL)
		options->worker_stop(options->user, worker->number, worker->context.data);
	if (tpi_fork_now() != generation)
		return false;
	tpi_frame_pop(&worker->frame);
	return true;
}

static void *worker_main(void *arg)
{
	struct tpi_worker *worker = arg;
	struct taskpool *pool = worker->context.pool;
	uint32_t gate;

	/* Pairs with the store in tpi_pool_open_gate. */
	while ((gate = atomic_load_explicit(&pool->gate.value, memory_order_acquire)) == TPI_GATE_SHUT)
		tpi_word_wait(&pool->gate, TPI_GATE_SHUT, TPI_NEVER);
	if (gate == TPI_GATE_OPEN && work(pool, worker)) {
		/* Pairs with the load in tpi_pool_join. */
		if (atomic_fetch_sub_explicit(&pool->alive.value, 1, memory_order_acq_rel) == 1)
			tpi_word_wake(&pool->alive, TPI_WAKE_ALL);
		tpi_pool_drop(pool);
	}
	return NULL;
}

void tpi_pool_open_gate(struct taskpool *pool, enum tpi_gate gate)
{
	/* Pairs with the loads in worker_main, and in await_start (manual.c). */
	atomic_store_explicit(&pool->gate.value, gate, memory_order_release);
	tpi_word_wake(&pool->gate, TPI_WAKE_ALL);
}

/* All threads are made behind a shut gate: if one cannot be had the others go home without having done anything. */
static int start_all(struct taskpool *pool)
{
	const struct taskpool_options *options = &pool->options;
	unsigned threads = options->flags & TASKPOOL_MANUAL ? 0 : options->workers, made = 0;
	int error = 0;

	atomic_store_explicit(&pool->gate.value, TPI_GATE_SHUT, memory_order_relaxed);
	while (error == 0 && made < threads) {
		error = tpi_thread_start(&pool->threads[made], worker_main, &pool->workers[made],
					 options->stack_size, pool->name, made);
		made += error == 0;
	}
	if (error != 0) {
		tpi_pool_open_gate(pool, TPI_GATE_HOME);
		while (made > 0)
			pthread_join(pool->threads[--made], NULL);
		return -EAGAIN;
	}
	pool->started = made;
	atomic_fetch_add_explicit(&pool->references, made, memory_order_relaxed);
	atomic_store_explicit(&pool->alive.value, made, memory_order_relaxed);
	atomic_store_explicit(&pool->state, TPI_POOL_STARTED, memory_order_relaxed);
	tpi_pool_open_gate(pool, TPI_GATE_OPEN);
	atomic_store_explicit(&pool->crew.dormant, false, memory_order_release);
	tpi_crew_arm_bell(&pool->crew);
	return 0;
}

TPI_EXPORT int taskpool_start(struct taskpool *pool)
{
	int error = tpi_pool_check(pool);

	if (error != 0)
		return error;
	tpi_lock_take(&pool->life);
	switch (atomic_load_explicit(&pool->state, memory_order_relaxed)) {
	case TPI_POOL_NEW:
		error = start_all(pool);
		break;
	case TPI_POOL_STARTED:
		error = -EALREADY;
		break;
	default:
		error = -ECANCELED;
	}
	tpi_lock_drop(&pool->life);
	return error;
}
