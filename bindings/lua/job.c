/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "job.h"

#include <stdlib.h>
#include <string.h>

#include "perform.h"
#include "queue.h"

struct tpl_job {
	struct tpl_client *client;
	struct tpl_function *function; /* NULL: the parcel begins with the function */
	struct tpl_parcel *parcel;     /* after the job itself; NULL: the turn of a callback */
	struct tpl_item *item;         /* of that */
	struct tpl_future *future;     /* NULL: nobody can ask */
	bool asked;                    /* the caller gets the future, so its error is known */
	struct tpl_parcel *result; /* until it ends */
	bool raised;
};

/* ---- Functions ---- */

struct tpl_function *tpl_function_new(struct tpl_packer *packer)
{
	static _Atomic uint64_t numbers;
	struct tpl_function *function = malloc(sizeof(*function) + tpl_packed_size(packer));

	if (function == NULL)
		return NULL;
	atomic_init(&function->references, 1);
	function->number = atomic_fetch_add(&numbers, 1) + 1;
	function->parcel = tpl_packed_store(packer, function + 1);
	return function;
}

void tpl_function_unref(struct tpl_function *function)
{
	if (function == NULL || atomic_fetch_sub(&function->references, 1) != 1)
		return;
	tpl_parcel_release(function->parcel);
	free(function);
}

/* ---- Making ---- */

void tpl_job_free(struct tpl_job *job)
{
	tpl_function_unref(job->function);
	tpl_parcel_release(job->parcel);
	tpl_item_free(job->client, job->item);
	tpl_future_unref(job->future);
	free(job);
}

/* A future is also what close() cancels the jobs of another's pool by. */
static struct tpl_job *make(struct tpl_client *client, bool with_future, size_t more)
{
	struct tpl_job *job = malloc(sizeof(*job) + more);

	if (job == NULL)
		return NULL;
	*job = (struct tpl_job){0};
	job->client = client;
	job->asked = with_future;
	if (with_future || !client->own_pool) {
		job->future = tpl_future_new(client);
		if (job->future == NULL) {
			free(job);
			return NULL;
		}
	}
	return job;
}

struct tpl_job *tpl_job_new(struct tpl_client *client, struct tpl_function *function, struct tpl_packer *packer,
			    bool with_future)
{
	struct tpl_job *job = make(client, with_future, tpl_packed_size(packer));

	if (job == NULL)
		return NULL;
	job->parcel = tpl_packed_store(packer, job + 1);
	job->function = function;
	if (function != NULL)
		atomic_fetch_add_explicit(&function->references, 1, memory_order_relaxed);
	return job;
}

struct tpl_job *tpl_job_new_turn(struct tpl_client *client, const struct tpl_order *order, uint64_t number)
{
	struct tpl_job *job = make(client, false, 0);
	struct tpl_item *item = calloc(1, sizeof(*item));

	if (job == NULL || item == NULL || (order->key != NULL && (item->key = malloc(order->len + 1)) == NULL)) {
		free(item);
		if (job != NULL)
			tpl_job_free(job);
		return NULL;
	}
	item->kind = TPL_DEFERRED;
	item->number = number;
	item->len = order->len;
	if (order->key != NULL) {
		memcpy(item->key, order->key, order->len);
		item->hash = tpl_key_hash(item->key, item->len);
	}
	atomic_fetch_add(&client->deferred, 1);
	job->item = item;
	return job;
}

/* ---- On the worker ---- */

/*
 * The callback itself runs elsewhere, later: until then the key is paused, which holds no worker. Pauses are counted, so
 * those of others do not matter.
 */
static void take_turn(struct tpl_job *job, struct taskpool_context *context)
{
	struct tpl_item *item = job->item;

	item->paused = taskpool_context_key(context, NULL) != NULL &&
		       taskpool_key_pause(taskpool_context_pool(context), item->key, item->len) == 0;
	job->item = NULL;
	tpl_client_push(job->client, item);
	if (atomic_load(&job->client->owners) == 0) /* nobody polls any more */
		tpl_item_free(job->client, tpl_client_pop(job->client, 0));
}

static void run(struct taskpool_context *context, void *arg)
{
	struct tpl_job *job = arg;
	struct tpl_call call = {.function = job->function, .parcel = job->parcel, .context = context};

	if (atomic_load_explicit(&job->client->dropping, memory_order_relaxed))
		return; /* without memory to cancel it by */
	if (job->parcel == NULL) {
		take_turn(job, context);
		return;
	}
	if (job->future != NULL)
		atomic_store_explicit(&job->future->status, TPL_RUNNING, memory_order_relaxed);
	if (job->asked) {
		call.place = job->future->small;
		call.room = sizeof(job->future->small);
	}
	job->raised = !tpl_perform(job->client, &call);
	job->result = call.result;
}

/* The error of a job without a future, for those who want to know. */
static void report(struct tpl_job *job)
{
	struct tpl_item *item;

	if (!job->raised || !atomic_load(&job->client->wants_errors))
		return;
	item = calloc(1, sizeof(*item));
	if (item == NULL)
		return;
	item->kind = TPL_FAILED;
	item->parcel = job->result;
	job->result = NULL;
	tpl_client_push(job->client, item);
}

static enum tpl_status status_of(const struct tpl_job *job, int outcome)
{
	if (outcome == TASKPOOL_EXPIRED)
		return TPL_EXPIRED;
	if (outcome != TASKPOOL_RAN)
		return TPL_CANCELED;
	if (job->raised)
		return TPL_RAISED;
	/* A function that returned nothing has an empty parcel. */
	return job->result != NULL || job->parcel == NULL ? TPL_RETURNED : TPL_CANCELED;
}

static void end(void *arg, int outcome)
{
	struct tpl_job *job = arg;
	struct tpl_client *client = job->client;

	if (job->item != NULL) { /* it will not run; poll is told */
		job->item->kind = TPL_DROPPED;
		tpl_client_push(client, job->item);
		job->item = NULL;
	}
	if (!job->asked)
		report(job);
	if (job->future != NULL)
		tpl_future_settle(job->future, status_of(job, outcome), job->result);
	else
		tpl_parcel_free(job->result);
	tpl_job_free(job);
	tpl_client_leave(client);
}

/* ---- Submitting ---- */

int tpl_job_submit(struct tpl_job *job, const struct tpl_order *order, int64_t timeout, struct tpl_future **future)
{
	struct taskpool_task task = TASKPOOL_TASK_INIT;
	struct tpl_client *client = job->client;
	struct tpl_future *mine = job->future;
	bool asked = job->asked;
	int error = tpl_client_enter(client);

	if (error != 0)
		return error;
	task.key = order->key;
	task.key_len = order->len;
	task.run = run;
	task.end = end;
	task.arg = job;
	task.flags = order->flags;
	task.timeout = timeout;
	task.delay = order->delay;
	task.ttl = order->ttl;
	if (mine != NULL && order->key != NULL)
		mine->key_hash = tpl_key_hash(order->key, order->len);
	if (mine != NULL) /* the job may have ended when the call returns */
		atomic_fetch_add_explicit(&mine->references, 1, memory_order_relaxed);
	error = taskpool_submit_task(client->pool, &task, mine != NULL ? &mine->handle : NULL);
	if (error != 0) {
		tpl_future_unref(mine);
		tpl_client_leave(client);
		return error;
	}
	if (mine != NULL && !client->own_pool)
		tpl_future_list(mine);
	if (asked)
		*future = mine;
	else
		tpl_future_unref(mine);
	return 0;
}
