/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "names.h"

static const char names; /* registry: function to {module, field} */

static void push_loaded(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
}

/* Notes the C functions of the module on top of the stack; its name is below, and the table of names at `names`. */
static void note_module(lua_State *L, int all)
{
	int module = lua_gettop(L);

	for (lua_pushnil(L); lua_next(L, module) != 0; lua_pop(L, 1)) {
		if (!lua_iscfunction(L, -1) || lua_type(L, -2) != LUA_TSTRING)
			continue;
		lua_pushvalue(L, -1);
		lua_createtable(L, 2, 0);
		lua_pushvalue(L, module - 1);
		lua_rawseti(L, -2, 1);
		lua_pushvalue(L, -4);
		lua_rawseti(L, -2, 2);
		lua_rawset(L, all);
	}
}

/* Anew: modules come, and functions get replaced. */
static void note_all(lua_State *L)
{
	int all;

	lua_newtable(L);
	all = lua_gettop(L);
	push_loaded(L);
	for (lua_pushnil(L); lua_next(L, all + 1) != 0; lua_pop(L, 1)) {
		if (lua_istable(L, -1) && lua_type(L, -2) == LUA_TSTRING)
			note_module(L, all);
	}
	lua_settop(L, all);
	tpl_set_own(L, &names);
}

static bool look(lua_State *L, int index)
{
	tpl_get_own(L, &names);
	if (!lua_istable(L, -1)) {
		lua_pop(L, 1);
		return false;
	}
	lua_pushvalue(L, index);
	lua_rawget(L, -2);
	lua_remove(L, -2);
	if (!lua_istable(L, -1)) {
		lua_pop(L, 1);
		return false;
	}
	lua_rawgeti(L, -1, 1);
	lua_rawgeti(L, -2, 2);
	lua_remove(L, -3);
	return true;
}

/* Whether package.loaded still has it under the two names on top. */
static bool is_current(lua_State *L, int index)
{
	bool same = false;

	push_loaded(L);
	lua_pushvalue(L, -3);
	lua_rawget(L, -2);
	if (lua_istable(L, -1)) {
		lua_pushvalue(L, -3);
		lua_rawget(L, -2);
		same = lua_rawequal(L, -1, index);
		lua_pop(L, 1);
	}
	lua_pop(L, 2);
	return same;
}

bool tpl_push_name(lua_State *L, int index)
{
	luaL_checkstack(L, 10, "C function");
	if (look(L, index)) {
		if (is_current(L, index))
			return true;
		lua_pop(L, 2);
	}
	note_all(L);
	return look(L, index);
}

bool tpl_push_module_name(lua_State *L, int index)
{
	int loaded = lua_gettop(L) + 1;

	luaL_checkstack(L, 4, "module");
	push_loaded(L);
	for (lua_pushnil(L); lua_next(L, loaded) != 0; lua_pop(L, 1)) {
		if (lua_rawequal(L, -1, index) && lua_type(L, -2) == LUA_TSTRING) {
			lua_pop(L, 1);
			lua_replace(L, loaded);
			return true;
		}
	}
	lua_pop(L, 1);
	return false;
}

void tpl_push_named(lua_State *L)
{
	lua_getglobal(L, "require");
	lua_pushvalue(L, -3);
	lua_call(L, 1, 1);
	if (lua_istable(L, -1)) {
		lua_pushvalue(L, -2);
		lua_rawget(L, -2);
		lua_remove(L, -2);
	}
	if (!lua_isfunction(L, -1))
		luaL_error(L, "no function %s.%s in this state", lua_tostring(L, -3), lua_tostring(L, -2));
	lua_replace(L, -3);
	lua_pop(L, 1);
}
