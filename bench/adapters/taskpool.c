/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * libtaskpool, through the call that most programs use.
 */
#include <taskpool.h>

#include "../adapter.h"

static void *create(unsigned workers, unsigned capacity, enum taskpool_placement placement)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;

	options.workers = workers;
	options.queue_capacity = capacity;
	options.placement = placement;
	if (taskpool_new_with(&pool, &options) < 0)
		return NULL;
	if (taskpool_start(pool) == 0)
		return pool;
	taskpool_free(pool);
	return NULL;
}

static void *create_floating(unsigned workers, unsigned capacity)
{
	return create(workers, capacity, TASKPOOL_FLOATING);
}

static void *create_pinned(unsigned workers, unsigned capacity)
{
	return create(workers, capacity, TASKPOOL_PINNED);
}

static void submit(void *pool, const char *key, size_t key_len, bench_job *job, void *arg)
{
	const int error = taskpool_submit(pool, key, job, arg);

	(void)key_len;
	if (error < 0)
		bench_fail("taskpool_submit", taskpool_strerror(error));
}

static void destroy(void *pool)
{
	const int error = taskpool_wait(pool, TASKPOOL_FOREVER);

	if (error < 0)
		bench_fail("taskpool_wait", taskpool_strerror(error));
	taskpool_free(pool);
}

const struct adapter adapter_taskpool = {
	.name = "taskpool",
	.version = taskpool_version,
	.create = create_floating,
	.submit = submit,
	.destroy = destroy
};

const struct adapter adapter_taskpool_pinned = {
	.name = "taskpool-pinned",
	.version = taskpool_version,
	.create = create_pinned,
	.submit = submit,
	.destroy = destroy
};
