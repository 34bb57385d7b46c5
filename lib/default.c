/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "internal.h"
#include "pool.h"

/* Never freed: it may be used until the process is gone. A forked child finds its parent's, and puts its own there. */
static _Atomic(struct taskpool *) the_default;

/* The pool of this process, made if there is none; two threads may make one each, and one of them loses. */
static struct taskpool *find(int *error)
{
	struct taskpool *seen = atomic_load_explicit(&the_default, memory_order_acquire), *made = NULL;

	if (tpi_pool_check(seen) == 0)
		return seen;
	*error = tpi_pool_new(&made, NULL, true);
	if (*error != 0)
		return NULL;
	if (atomic_compare_exchange_strong_explicit(&the_default, &seen, made, memory_order_acq_rel,
						    memory_order_acquire))
		return made;
	tpi_pool_drop(made);
	return seen;
}

TPI_EXPORT struct taskpool *taskpool_default(void)
{
	int error = 0;
	struct taskpool *pool = find(&error);

	if (pool != NULL && atomic_load_explicit(&pool->state, memory_order_relaxed) == TPI_POOL_NEW)
		error = taskpool_start(pool);
	if (error == 0 || error == -EALREADY || error == -ECANCELED)
		return pool;
	errno = -error;
	return NULL;
}
