/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "patience.h"

#include <errno.h>

#include "handle.h"
#include "hooks.h"

#define SHORT_SLICE 1000000 /* ns, while callbacks are on their way */

int64_t tpl_deadline(int64_t timeout)
{
	int64_t now;

	if (timeout < 0 || timeout == INT64_MAX)
		return INT64_MAX;
	now = tpl_now();
	return timeout > INT64_MAX - now ? INT64_MAX : now + timeout;
}

int64_t tpl_left(int64_t deadline)
{
	int64_t left = deadline == INT64_MAX ? INT64_MAX : deadline - tpl_now();

	return left < 0 ? 0 : left;
}

void tpl_give_way(lua_State *L)
{
	luaL_checkstack(L, 4, "hook");
	tpl_push_hook(L, TPL_NOTHING);
	lua_call(L, 0, 0);
}

/* Waits so long, ns, for the first one. Whether there was one. */
static bool run_callbacks(lua_State *L, struct tpl_client *client, int64_t patience)
{
	bool any;

	luaL_checkstack(L, 8, "callbacks");
	tpl_push_hook(L, TPL_DISPATCH);
	tpl_push_pool(L, client);
	lua_pushnumber(L, (lua_Number)patience / 1e9);
	lua_call(L, 2, 1);
	any = lua_tonumber(L, -1) > 0;
	lua_pop(L, 1);
	return any;
}

/* `growth`: a slice is longer than the one before by this part of it; 0: it is not. */
static int wait_in_slices(lua_State *L, struct tpl_client *client, tpl_attempt *attempt, void *data, int64_t timeout,
			  int growth)
{
	int64_t deadline, left, slice, longest = TPL_SLICE;
	bool deferred, first = true, busy = false;
	int error;

	if (timeout == 0)
		return attempt(data, timeout);
	deadline = tpl_deadline(timeout);
	for (;;) {
		deferred = atomic_load(&client->deferred) > 0 && client->home == tpl_home(L);
		left = tpl_left(deadline);
		/* A job's waits are watched for deadlocks by the library, which would not see one that comes in slices. */
		if (!deferred && taskpool_current() != NULL) {
			error = attempt(data, deadline == INT64_MAX ? TASKPOOL_FOREVER : left);
			return error == -EAGAIN ? -ETIMEDOUT : error;
		}
		slice = !deferred ? longest : first || busy ? 0 : SHORT_SLICE;
		error = attempt(data, left < slice ? left : slice);
		if ((error != -ETIMEDOUT && error != -EAGAIN) || left == 0)
			return error == -EAGAIN ? -ETIMEDOUT : error;
		/* Where one callback comes the next one may be near; else what is waited for is. */
		if (deferred)
			busy = run_callbacks(L, client, !busy ? 0 : left < SHORT_SLICE ? left : SHORT_SLICE);
		first = false;
		longest += growth > 0 ? longest / growth : 0;
		tpl_give_way(L);
	}
}

int tpl_wait(lua_State *L, struct tpl_client *client, tpl_attempt *attempt, void *data, int64_t timeout)
{
	return wait_in_slices(L, client, attempt, data, timeout, 0);
}

int tpl_wait_longer(lua_State *L, struct tpl_client *client, tpl_attempt *attempt, void *data, int64_t timeout)
{
	return wait_in_slices(L, client, attempt, data, timeout, 2);
}

int64_t tpl_seconds(lua_State *L, int index, int64_t none)
{
	lua_Number seconds;

	if (lua_isnoneornil(L, index))
		return none;
	if (lua_type(L, index) != LUA_TNUMBER)
		return luaL_argerror(L, index, "seconds must be a number or nil");
	seconds = lua_tonumber(L, index);
	if (!(seconds >= 0))
		return luaL_argerror(L, index, "seconds must not be below 0");
	return seconds < 9e9 ? (int64_t)(seconds * 1e9 + 0.5) : INT64_MAX;
}

int tpl_raise(lua_State *L, int error)
{
	switch (error) {
	case -ECANCELED: return luaL_error(L, "the pool is closed");
	case -EDEADLK: return luaL_error(L, "this wait could never end");
	case -EOWNERDEAD: return luaL_error(L, "the pool was left behind by a fork");
	case -ENAMETOOLONG: return luaL_error(L, "a key has more than 65535 bytes");
	case -ENOMEM: return luaL_error(L, "not enough memory");
	case -ENOENT: return luaL_error(L, "the key is not paused");
	default: return luaL_error(L, "%s", taskpool_strerror(error));
	}
}
