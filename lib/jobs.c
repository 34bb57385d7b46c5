/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "clock.h"
#include "evict.h"
#include "internal.h"
#include "manual.h"
#include "waits.h"

/* Whether this thread has the job in its hands. */
static bool is_mine(struct taskpool_job *job)
{
	const struct tpi_frame *frame;

	if (tpi_frame_top() == NULL || !tpi_handle_visit(job))
		return false;
	tpi_lock_take(&job->shard->lock);
	frame = job->turn != NULL ? job->turn->frame : job->holder;
	tpi_lock_drop(&job->shard->lock);
	tpi_handle_leave(job);
	return tpi_frame_mine(frame);
}

static bool never_runs(struct taskpool_job *job)
{
	bool never;

	if (!tpi_handle_visit(job))
		return false;
	never = tpi_manual_alone(job->pool);
	tpi_handle_leave(job);
	return never;
}

static int sleep_over(struct taskpool_job *job, int64_t timeout)
{
	struct tpi_wait wait = {.kind = TPI_WAIT_JOB, .timeout = timeout, .job = job};
	bool in_time;

	if ((tpi_wait_refusable(timeout) && never_runs(job)) || !tpi_wait_enlist(&wait))
		return -EDEADLK;
	in_time = tpi_handle_wait(job, tpi_deadline(timeout));
	tpi_wait_delist(&wait);
	return in_time ? 0 : -ETIMEDOUT;
}

TPI_EXPORT int taskpool_job_wait(struct taskpool_job *job, int64_t timeout)
{
	int outcome = taskpool_job_outcome(job);

	if (outcome != 0)
		return outcome < 0 ? outcome : 0;
	if (is_mine(job))
		return -EDEADLK;
	return timeout == 0 ? -ETIMEDOUT : sleep_over(job, timeout);
}

/* Where it is: taken out of its queue into the eviction (0), running (-EBUSY), or in somebody's hands (-EALREADY). */
static int reach(struct taskpool_job *job, struct tpi_eviction *eviction)
{
	struct tpi_shard *shard = job->shard;
	int result = -EALREADY;

	tpi_lock_take(&shard->lock);
	if (job->job != NULL) {
		tpi_evict_one(eviction, shard, job, TASKPOOL_CANCELED);
		tpi_pool_hold(job->pool);
		result = 0;
	} else if (job->turn != NULL && job->turn->outcome == TASKPOOL_RAN) {
		tpi_context_cancel(job->turn->context);
		result = -EBUSY;
	}
	tpi_crew_release(&job->pool->crew, shard);
	return result;
}

TPI_EXPORT int taskpool_job_cancel(struct taskpool_job *job)
{
	struct tpi_eviction eviction;
	struct taskpool *pool;
	int result = taskpool_job_outcome(job);

	if (result < 0)
		return result;
	if (result > 0 || !tpi_handle_visit(job))
		return -EALREADY;
	pool = job->pool;
	result = reach(job, &eviction);
	tpi_handle_leave(job);
	if (result == 0) {
		if (!tpi_evict_end(&eviction, &pool->crew, pool))
			return -EOWNERDEAD;
		tpi_pool_drop(pool);
	} else if (result == -EALREADY && taskpool_job_wait(job, TASKPOOL_FOREVER) == -EDEADLK) {
		result = -EBUSY; /* it waits for this very thread */
	}
	return result;
}
