/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Jobs: a function and its arguments on their way to a state.
 */
#ifndef TASKPOOL_LUA_JOB_H
#define TASKPOOL_LUA_JOB_H

#include "future.h"

/* A function that was packed once. A state keeps what it unpacked, by the number. */
struct tpl_function {
	atomic_uint references;
	uint64_t number;
	struct tpl_parcel *parcel;
};

/* Of what was packed. NULL: no memory. */
struct tpl_function *tpl_function_new(struct tpl_packer *packer);
void tpl_function_unref(struct tpl_function *function);

/* How a job is to be submitted. */
struct tpl_order {
	const char *key; /* NULL: none */
	size_t len;
	unsigned flags;
	int64_t timeout, delay, ttl; /* ns */
};

struct tpl_job;

/*
 * Of what was packed: the arguments, and before them the function, unless `function`, which gets a reference, is not
 * NULL. NULL: no memory.
 */
struct tpl_job *tpl_job_new(struct tpl_client *client, struct tpl_function *function, struct tpl_packer *packer,
			    bool with_future);

/* The turn of a callback, whose number comes out of poll when it is due. NULL: no memory. */
struct tpl_job *tpl_job_new_turn(struct tpl_client *client, const struct tpl_order *order, uint64_t number);

/* One that is not submitted. */
void tpl_job_free(struct tpl_job *job);

/*
 * 0: the job is on its way and no more the caller's; `future` (may be NULL) is, if the job was made with one. Else what
 * taskpool_submit_task says, or tpl_client_enter: it may be submitted again.
 */
int tpl_job_submit(struct tpl_job *job, const struct tpl_order *order, int64_t timeout, struct tpl_future **future);

#endif
