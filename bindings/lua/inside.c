/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What a job can ask about itself. Its state belongs to a worker; in others there is no job.
 */
#include <config.h>

#include <errno.h>
#include <time.h>

#include "natives.h"
#include "patience.h"
#include "state.h"

static struct taskpool_context *context_of(lua_State *L)
{
	struct tpl_state *state = tpl_state_of(L);

	return state != NULL ? state->context : NULL;
}

/* The key of the job that runs; nil: it has none, or there is no job. */
int tpl_lua_current_key(lua_State *L)
{
	size_t len;
	const char *key = taskpool_context_key(context_of(L), &len);

	if (key != NULL)
		lua_pushlstring(L, key, len);
	else
		lua_pushnil(L);
	return 1;
}

int tpl_lua_canceled(lua_State *L)
{
	lua_pushboolean(L, taskpool_context_canceled(context_of(L)));
	return 1;
}

static bool sleep_here(lua_State *L, int64_t duration)
{
	int64_t deadline = tpl_deadline(duration), left;

	while ((left = tpl_left(deadline)) > 0) {
		struct timespec time = {0, (long)(left < TPL_SLICE ? left : TPL_SLICE)};

		nanosleep(&time, NULL);
		tpl_give_way(L);
	}
	return true;
}

/* (seconds): true; or nil and "canceled", as soon as the job is told to stop. */
int tpl_lua_sleep(lua_State *L)
{
	struct taskpool_context *context = context_of(L);
	int64_t duration;

	if (lua_type(L, 1) != LUA_TNUMBER)
		return luaL_argerror(L, 1, "seconds must be a number");
	duration = tpl_seconds(L, 1, 0);
	if (context == NULL ? sleep_here(L, duration) : taskpool_context_sleep(context, duration) == 0) {
		lua_pushboolean(L, 1);
		return 1;
	}
	lua_pushnil(L);
	lua_pushliteral(L, "canceled");
	return 2;
}

/* Whether the state is a key's. */
int tpl_lua_has_own_state(lua_State *L)
{
	struct tpl_state *state = tpl_state_of(L);

	lua_pushboolean(L, state != NULL && state->keyed);
	return 1;
}
