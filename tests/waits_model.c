/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <string.h>

#include "waits_model.h"

unsigned model_unended(const struct model *model, unsigned jobs)
{
	unsigned unended = 0;

	for (unsigned i = 0; i < model->jobs; i++)
		if ((jobs >> i & 1) && model->job[i].status != ENDED)
			unended |= 1U << i;
	return unended;
}

static bool has_worker(const struct model *model, const struct model_job *job)
{
	unsigned running = 0;

	for (unsigned i = 0; i < model->jobs; i++) {
		const struct model_job *other = &model->job[i];

		if (other->status != RUNNING || other->pool != job->pool)
			continue;
		if (model->pinned[job->pool] && other->home == job->home)
			return false;
		running++;
	}
	return running < model->workers[job->pool];
}

/* Whether `other` comes before `job`, both being of one key. */
static bool is_before(const struct model_job *other, const struct model_job *job)
{
	return other->delayed == job->delayed ? other < job : job->delayed;
}

bool model_can_start(const struct model *model, unsigned number)
{
	const struct model_job *job = &model->job[number];

	if (job->status != QUEUED || (job->delayed && !model->far_future))
		return false;
	if (job->key == NO_KEY)
		return has_worker(model, job);
	if ((model->paused[job->pool] >> job->key & 1) && !model->far_future)
		return false;
	for (unsigned i = 0; i < model->jobs; i++) {
		const struct model_job *other = &model->job[i];

		if (other->pool == job->pool && other->key == job->key && other->status != ENDED &&
		    is_before(other, job))
			return false;
	}
	return has_worker(model, job);
}

bool model_is_free(const struct model *model, unsigned job)
{
	const struct model_job *j = &model->job[job];

	return j->status == RUNNING && ((model->timely && j->timed) || model_unended(model, j->waits_for) == 0);
}

/* A state is what each job's status is: all else follows from it. */
#define MAX_STATES 2187 /* 3^MAX_JOBS */

static unsigned state_number(const struct model *model)
{
	unsigned number = 0;

	for (unsigned i = 0; i < model->jobs; i++)
		number = number * 3 + model->job[i].status;
	return number;
}

static bool search(struct model *model, unsigned jobs, bool *visited)
{
	bool *here = &visited[state_number(model)];
	bool found = false;

	if (model_unended(model, jobs) == 0)
		return true;
	if (*here)
		return false;
	*here = true;
	for (unsigned i = 0; i < model->jobs && !found; i++) {
		enum status before = model->job[i].status;

		if (model_is_free(model, i))
			model->job[i].status = ENDED;
		else if (model_can_start(model, i))
			model->job[i].status = RUNNING;
		else
			continue;
		found = search(model, jobs, visited);
		model->job[i].status = before;
	}
	return found;
}

bool model_can_wait(const struct model *model, unsigned job, unsigned jobs, bool timely)
{
	static bool visited[MAX_STATES];
	struct model copy = *model;

	memset(visited, 0, sizeof(visited));
	copy.far_future = true;
	copy.timely = timely;
	copy.job[job].waits_for = jobs;
	copy.job[job].timed = false;
	return search(&copy, jobs, visited);
}

unsigned model_due_starts(const struct model *model)
{
	struct model copy = *model;
	unsigned due = 0;

	/* Any order will do: whichever job takes a worker, or a key's turn, one has it. */
	for (unsigned i = 0; i < copy.jobs; i++)
		if (model_can_start(&copy, i)) {
			copy.job[i].status = RUNNING;
			due++;
		}
	return due;
}
