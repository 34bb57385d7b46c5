/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Pools: new ones, those of a host program, and the default one.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handle.h"
#include "methods.h"
#include "natives.h"

#define MAX_STATES 1000

int tpl_lua_record(lua_State *L)
{
	enum tpl_kind kind;

	if (tpl_to_object(L, 1, &kind) == NULL || kind == TPL_FUNCTION)
		return 0;
	tpl_push_record(L, 1);
	return 1;
}

/* Of two userdata. */
int tpl_lua_same(lua_State *L)
{
	enum tpl_kind a, b;
	void *one = tpl_to_object(L, 1, &a), *other = tpl_to_object(L, 2, &b);

	lua_pushboolean(L, one != NULL && one == other);
	return 1;
}

static int push_is(lua_State *L, enum tpl_kind wanted)
{
	enum tpl_kind kind;

	lua_pushboolean(L, tpl_to_object(L, 1, &kind) != NULL && kind == wanted);
	return 1;
}

int tpl_lua_is_pool(lua_State *L)
{
	return push_is(L, TPL_POOL);
}

int tpl_lua_is_future(lua_State *L)
{
	return push_is(L, TPL_FUTURE);
}

/* ---- Options ---- */

/* All may raise errors; what was got until then hangs at a userdata. */
struct setup {
	struct taskpool_options options;
	struct tpl_settings settings;
	char *name;
};

static int forget(lua_State *L)
{
	struct setup *setup = lua_touserdata(L, 1);

	tpl_settings_free(&setup->settings);
	free(setup->name);
	setup->name = NULL;
	return 0;
}

static struct setup *push_setup(lua_State *L)
{
	struct setup *setup = lua_newuserdata(L, sizeof(*setup));

	*setup = (struct setup){TASKPOOL_OPTIONS_INIT, {.max_states = MAX_STATES, .grace = -1}, NULL};
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, forget);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
	return setup;
}

static int wrong(lua_State *L, const char *name, const char *what)
{
	return luaL_error(L, "option '%s' must be %s, not %s", name, what,
			  lua_isnumber(L, -1) ? lua_tostring(L, -1) : luaL_typename(L, -1));
}

static double number_option(lua_State *L, const char *name, double most, bool whole)
{
	double number = lua_type(L, -1) == LUA_TNUMBER ? (double)lua_tonumber(L, -1) : -1;

	if (!(number >= 0 && number <= most) || (whole && number != (double)(int64_t)number))
		wrong(L, name, whole ? "an integer, at least 0" : "a number, at least 0");
	return number;
}

static int64_t seconds_option(lua_State *L, const char *name)
{
	return (int64_t)(number_option(L, name, 9e9, false) * 1e9 + 0.5);
}

/* The index of the text in the list. */
static unsigned choice_option(lua_State *L, const char *name, const char *first, const char *second)
{
	const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";

	if (strcmp(text, first) != 0 && strcmp(text, second) != 0)
		luaL_error(L, "option '%s' must be \"%s\" or \"%s\"", name, first, second);
	return strcmp(text, second) == 0;
}

static bool boolean_option(lua_State *L, const char *name)
{
	if (!lua_isboolean(L, -1))
		wrong(L, name, "a boolean");
	return lua_toboolean(L, -1);
}

static bool read_count(lua_State *L, const char *name, struct setup *setup)
{
	const struct {
		const char *name;
		unsigned *to;
	} counts[] = {
		{"workers", &setup->options.workers},
		{"queue_capacity", &setup->options.queue_capacity},
		{"key_capacity", &setup->options.key_capacity},
		{"key_turn", &setup->options.key_turn},
		{"key_burst", &setup->options.key_burst},
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (strcmp(name, counts[i].name) == 0) {
			*counts[i].to = (unsigned)number_option(L, name, 4294967295.0, true);
			if (i == 0 && setup->options.workers == 0)
				wrong(L, name, "at least 1");
			return true;
		}
	}
	return false;
}

static void read_init(lua_State *L, struct setup *setup)
{
	if (!lua_isfunction(L, -1))
		wrong(L, "init", "a function");
	tpl_parcel_free(setup->settings.init);
	setup->settings.init = NULL;
	setup->settings.init = tpl_packed_new(tpl_pack(L, lua_gettop(L), 0, 0, "init"));
	if (setup->settings.init == NULL)
		tpl_raise(L, -ENOMEM);
}

/* Of the states. The value is on top. False: there is no such option. */
static bool read_state_option(lua_State *L, const char *name, struct setup *setup)
{
	if (strcmp(name, "state") == 0)
		setup->settings.per_key = choice_option(L, name, "worker", "key");
	else if (strcmp(name, "init") == 0)
		read_init(L, setup);
	else if (strcmp(name, "max_states") == 0)
		setup->settings.max_states = (unsigned)number_option(L, name, 4294967295.0, true);
	else if (strcmp(name, "grace") == 0)
		setup->settings.grace = seconds_option(L, name);
	else if (strcmp(name, "max_memory") == 0)
		setup->settings.max_memory = (size_t)number_option(L, name, 9e15, true);
	else
		return false;
	return true;
}

/* The table may change before the pool is made: by a __transfer, or __index of `package`. */
static const char *copy_name(lua_State *L, struct setup *setup)
{
	if (lua_type(L, -1) != LUA_TSTRING)
		wrong(L, "name", "a string");
	free(setup->name);
	setup->name = strdup(lua_tostring(L, -1));
	if (setup->name == NULL)
		tpl_raise(L, -ENOMEM);
	return setup->name;
}

