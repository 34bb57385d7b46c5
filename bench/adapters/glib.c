/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * GLib: one GThreadPool of a single thread per worker. Its queues have no bound, so the capacity is not kept and a
 * producer never waits. GLib is loaded when the driver runs: building needs none of it, and where it is missing it is
 * skipped.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../adapter.h"
#include "fnv1a.h"

typedef void pool_function(void *data, void *user);
typedef void *new_function(pool_function *run, void *user, int threads, int exclusive, void **error);
typedef int push_function(void *pool, void *data, void **error);
typedef void free_function(void *pool, int immediate, int wait);

struct task {
	bench_job *job;
	void *arg;
};

struct pool {
	unsigned workers;
	void *worker[];
};

static struct {
	new_function *make;
	push_function *push;
	free_function *release;
	char version[32];
} glib;

/* The detour through memory is how POSIX wants a function pointer to be had from dlsym. */
static bool find(void *library, const char *name, void *function)
{
	void *symbol = dlsym(library, name);

	memcpy(function, &symbol, sizeof(symbol));
	return symbol != NULL;
}

static unsigned number(void *library, const char *name)
{
	const unsigned *value = dlsym(library, name);

	return value ? *value : 0;
}

static const char *version(void)
{
	void *library = glib.make ? NULL : dlopen("libglib-2.0.so.0", RTLD_NOW | RTLD_LOCAL);

	if (library && find(library, "g_thread_pool_push", &glib.push) &&
		find(library, "g_thread_pool_free", &glib.release) && find(library, "g_thread_pool_new", &glib.make))
		snprintf(glib.version, sizeof(glib.version), "%u.%u.%u", number(library, "glib_major_version"),
			number(library, "glib_minor_version"), number(library, "glib_micro_version"));
	return glib.make ? glib.version : NULL;
}

static void run(void *data, void *user)
{
	const struct task task = *(struct task *)data;

	(void)user;
	free(data);
	task.job(NULL, task.arg);
}

static void *create(unsigned workers, unsigned capacity)
{
	struct pool *pool = malloc(sizeof(*pool) + workers * sizeof(pool->worker[0]));

	(void)capacity;
	if (!pool)
		return NULL;
	pool->workers = workers;
	for (unsigned i = 0; i < workers; i++)
		if (!(pool->worker[i] = glib.make(run, NULL, 1, 1, NULL)))
			return NULL;
	return pool;
}

static void submit(void *opaque, const char *key, size_t key_len, bench_job *job, void *arg)
{
	struct pool *pool = opaque;
	struct task *task = malloc(sizeof(*task));

	if (!task)
		bench_fail("glib", "no memory");
	*task = (struct task){ job, arg };
	glib.push(pool->worker[fnv1a(key, key_len) % pool->workers], task, NULL);
}

static void destroy(void *opaque)
{
	struct pool *pool = opaque;

	for (unsigned i = 0; i < pool->workers; i++)
		glib.release(pool->worker[i], 0, 1);
	free(pool);
}

const struct adapter adapter_glib = {
	.name = "glib",
	.version = version,
	.create = create,
	.submit = submit,
	.destroy = destroy
};
