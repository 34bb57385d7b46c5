/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * A job on a worker's state: unpacks, calls, packs what it returned.
 */
#ifndef TASKPOOL_LUA_PERFORM_H
#define TASKPOOL_LUA_PERFORM_H

#include "job.h"

/* Once per state. */
void tpl_perform_prepare(lua_State *L);

/* Calls the function on top. Raises its errors as those of jobs are kept: with the traceback. */
void tpl_perform_init(lua_State *L);

/* What to do, and what came of it. */
struct tpl_call {
	struct tpl_function *function;   /* NULL: the parcel begins with it */
	const struct tpl_parcel *parcel;
	struct taskpool_context *context;
	void *place; /* for the result, if it takes at most so many bytes */
	size_t room;
	struct tpl_parcel *result;
};

/*
 * True: the result is what the function returned. False: it is the error, its traceback, and the key; or NULL for want
 * of memory.
 */
bool tpl_perform(struct tpl_client *client, struct tpl_call *call);

#endif
