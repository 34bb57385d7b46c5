/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The states that jobs run on: one per worker, or one per key. A state is in the hands of one job at a time; in between
 * it rests with its client.
 */
#ifndef TASKPOOL_LUA_STATE_H
#define TASKPOOL_LUA_STATE_H

#include "client.h"

struct tpl_state {
	lua_State *L;
	struct tpl_client *client;
	struct taskpool_context *context; /* of the job that runs */
	int64_t canceled_at;              /* when a job was first seen canceled; 0: it was not */
	size_t memory;
	struct tpl_state *newer, *older; /* a key's, while it rests */
	bool keyed, failed;              /* failed: init did, and its error is on the stack */
	/*
	 * By max_memory, which is looked at in protected calls alone: LuaJIT needs memory for light userdata, too, and
	 * does not survive without any when it makes a state. Refused: it was reached; who knows what was left undone.
	 */
	bool bounded, refused;
	size_t len;
	char key[];
};

/* The state for the job: one that rests, or a new one, with init run. NULL: no memory. */
struct tpl_state *tpl_state_take(struct tpl_client *client, struct taskpool_context *context);

/* After the job. `broken`: it is closed, and the next job has a new one. */
void tpl_state_put(struct tpl_state *state, bool broken);

/* All that rest. */
void tpl_states_close(struct tpl_client *client);

/* The worker's state that L belongs to; NULL: L is a main state's. */
struct tpl_state *tpl_state_of(lua_State *L);

#endif
