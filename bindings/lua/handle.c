/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "handle.h"

#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "key.h"

struct tpl_key *tpl_key_new(struct tpl_client *client, const char *bytes, size_t len)
{
	struct tpl_key *key = malloc(sizeof(*key) + len);

	if (key == NULL)
		return NULL;
	atomic_init(&key->references, 1);
	key->client = client;
	tpl_client_ref(client);
	key->len = len;
	memcpy(key->bytes, bytes, len);
	return key;
}

void tpl_key_unref(struct tpl_key *key)
{
	if (key == NULL || atomic_fetch_sub(&key->references, 1) != 1)
		return;
	tpl_client_unref(key->client);
	free(key);
}

void tpl_object_ref(enum tpl_kind kind, void *object)
{
	atomic_uint *references = NULL;

	switch (kind) {
	case TPL_POOL: tpl_client_ref(object); return;
	case TPL_KEY: references = &((struct tpl_key *)object)->references; break;
	case TPL_FUTURE: references = &((struct tpl_future *)object)->references; break;
	case TPL_FUNCTION: references = &((struct tpl_function *)object)->references; break;
	}
	atomic_fetch_add_explicit(references, 1, memory_order_relaxed);
}

void tpl_object_unref(enum tpl_kind kind, void *object)
{
	switch (kind) {
	case TPL_POOL: tpl_client_unref(object); break;
	case TPL_KEY: tpl_key_unref(object); break;
	case TPL_FUTURE: tpl_future_unref(object); break;
	case TPL_FUNCTION: tpl_function_unref(object); break;
	}
}

struct tpl_client *tpl_object_client(enum tpl_kind kind, void *object)
{
	switch (kind) {
	case TPL_POOL: return object;
	case TPL_KEY: return ((struct tpl_key *)object)->client;
	case TPL_FUTURE: return ((struct tpl_future *)object)->client;
	default: return NULL;
	}
}

void *tpl_check(lua_State *L, int index, enum tpl_kind kind)
{
	static const char *const names[] = {"Pool", "Key", "Future", "Function"};
	enum tpl_kind found = kind;
	void *object = tpl_to_object(L, index, &found);
	const char *message;

	if (object != NULL && found == kind)
		return object;
	message = lua_pushfstring(L, "taskpool.%s expected, got %s", names[kind],
				  object != NULL ? names[found] : luaL_typename(L, index));
	luaL_argerror(L, index, message);
	return NULL;
}

/* ---- What userdata belong to ---- */

static const char pools; /* registry: client to userdata, weak */

static void set_record(lua_State *L, int index)
{
#if LUA_VERSION_NUM < 502
	lua_setfenv(L, index);
#else
	lua_setuservalue(L, index);
#endif
}

void tpl_push_record(lua_State *L, int index)
{
#if LUA_VERSION_NUM < 502
	lua_getfenv(L, index);
#else
	lua_getuservalue(L, index);
#endif
}

void tpl_share_record(lua_State *L, int from)
{
	tpl_push_record(L, from);
	set_record(L, -2);
}

static void set_new_record(lua_State *L)
{
	lua_createtable(L, 0, 4);
	lua_pushvalue(L, -2);
	lua_setfield(L, -2, "pool");
	lua_newtable(L);
	lua_setfield(L, -2, "deferred");
	lua_newtable(L);
	lua_setfield(L, -2, "watched");
	lua_pushinteger(L, 0);
	lua_setfield(L, -2, "count");
	set_record(L, -2);
}

/* Pushes the table `pools`. */
static void push_pools(lua_State *L)
{
	tpl_get_own(L, &pools);
	if (lua_istable(L, -1))
		return;
	lua_pop(L, 1);
	lua_newtable(L);
	lua_createtable(L, 0, 1);
	lua_pushliteral(L, "v");
	lua_setfield(L, -2, "__mode");
	lua_setmetatable(L, -2);
	lua_pushvalue(L, -1);
	tpl_set_own(L, &pools);
}

void tpl_push_new_pool(lua_State *L)
{
	luaL_checkstack(L, 8, "pool");
	tpl_push_empty(L, TPL_POOL, 0);
	set_new_record(L);
}

/* Should there be no memory to note it, the userdata has it all the same, and shuts it when collected. */
void tpl_fill_pool(lua_State *L, struct tpl_client *client)
{
	int index = lua_gettop(L);

	tpl_fill(L, index, TPL_POOL, client);
	push_pools(L);
	lua_pushlightuserdata(L, client);
	lua_pushvalue(L, index);
	lua_rawset(L, -3);
	lua_pop(L, 1);
}

void tpl_push_pool(lua_State *L, struct tpl_client *client)
{
	luaL_checkstack(L, 8, "pool");
	push_pools(L);
	lua_pushlightuserdata(L, client);
	lua_rawget(L, -2);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		tpl_push_empty(L, TPL_POOL, 0);
		set_new_record(L);
		tpl_client_ref(client);
		tpl_fill(L, -1, TPL_POOL, client);
		lua_pushlightuserdata(L, client);
		lua_pushvalue(L, -2);
		lua_rawset(L, -4);
	}
	lua_remove(L, -2);
}

void tpl_push_object(lua_State *L, enum tpl_kind kind, void *object)
{
	struct tpl_client *client = tpl_object_client(kind, object);

	if (kind == TPL_POOL) {
		tpl_push_pool(L, client);
		return;
	}
	if (client == NULL) {
		tpl_push_empty(L, kind, 0);
	} else {
		tpl_push_pool(L, client);
		tpl_push_empty(L, kind, lua_gettop(L));
		lua_remove(L, -2);
	}
	tpl_object_ref(kind, object);
	tpl_fill(L, -1, kind, object);
}
