/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What happens on the main state: callbacks, and closing.
 */
#include <config.h>

#include <errno.h>

#include "handle.h"
#include "hooks.h"
#include "natives.h"
#include "patience.h"
#include "queue.h"

int tpl_lua_is_home(lua_State *L)
{
	struct tpl_client *client = tpl_check(L, 1, TPL_POOL);

	lua_pushboolean(L, client->home == tpl_home(L));
	return 1;
}

/* At the line that called the method of taskpool.lua. */
static int complain(lua_State *L, const char *why)
{
	luaL_where(L, 2);
	lua_pushstring(L, why);
	lua_concat(L, 2);
	return lua_error(L);
}

static struct tpl_client *check_home(lua_State *L)
{
	struct tpl_client *client = tpl_check(L, 1, TPL_POOL);

	if (client->home != tpl_home(L))
		luaL_error(L, "not the state that made the pool");
	return client;
}

/* Protected: the item, the pool and the handler, which is called with the pool, the kind and what belongs to it. */
static int dispatch(lua_State *L)
{
	static const char *const kinds[] = {"done", "deferred", "dropped", "failed"};
	const struct tpl_item *item = lua_touserdata(L, 1);

	lua_insert(L, 2);
	lua_pushstring(L, kinds[item->kind]);
	if (item->kind != TPL_FAILED) {
		lua_pushnumber(L, (lua_Number)item->number);
	} else if (item->parcel == NULL) {
		lua_pushliteral(L, "not enough memory");
	} else {
		tpl_push_hook(L, TPL_MAKE_ERROR);
		lua_call(L, tpl_unpack(L, item->parcel), 1);
	}
	if (item->kind == TPL_DEFERRED && item->key != NULL)
		lua_pushlstring(L, item->key, item->len);
	else
		lua_pushnil(L);
	lua_call(L, 4, 0);
	return 0;
}

static struct tpl_item *next_item(lua_State *L, struct tpl_client *client, int64_t timeout)
{
	int64_t deadline = timeout == 0 ? 0 : tpl_deadline(timeout), slice;
	struct tpl_item *item;

	for (;;) {
		slice = deadline == 0 ? 0 : tpl_deadline(TPL_SLICE);
		item = tpl_client_pop(client, slice < deadline ? slice : deadline);
		if (item != NULL || deadline == 0 || tpl_left(deadline) == 0)
			return item;
		tpl_give_way(L);
	}
}

/* (pool, seconds, handler): waits for one thing to happen, and calls the handler. Returns whether there was one. */
int tpl_lua_poll(lua_State *L)
{
	struct tpl_client *client = check_home(L);
	int64_t timeout = tpl_seconds(L, 2, 0);
	struct tpl_item *item;
	int error;

	luaL_checktype(L, 3, LUA_TFUNCTION);
	if (tpl_client_is_orphan(client))
		return tpl_raise(L, -EOWNERDEAD);
	lua_settop(L, 3);
	lua_pushcfunction(L, dispatch);
	item = next_item(L, client, timeout);
	if (item == NULL) {
		lua_pushboolean(L, 0);
		return 1;
	}
	lua_pushlightuserdata(L, item);
	lua_pushvalue(L, 1);
	lua_pushvalue(L, 3);
	tpl_client_ref(client); /* whatever the callback does */
	tpl_client_begin_turn(client, item);
	error = lua_pcall(L, 3, 0, 0);
	tpl_client_end_turn(client, item);
	tpl_item_free(client, item);
	tpl_client_unref(client);
	if (error != 0)
		return lua_error(L);
	lua_pushboolean(L, 1);
	return 1;
}

/* (pool, boolean): whether errors of jobs without a future are wanted. */
int tpl_lua_want_errors(lua_State *L)
{
	struct tpl_client *client = check_home(L);

	atomic_store(&client->wants_errors, lua_toboolean(L, 2));
	return 0;
}

/* (pool, whether to cancel): the first step of closing. */
int tpl_lua_refuse(lua_State *L)
{
	struct tpl_client *client = check_home(L);
	struct taskpool_context *context = taskpool_current();

	if (context != NULL && taskpool_context_pool(context) == client->pool)
		return complain(L, "a job cannot close its own pool");
	if (tpl_client_in_turn(client, L, 0))
		return complain(L, "a callback that has its key's turn cannot close the pool");
	if (tpl_client_is_orphan(client))
		return 0;
	tpl_client_refuse(client, lua_toboolean(L, 2));
	lua_pushboolean(L, 1);
	return 1;
}

/* (pool): waits until there is something to poll, or no job is left and nothing to poll; returns whether that is so. */
int tpl_lua_await(lua_State *L)
{
	struct tpl_client *client = check_home(L);
	bool over = tpl_client_is_orphan(client) || tpl_client_await(client, tpl_deadline(TPL_SLICE));

	/* In a job: the library sees a circle, where there is one, but not in slices. */
	if (!over && taskpool_current() != NULL && client->own_pool && atomic_load(&client->deferred) == 0 &&
	    taskpool_wait(client->pool, TASKPOOL_FOREVER) == -EDEADLK)
		return complain(L, "this wait could never end");
	tpl_give_way(L);
	lua_pushboolean(L, over);
	return 1;
}

/* (pool): the last step. */
int tpl_lua_finish(lua_State *L)
{
	struct tpl_client *client = check_home(L);

	if (!tpl_client_is_orphan(client) && tpl_client_is_closed(client) && tpl_client_await(client, 0))
		tpl_client_finish(client);
	return 0;
}
