/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Futures: what became of a job.
 */
#include <config.h>

#include <errno.h>

#include "future.h"
#include "handle.h"
#include "hooks.h"
#include "natives.h"
#include "patience.h"
#include "queue.h"

static int try(void *data, int64_t timeout)
{
	return taskpool_job_wait(data, timeout);
}

static int wait_for(lua_State *L, struct tpl_future *future, int64_t timeout)
{
	if (atomic_load(&future->status) > TPL_RUNNING)
		return 0;
	if (future->key_hash != 0 && timeout != 0 && tpl_client_in_turn(future->client, L, future->key_hash))
		return -EDEADLK;
	return tpl_wait(L, future->client, try, future->handle, timeout);
}

/* Pushes the error: what was raised, the traceback and the key are on the stack. */
static void push_error(lua_State *L)
{
	tpl_push_hook(L, TPL_MAKE_ERROR);
	lua_insert(L, -4);
	lua_call(L, 3, 1);
}

static void push_reason(lua_State *L, const char *reason)
{
	lua_pushstring(L, reason);
	lua_pushnil(L);
	lua_pushnil(L);
	push_error(L);
}

/* The job has ended. True: pushes what it returned, `count` values; false: the error. */
static bool push_outcome(lua_State *L, struct tpl_future *future, int *count)
{
	luaL_checkstack(L, 10, "results");
	switch (atomic_load(&future->status)) {
	case TPL_RETURNED:
		*count = tpl_unpack(L, future->parcel);
		return true;
	case TPL_RAISED:
		if (future->parcel == NULL) {
			push_reason(L, "not enough memory");
		} else {
			tpl_unpack(L, future->parcel);
			push_error(L);
		}
		return false;
	case TPL_EXPIRED:
		push_reason(L, "expired");
		return false;
	default:
		push_reason(L, "canceled");
		return false;
	}
}

int tpl_lua_get(lua_State *L)
{
	struct tpl_future *future = tpl_check(L, 1, TPL_FUTURE);
	int count, error = wait_for(L, future, TASKPOOL_FOREVER);

	if (error != 0)
		return tpl_raise(L, error);
	return push_outcome(L, future, &count) ? count : lua_error(L);
}

int tpl_lua_pcall(lua_State *L)
{
	struct tpl_future *future = tpl_check(L, 1, TPL_FUTURE);
	int64_t timeout = tpl_seconds(L, 2, TASKPOOL_FOREVER);
	int count = 1, error = wait_for(L, future, timeout), top;

	if (error == -ETIMEDOUT) {
		lua_pushnil(L);
		lua_pushliteral(L, "timeout");
		return 2;
	}
	if (error != 0)
		return tpl_raise(L, error);
	top = lua_gettop(L);
	lua_pushnil(L);
	lua_pushboolean(L, push_outcome(L, future, &count));
	lua_replace(L, top + 1);
	return count + 1;
}

/* The record's watched[number] is {future, callback, callback ...}. */
int tpl_lua_on_done(lua_State *L)
{
	struct tpl_future *future = tpl_check(L, 1, TPL_FUTURE);

	luaL_checktype(L, 2, LUA_TFUNCTION);
	if (future->client->home != tpl_home(L))
		return luaL_error(L, "callbacks can be set only on the state that made the pool");
	lua_settop(L, 2);
	if (tpl_client_is_orphan(future->client))
		return tpl_raise(L, -EOWNERDEAD);
	if (!tpl_future_watch(future)) /* first: nothing comes out of poll before this returns */
		return tpl_raise(L, -ENOMEM);
	tpl_push_record(L, 1);
	lua_getfield(L, 3, "watched");
	lua_pushnumber(L, (lua_Number)future->number);
	lua_rawget(L, 4);
	if (lua_isnil(L, 5)) {
		lua_createtable(L, 2, 0);
		lua_replace(L, 5);
		lua_pushvalue(L, 1);
		lua_rawseti(L, 5, 1);
		lua_pushnumber(L, (lua_Number)future->number);
		lua_pushvalue(L, 5);
		lua_rawset(L, 4);
	}
	lua_pushvalue(L, 2);
	lua_rawseti(L, 5, (int)lua_rawlen(L, 5) + 1);
	lua_getfield(L, 3, "count");
	lua_pushinteger(L, lua_tointeger(L, -1) + 1);
	lua_setfield(L, 3, "count");
	lua_settop(L, 1);
	return 1;
}
