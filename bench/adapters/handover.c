/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The hand-over limit: what it costs to get 64 bytes from one core to another and call a function there, with both
 * cores spinning. No hash, no order to keep, no sleep: nothing that keeps these can be faster. Each side is bound to a
 * core of its own: two spinning threads that the system has put on one core would hardly ever be moved apart.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../adapter.h"

enum { KEY_ROOM = 64 - sizeof(size_t) - 2 * sizeof(void *), PAUSE = 64, SPINS = 100 };

struct record {
	_Alignas(64) bench_job *job; /* NULL: the last one */
	void *arg;
	size_t key_len;
	char key[KEY_ROOM];
};

/* Each side publishes how far it has come and reads the other's only when its copy of that leaves nothing to do. */
struct pool {
	unsigned capacity;
	struct record *ring;
	pthread_t reader;
	_Alignas(64) atomic_uint written; /* by the producer; the records below it are the reader's */
	unsigned read_seen, slot;         /* the producer's own, as is the next */
	bool bound;
	_Alignas(64) atomic_uint read; /* by the reader; the records below it are the producer's again */
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/*
 * Returns the counter once it is no longer `value`. Looking again at once would fetch the line for every single record
 * and halve the speed: a pause lets the other side get ahead. Yielding matters only where both share a core.
 */
static unsigned wait_past(const atomic_uint *counter, unsigned value)
{
	unsigned spins = 0, now;

	/* Acquire pairs with the release of the side that counts. */
	while ((now = atomic_load_explicit(counter, memory_order_acquire)) == value) {
		for (unsigned i = 0; i < PAUSE; i++)
			relax();
		if (++spins % SPINS == 0)
			sched_yield();
	}
	return now;
}

/* Binds the calling thread to the n-th core that the process may use, if there are so many. */
static void bind_to(unsigned n)
{
#ifdef __linux__
	cpu_set_t allowed, one;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return;
	for (size_t core = 0; core < CPU_SETSIZE; core++) {
		if (!CPU_ISSET(core, &allowed) || n-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(core, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
#else
	(void)n;
#endif
}

static void *read_all(void *arg)
{
	struct pool *pool = arg;
	unsigned read = 0, slot = 0;

	bind_to(1);
	for (;;) {
		const unsigned written = wait_past(&pool->written, read);

		for (; read != written; read++) {
			const struct record *record = &pool->ring[slot];

			if (!record->job)
				return NULL;
			record->job(NULL, record->arg);
			slot = slot + 1 == pool->capacity ? 0 : slot + 1;
		}
		atomic_store_explicit(&pool->read, read, memory_order_release);
	}
}

static void *create(unsigned workers, unsigned capacity)
{
	struct pool *pool = aligned_alloc(64, sizeof(*pool));

	(void)workers;
	if (!pool)
		return NULL;
	memset(pool, 0, sizeof(*pool));
	pool->capacity = capacity;
	pool->ring = aligned_alloc(64, capacity * sizeof(*pool->ring));
	if (!pool->ring)
		return NULL;
	memset(pool->ring, 0, capacity * sizeof(*pool->ring));
	return pthread_create(&pool->reader, NULL, read_all, pool) == 0 ? pool : NULL;
}

static void submit(void *opaque, const char *key, size_t key_len, bench_job *job, void *arg)
{
	struct pool *pool = opaque;
	struct record *record = &pool->ring[pool->slot];
	const unsigned written = atomic_load_explicit(&pool->written, memory_order_relaxed);

	if (!pool->bound) {
		pool->bound = true;
		bind_to(0);
	}
	if (written - pool->read_seen == pool->capacity)
		pool->read_seen = wait_past(&pool->read, pool->read_seen);
	record->job = job;
	record->arg = arg;
	record->key_len = key_len < sizeof(record->key) ? key_len : sizeof(record->key);
	memcpy(record->key, key, record->key_len);
	atomic_store_explicit(&pool->written, written + 1, memory_order_release);
	pool->slot = pool->slot + 1 == pool->capacity ? 0 : pool->slot + 1;
}

static void destroy(void *opaque)
{
	struct pool *pool = opaque;

	submit(pool, "", 0, NULL, NULL);
	pthread_join(pool->reader, NULL);
	free(pool->ring);
	free(pool);
}

static const char *version(void)
{
	return "one spinning reader";
}

const struct adapter adapter_handover = {
	.name = "handover",
	.workloads = "throughput,latency",
	.max_workers = 1,
	.max_producers = 1,
	.version = version,
	.create = create,
	.submit = submit,
	.destroy = destroy
};
