/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <sched.h>

#include "alloc.h"
#include "fork.h"
#include "handle.h"
#include "internal.h"

struct taskpool_job *tpi_handle_new(struct taskpool *pool, const struct taskpool_task *task)
{
	struct taskpool_job *handle = tpi_alloc_zero(1, sizeof(*handle));

	if (handle == NULL)
		return NULL;
	if (tpi_word_init(&handle->outcome, 0) != 0) {
		tpi_release(handle);
		return NULL;
	}
	atomic_init(&handle->references, 2);
	handle->generation = tpi_fork_now();
	handle->pool = pool;
	handle->delay = task->delay;
	handle->ttl = task->ttl;
	handle->expires = TPI_NEVER;
	return handle;
}

bool tpi_handle_visit(struct taskpool_job *handle)
{
	/* Sequentially consistent, as the store in tpi_handle_settle and the load in tpi_handle_part: one sees the other. */
	atomic_fetch_add(&handle->visits, 1);
	if (atomic_load(&handle->outcome.value) == 0)
		return true;
	tpi_handle_leave(handle);
	return false;
}

void tpi_handle_leave(struct taskpool_job *handle)
{
	/* Pairs with the load in tpi_handle_part. */
	atomic_fetch_sub_explicit(&handle->visits, 1, memory_order_release);
}

void tpi_handle_settle(struct taskpool_job *handle, int outcome)
{
	handle->turn = NULL;
	handle->holder = NULL;
	/* Pairs with the loads in tpi_handle_outcome and tpi_handle_visit, and with the addition in tpi_handle_wait. */
	atomic_store(&handle->outcome.value, (uint32_t)outcome);
	if (atomic_load(&handle->sleepers) != 0)
		tpi_word_wake(&handle->outcome, TPI_WAKE_ALL);
}

void tpi_handle_part(struct taskpool_job *handle)
{
	while (atomic_load(&handle->visits) != 0)
		sched_yield();
	taskpool_job_unref(handle);
}

bool tpi_handle_wait(struct taskpool_job *handle, int64_t deadline)
{
	bool in_time = true;

	/* Counted before it looks; pairs with the load in tpi_handle_settle. */
	atomic_fetch_add(&handle->sleepers, 1);
	while (in_time && atomic_load(&handle->outcome.value) == 0)
		in_time = tpi_word_wait(&handle->outcome, 0, deadline);
	atomic_fetch_sub_explicit(&handle->sleepers, 1, memory_order_relaxed);
	return tpi_handle_outcome(handle) != 0;
}

TPI_EXPORT int taskpool_job_outcome(struct taskpool_job *job)
{
	int outcome;

	if (job == NULL)
		return -EINVAL;
	outcome = tpi_handle_outcome(job);
	return outcome == 0 && job->generation != tpi_fork_now() ? -EOWNERDEAD : outcome;
}

TPI_EXPORT struct taskpool_job *taskpool_job_ref(struct taskpool_job *job)
{
	if (job != NULL)
		atomic_fetch_add_explicit(&job->references, 1, memory_order_relaxed);
	return job;
}

TPI_EXPORT void taskpool_job_unref(struct taskpool_job *job)
{
	/* Everybody's last use comes before the last drop. */
	if (job == NULL || atomic_fetch_sub_explicit(&job->references, 1, memory_order_acq_rel) != 1)
		return;
	if (job->generation == tpi_fork_now())
		tpi_word_destroy(&job->outcome);
	tpi_release(job);
}
