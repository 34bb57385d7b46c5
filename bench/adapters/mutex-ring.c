/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The mutex ring: what one writes in an afternoon. A thread, a ring, a mutex and two condition variables per worker;
 * the key's hash chooses the worker, so that one slow job holds up every key of its worker.
 */
#include <pthread.h>
#include <stdlib.h>

#include "../adapter.h"
#include "fnv1a.h"

struct entry {
	bench_job *job; /* NULL: the last one */
	void *arg;
};

struct worker {
	_Alignas(64) pthread_mutex_t lock; /* guards all below but the thread */
	pthread_cond_t not_empty, not_full;
	unsigned capacity, first, count;
	struct entry *ring;
	pthread_t thread;
};

struct pool {
	unsigned workers;
	struct worker *worker;
};

static void put(struct worker *worker, struct entry entry)
{
	pthread_mutex_lock(&worker->lock);
	while (worker->count == worker->capacity)
		pthread_cond_wait(&worker->not_full, &worker->lock);
	worker->ring[(worker->first + worker->count++) % worker->capacity] = entry;
	pthread_mutex_unlock(&worker->lock);
	pthread_cond_signal(&worker->not_empty);
}

static struct entry take(struct worker *worker)
{
	struct entry entry;

	pthread_mutex_lock(&worker->lock);
	while (worker->count == 0)
		pthread_cond_wait(&worker->not_empty, &worker->lock);
	entry = worker->ring[worker->first];
	worker->first = (worker->first + 1) % worker->capacity;
	worker->count--;
	pthread_mutex_unlock(&worker->lock);
	pthread_cond_signal(&worker->not_full);
	return entry;
}

static void *work(void *arg)
{
	struct entry entry;

	while ((entry = take(arg)).job)
		entry.job(NULL, entry.arg);
	return NULL;
}

static void *create(unsigned workers, unsigned capacity)
{
	struct pool *pool = malloc(sizeof(*pool));

	if (!pool)
		return NULL;
	pool->workers = workers;
	pool->worker = aligned_alloc(64, workers * sizeof(*pool->worker));
	if (!pool->worker)
		return NULL;
	for (unsigned i = 0; i < workers; i++) {
		struct worker *worker = &pool->worker[i];

		*worker = (struct worker){ .capacity = capacity, .ring = malloc(capacity * sizeof(*worker->ring)) };
		pthread_mutex_init(&worker->lock, NULL);
		pthread_cond_init(&worker->not_empty, NULL);
		pthread_cond_init(&worker->not_full, NULL);
		if (!worker->ring || pthread_create(&worker->thread, NULL, work, worker) != 0)
			return NULL;
	}
	return pool;
}

static void submit(void *opaque, const char *key, size_t key_len, bench_job *job, void *arg)
{
	struct pool *pool = opaque;

	put(&pool->worker[fnv1a(key, key_len) % pool->workers], (struct entry){ job, arg });
}

static void destroy(void *opaque)
{
	struct pool *pool = opaque;

	for (unsigned i = 0; i < pool->workers; i++)
		put(&pool->worker[i], (struct entry){ NULL, NULL });
	for (unsigned i = 0; i < pool->workers; i++) {
		pthread_join(pool->worker[i].thread, NULL);
		free(pool->worker[i].ring);
	}
	free(pool->worker);
	free(pool);
}

static const char *version(void)
{
	return "mutex, condition variables";
}

const struct adapter adapter_mutex_ring = {
	.name = "mutex-ring",
	.version = version,
	.create = create,
	.submit = submit,
	.destroy = destroy
};