/* Of the pool itself. */
static bool read_pool_option(lua_State *L, const char *name, struct setup *setup)
{
	if (strcmp(name, "key_interval") == 0)
		setup->options.key_interval = seconds_option(L, name);
	else if (strcmp(name, "placement") == 0)
		setup->options.placement = choice_option(L, name, "floating", "pinned");
	else if (strcmp(name, "hash") == 0)
		setup->options.hash = choice_option(L, name, "fnv1a", "siphash");
	else if (strcmp(name, "strict") == 0)
		setup->options.flags = boolean_option(L, name) ? TASKPOOL_STRICT : 0;
	else if (strcmp(name, "name") == 0)
		setup->options.name = copy_name(L, setup);
	else
		return read_count(L, name, setup);
	return true;
}

static void read_options(lua_State *L, int index, struct setup *setup, bool own_pool)
{
	const char *name;

	if (lua_isnoneornil(L, index))
		return;
	luaL_checktype(L, index, LUA_TTABLE);
	for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "options must have names; this one is a %s", luaL_typename(L, -2));
		name = lua_tostring(L, -2);
		if (!read_state_option(L, name, setup) && !(own_pool && read_pool_option(L, name, setup)))
			luaL_error(L, "unknown option '%s'", name);
	}
}

static char *copy_path(lua_State *L, const char *name)
{
	const char *path;
	char *copy = NULL;

	lua_getglobal(L, "package");
	if (lua_istable(L, -1)) {
		lua_getfield(L, -1, name);
		path = lua_tostring(L, -1);
		copy = path != NULL ? strdup(path) : NULL;
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return copy;
}

/* The C functions there are a host program's own modules. A Lua function is left out, and one with upvalues. */
static struct tpl_preload *copy_preload(lua_State *L)
{
	struct tpl_preload *list = NULL, *entry;
	int top = lua_gettop(L);
	size_t len;
	const char *name;

	luaL_checkstack(L, 6, "package.preload");
	lua_getglobal(L, "package");
	if (lua_istable(L, -1))
		lua_getfield(L, -1, "preload");
	if (!lua_istable(L, -1)) {
		lua_settop(L, top);
		return NULL;
	}
	for (lua_pushnil(L); lua_next(L, top + 2) != 0; lua_settop(L, top + 3)) {
		if (!lua_iscfunction(L, -1) || lua_tocfunction(L, -1) == NULL || lua_getupvalue(L, -1, 1) != NULL ||
		    lua_type(L, top + 3) != LUA_TSTRING)
			continue;
		name = lua_tolstring(L, top + 3, &len);
		entry = malloc(sizeof(*entry) + len + 1);
		if (entry == NULL)
			continue;
		entry->open = lua_tocfunction(L, -1);
		entry->next = list;
		memcpy(entry->name, name, len + 1);
		list = entry;
	}
	lua_settop(L, top);
	return list;
}

/* The states look for modules where this one does. */
static void read_paths(lua_State *L, struct tpl_settings *settings)
{
	settings->path = copy_path(L, "path");
	settings->cpath = copy_path(L, "cpath");
	settings->preload = copy_preload(L);
}

/* ---- Pools ---- */

static int start(lua_State *L, struct taskpool **pool, const struct taskpool_options *options)
{
	int error = taskpool_new_with(pool, options);

	if (error == 0 && (error = taskpool_start(*pool)) != 0)
		taskpool_free(*pool);
	if (error == -EAGAIN)
		luaL_error(L, "no thread could be started for a worker");
	return error;
}

/* The reference goes to the userdata on top. A client without one would be shut by nobody. */
static int keep_client(lua_State *L, struct tpl_client *client)
{
	if (client == NULL)
		return tpl_raise(L, -ENOMEM);
	tpl_fill_pool(L, client);
	return 1;
}

int tpl_lua_new(lua_State *L)
{
	struct setup *setup;
	struct taskpool *pool;
	int error;

	lua_settop(L, 1);
	setup = push_setup(L);
	read_options(L, 1, setup, true);
	read_paths(L, &setup->settings);
	tpl_push_new_pool(L);
	error = start(L, &pool, &setup->options);
	if (error != 0)
		return tpl_raise(L, error);
	return keep_client(L, tpl_client_new(L, pool, true, &setup->settings));
}

/* A pool of the host program, which owns it: light userdata, and the options of states. */
int tpl_lua_adopt(lua_State *L)
{
	struct taskpool *pool = lua_islightuserdata(L, 1) ? lua_touserdata(L, 1) : NULL;
	struct setup *setup;

	if (pool == NULL)
		return luaL_argerror(L, 1, "a pool as light userdata expected");
	if (taskpool_fd(pool) != -EINVAL)
		return luaL_argerror(L, 1, "a manual pool has no workers for states");
	lua_settop(L, 2);
	setup = push_setup(L);
	read_options(L, 2, setup, false);
	read_paths(L, &setup->settings);
	tpl_push_new_pool(L);
	return keep_client(L, tpl_client_new(L, pool, false, &setup->settings));
}

static const char default_pool; /* registry: its userdata */

/* Each state has one on C's, for as long as it lives; and so has each child after a fork. */
int tpl_lua_default(lua_State *L)
{
	enum tpl_kind kind;
	struct tpl_client *client;
	struct setup *setup;
	struct taskpool *pool;
	int top = lua_gettop(L);

	tpl_get_own(L, &default_pool);
	client = tpl_to_object(L, -1, &kind);
	if (client != NULL && !tpl_client_is_orphan(client))
		return 1;
	pool = taskpool_default();
	if (pool == NULL)
		return tpl_raise(L, -errno);
	setup = push_setup(L);
	read_paths(L, &setup->settings);
	tpl_push_new_pool(L);
	keep_client(L, tpl_client_new(L, pool, false, &setup->settings));
	lua_replace(L, top + 1);
	lua_settop(L, top + 1);
	lua_pushvalue(L, -1);
	tpl_set_own(L, &default_pool);
	return 1;
}
