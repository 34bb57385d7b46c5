/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "hash.h"
#include "internal.h"
#include "pool.h"

unsigned tpi_pool_home(const struct taskpool *pool, const void *key, size_t len, uint64_t *tag)
{
	uint64_t hash;

	if (pool->options.hash == TASKPOOL_HASH_SIPHASH) {
		*tag = tpi_siphash(pool->seed, key, len);
		hash = *tag >> 32;
	} else {
		*tag = tpi_fold_hash(pool->seed, key, len);
		hash = pool->crew.count > 1 ? tpi_fnv1a(key, len) : 0;
	}
	return (unsigned)((uint32_t)hash % pool->crew.count);
}

static void destroy_shards(struct tpi_shard *shards, unsigned count)
{
	while (count > 0)
		tpi_shard_destroy(&shards[--count]);
	tpi_release(shards);
}

static int make_shards(struct taskpool *pool)
{
	const struct taskpool_options *options = &pool->options;

	pool->shards = tpi_alloc(options->workers * sizeof(*pool->shards));
	if (pool->shards == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < options->workers; i++) {
		int error = tpi_shard_init(&pool->shards[i], options);

		if (error != 0) {
			destroy_shards(pool->shards, i);
			return error;
		}
		pool->shards[i].anywhere = &pool->anywhere;
	}
	return 0;
}

static void destroy_workers(struct tpi_worker *workers, unsigned count)
{
	while (count > 0)
		tpi_worker_destroy(&workers[--count]);
	tpi_release(workers);
}

static int make_workers(struct taskpool *pool)
{
	unsigned count = pool->options.workers, number = tpi_trace_pool_number();

	pool->workers = tpi_alloc(count * sizeof(*pool->workers));
	if (pool->workers == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		int error = tpi_worker_init(&pool->workers[i], &pool->crew, i, pool);

		pool->workers[i].lane = (struct tpi_lane){.pool = number, .worker = i, .name = pool->name};
		if (error != 0) {
			destroy_workers(pool->workers, i);
			return error;
		}
	}
	return 0;
}

static int make_words(struct taskpool *pool)
{
	int error = tpi_lock_init(&pool->life);

	if (error != 0)
		return error;
	error = tpi_word_init(&pool->gate, TPI_GATE_SHUT);
	if (error != 0)
		goto no_gate;
	error = tpi_word_init(&pool->alive, 0);
	if (error != 0)
		goto no_alive;
	error = tpi_word_init(&pool->anywhere, 0);
	if (error != 0)
		goto no_anywhere;
	error = tpi_word_init(&pool->vacated, 0);
	if (error == 0)
		return 0;
	tpi_word_destroy(&pool->anywhere);
no_anywhere:
	tpi_word_destroy(&pool->alive);
no_alive:
	tpi_word_destroy(&pool->gate);
no_gate:
	tpi_lock_destroy(&pool->life);
	return error;
}

static void destroy_words(struct taskpool *pool)
{
	tpi_word_destroy(&pool->vacated);
	tpi_word_destroy(&pool->anywhere);
	tpi_word_destroy(&pool->alive);
	tpi_word_destroy(&pool->gate);
	tpi_lock_destroy(&pool->life);
}

static void set_constants(struct taskpool *pool, const struct taskpool_options *options, bool eternal)
{
	memset(pool, 0, sizeof(*pool));
	pool->options = *options;
	strncpy(pool->name, options->name, TPI_NAME_MAX);
	pool->options.name = pool->name;
	tpi_hash_seed(pool->seed);
	if (options->flags & TASKPOOL_MANUAL && options->seed != 0) { /* then everything repeats */
		pool->seed[0] = pool->seed[1] = options->seed;
		atomic_init(&pool->random, options->seed);
	}
	pool->generation = tpi_fork_now();
	pool->eternal = eternal;
	atomic_init(&pool->references, 1);
}

