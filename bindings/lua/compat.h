/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Lua 5.1 to 5.4 and LuaJIT as one.
 */
#ifndef TASKPOOL_LUA_COMPAT_H
#define TASKPOOL_LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stddef.h>

#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#define lua_pushglobaltable(L) lua_pushvalue(L, LUA_GLOBALSINDEX)
#endif

/* registry[key], where the key is an address. */
static inline void tpl_get_own(lua_State *L, const void *key)
{
#if LUA_VERSION_NUM < 502
	lua_pushlightuserdata(L, (void *)(ptrdiff_t)key);
	lua_rawget(L, LUA_REGISTRYINDEX);
#else
	lua_rawgetp(L, LUA_REGISTRYINDEX, key);
#endif
}

/* Pops the value. */
static inline void tpl_set_own(lua_State *L, const void *key)
{
#if LUA_VERSION_NUM < 502
	lua_pushlightuserdata(L, (void *)(ptrdiff_t)key);
	lua_insert(L, -2);
	lua_rawset(L, LUA_REGISTRYINDEX);
#else
	lua_rawsetp(L, LUA_REGISTRYINDEX, key);
#endif
}

/* Whether the number is an integer to Lua, which keeps them apart from 5.3 on. */
static inline bool tpl_is_integer(lua_State *L, int index)
{
#if LUA_VERSION_NUM < 503
	(void)L;
	(void)index;
	return false;
#else
	return lua_isinteger(L, index);
#endif
}

static inline int tpl_dump(lua_State *L, lua_Writer writer, void *data)
{
#if LUA_VERSION_NUM < 503
	return lua_dump(L, writer, data);
#else
	return lua_dump(L, writer, data, 0);
#endif
}

static inline int tpl_load(lua_State *L, const char *chunk, size_t size)
{
	return luaL_loadbuffer(L, chunk, size, "=function");
}

#endif
