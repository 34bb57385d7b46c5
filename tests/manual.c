/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "manual.h"
#include "support.h"

struct taskpool *make_manual(unsigned workers, unsigned capacity, uint64_t seed)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;
	int error;

	options.workers = workers;
	options.queue_capacity = capacity;
	options.flags = TASKPOOL_MANUAL;
	options.seed = seed;
	error = taskpool_new_with(&pool, &options);
	if (error)
		die("taskpool_new_with: %d", error);
	return pool;
}

struct taskpool *start_manual(unsigned workers, unsigned capacity, uint64_t seed)
{
	struct taskpool *pool = make_manual(workers, capacity, seed);
	int error = taskpool_start(pool);

	if (error)
		die("taskpool_start: %d", error);
	return pool;
}
