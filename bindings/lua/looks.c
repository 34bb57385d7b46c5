/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What can be asked of a pool; keys.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "handle.h"
#include "key.h"
#include "natives.h"
#include "patience.h"

int tpl_lua_version(lua_State *L)
{
	lua_pushstring(L, taskpool_version());
	return 1;
}

/* Seconds of a clock that never goes back. */
int tpl_lua_now(lua_State *L)
{
	lua_pushnumber(L, (lua_Number)tpl_now() / 1e9);
	return 1;
}

/* (pool, string): a key. */
int tpl_lua_key(lua_State *L)
{
	struct tpl_client *client = tpl_check(L, 1, TPL_POOL);
	struct tpl_key *key;
	const char *bytes;
	size_t len;

	if (lua_type(L, 2) != LUA_TSTRING)
		return luaL_argerror(L, 2, "the key must be a string");
	bytes = lua_tolstring(L, 2, &len);
	if (len > TASKPOOL_KEY_MAX)
		return tpl_raise(L, -ENAMETOOLONG);
	tpl_push_empty(L, TPL_KEY, 1);
	key = tpl_key_new(client, bytes, len);
	if (key == NULL)
		return tpl_raise(L, -ENOMEM);
	tpl_fill(L, -1, TPL_KEY, key);
	return 1;
}

int tpl_lua_key_name(lua_State *L)
{
	struct tpl_key *key = tpl_check(L, 1, TPL_KEY);

	lua_pushlstring(L, key->bytes, key->len);
	return 1;
}

static void set_count(lua_State *L, const char *name, uint64_t count)
{
	lua_pushinteger(L, (lua_Integer)count);
	lua_setfield(L, -2, name);
}

static void set_counts(lua_State *L, const char *name, const uint64_t counts[64])
{
	lua_createtable(L, 64, 0);
	for (int i = 0; i < 64; i++) {
		lua_pushinteger(L, (lua_Integer)counts[i]);
		lua_rawseti(L, -2, i + 1);
	}
	lua_setfield(L, -2, name);
}

int tpl_lua_stats(lua_State *L)
{
	struct tpl_client *client = tpl_check(L, 1, TPL_POOL);
	struct taskpool_stats stats = {.size = sizeof(stats)};
	int error = taskpool_stats(client->pool, &stats);

	if (error != 0)
		return tpl_raise(L, error);
	lua_createtable(L, 0, 16);
	set_count(L, "submitted", stats.submitted);
	set_count(L, "ran", stats.ran);
	set_count(L, "canceled", stats.canceled);
	set_count(L, "expired", stats.expired);
	set_count(L, "replaced", stats.replaced);
	set_count(L, "queued", stats.queued);
	set_count(L, "running", stats.running);
	set_count(L, "rejected", stats.rejected);
	set_count(L, "stolen", stats.stolen);
	set_count(L, "overflow", stats.overflow);
	set_count(L, "blocked", stats.blocked);
	lua_pushnumber(L, (lua_Number)stats.blocked_time / 1e9);
	lua_setfield(L, -2, "blocked_time");
	set_count(L, "peak_queued", stats.peak_queued);
	set_count(L, "keys_active", stats.keys_active);
	set_counts(L, "wait_time", stats.wait_time);
	set_counts(L, "run_time", stats.run_time);
	return 1;
}

/* The text may have grown since its length was asked for. */
int tpl_lua_metrics(lua_State *L)
{
	struct tpl_client *client = tpl_check(L, 1, TPL_POOL);
	int room = 0, len = taskpool_metrics(client->pool, NULL, 0);
	char *buffer = NULL;

	while (len >= room) {
		room = len + 1000;
		buffer = lua_newuserdata(L, (size_t)room);
		len = taskpool_metrics(client->pool, buffer, (size_t)room);
	}
	if (len < 0)
		return tpl_raise(L, len);
	lua_pushlstring(L, buffer, (size_t)len);
	return 1;
}

/* (pool, count): {{key =, queued =} ...}, the longest queue first. */
int tpl_lua_hot_keys(lua_State *L)
{
	struct tpl_client *client = tpl_check(L, 1, TPL_POOL);
	lua_Integer asked = luaL_optinteger(L, 2, 10);
	struct taskpool_hot_key *keys;
	int most, count;

	luaL_argcheck(L, asked >= 1 && asked <= 10000, 2, "from 1 to 10000");
	most = (int)asked;
	keys = lua_newuserdata(L, (size_t)most * sizeof(*keys));
	for (int i = 0; i < most; i++)
		keys[i].size = sizeof(*keys);
	count = taskpool_hot_keys(client->pool, keys, (size_t)most);
	if (count < 0)
		return tpl_raise(L, count);
	lua_createtable(L, count, 0);
	for (int i = 0; i < count; i++) {
		lua_createtable(L, 0, 2);
		lua_pushlstring(L, (const char *)keys[i].key,
				keys[i].key_len < sizeof(keys[i].key) ? keys[i].key_len : sizeof(keys[i].key));
		lua_setfield(L, -2, "key");
		set_count(L, "queued", keys[i].queued);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}