static int make_parts(struct taskpool *pool)
{
	const struct taskpool_options *options = &pool->options;
	bool pinned = options->placement == TASKPOOL_PINNED && !(options->flags & TASKPOOL_MANUAL);
	int error = make_words(pool);

	if (error != 0)
		return error;
	pool->threads = tpi_alloc_zero(options->workers, sizeof(*pool->threads));
	error = pool->threads != NULL ? make_shards(pool) : -ENOMEM;
	if (error != 0)
		goto no_shards;
	error = tpi_crew_init(&pool->crew, pool->shards, options->workers, pinned);
	if (error != 0)
		goto no_crew;
	error = make_workers(pool);
	if (error == 0)
		return 0;
	tpi_crew_destroy(&pool->crew, false);
no_crew:
	destroy_shards(pool->shards, options->workers);
no_shards:
	tpi_release(pool->threads);
	destroy_words(pool);
	return error;
}

int tpi_pool_new(struct taskpool **result, const struct taskpool_options *caller, bool eternal)
{
	struct taskpool_options options;
	struct taskpool *pool;
	int error = tpi_options_read(&options, caller);

	if (error == 0)
		error = tpi_fork_watched();
	if (error != 0)
		return error;
	tpi_trace_environment();
	pool = tpi_alloc(sizeof(*pool));
	if (pool == NULL)
		return -ENOMEM;
	set_constants(pool, &options, eternal);
	error = make_parts(pool);
	if (error == 0)
		*result = pool;
	else
		tpi_release(pool);
	return error;
}

TPI_EXPORT int taskpool_new(struct taskpool **pool, unsigned workers)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;

	if (workers == 0)
		return -EINVAL;
	options.workers = workers;
	return taskpool_new_with(pool, &options);
}

TPI_EXPORT int taskpool_new_with(struct taskpool **pool, const struct taskpool_options *options)
{
	return pool != NULL ? tpi_pool_new(pool, options, false) : -EINVAL;
}

TPI_EXPORT unsigned taskpool_workers(const struct taskpool *pool)
{
	return pool != NULL ? pool->options.workers : 0;
}

/* Memory only: what the system knows of the locks died with the parent's threads. */
static void destroy_forked(struct taskpool *pool)
{
	tpi_frames_forget(pool);
	for (unsigned i = 0; i < pool->options.workers; i++)
		tpi_shard_abandon(&pool->shards[i]);
	tpi_release(pool->shards);
	tpi_crew_destroy(&pool->crew, true);
	tpi_release(pool->workers);
	tpi_release(pool->threads);
	tpi_release(pool);
}

static void destroy(struct taskpool *pool)
{
	destroy_workers(pool->workers, pool->options.workers);
	tpi_crew_destroy(&pool->crew, false);
	destroy_shards(pool->shards, pool->options.workers);
	tpi_release(pool->threads);
	destroy_words(pool);
	tpi_release(pool);
}

void tpi_pool_hold(struct taskpool *pool)
{
	atomic_fetch_add_explicit(&pool->references, 1, memory_order_relaxed);
}

void tpi_pool_drop(struct taskpool *pool)
{
	/* Everybody's last use comes before the last drop. */
	if (atomic_fetch_sub_explicit(&pool->references, 1, memory_order_acq_rel) != 1)
		return;
	tpi_pool_join(pool);
	for (unsigned i = 0; i < pool->options.workers; i++)
		tpi_inbox_settle(&pool->shards[i].inbox);
	destroy(pool);
}

TPI_EXPORT void taskpool_free(struct taskpool *pool)
{
	int error;

	if (pool == NULL)
		return;
	if (tpi_pool_check(pool) != 0) {
		if (!pool->eternal)
			destroy_forked(pool);
		return;
	}
	error = tpi_inside(pool) ? -EDEADLK : taskpool_stop(pool);
	if (error == -EDEADLK) /* the last one who works for it frees it */
		error = tpi_pool_cancel(pool) ? 0 : -EOWNERDEAD;
	if (error == -EOWNERDEAD)
		return;
	if (!pool->eternal)
		tpi_pool_drop(pool);
}
