/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "perform.h"
#include "state.h"

#define KEPT 1000 /* prepared functions that a state keeps unpacked */

/* Registry: number to function, and their count at 0; and functions of this file, which cost memory to push anew. */
static const char prepared, calls, handles, packs;

static void push_kept(lua_State *L)
{
	tpl_get_own(L, &prepared);
	if (lua_istable(L, -1))
		return;
	lua_pop(L, 1);
	lua_newtable(L);
	lua_pushinteger(L, 0);
	lua_rawseti(L, -2, 0);
	lua_pushvalue(L, -1);
	tpl_set_own(L, &prepared);
}

/* Pushes it; unpacks it once per state. All are forgotten when there are too many. */
static void push_prepared(lua_State *L, const struct tpl_function *function)
{
	lua_Integer count;

	push_kept(L);
	lua_pushnumber(L, (lua_Number)function->number);
	lua_rawget(L, -2);
	if (lua_isfunction(L, -1)) {
		lua_remove(L, -2);
		return;
	}
	lua_pop(L, 1);
	lua_rawgeti(L, -1, 0);
	count = lua_tointeger(L, -1) + 1;
	lua_pop(L, 1);
	if (count > KEPT) {
		lua_pop(L, 1);
		lua_pushnil(L);
		tpl_set_own(L, &prepared);
		push_kept(L);
		count = 1;
	}
	lua_pushinteger(L, count);
	lua_rawseti(L, -2, 0);
	tpl_unpack(L, function->parcel);
	lua_pushnumber(L, (lua_Number)function->number);
	lua_pushvalue(L, -2);
	lua_rawset(L, -4);
	lua_remove(L, -2);
}

static void keep(lua_State *L, struct tpl_call *call, struct tpl_packer *packer)
{
	call->result = tpl_packed_size(packer) <= call->room ? tpl_packed_store(packer, call->place) :
							       tpl_packed_new(packer);
	if (call->result == NULL)
		luaL_error(L, "not enough memory");
}

/* Protected; the call is light userdata. */
static int perform_call(lua_State *L)
{
	struct tpl_call *call = lua_touserdata(L, 1);
	int count = -1;

	if (call->function != NULL) {
		push_prepared(L, call->function);
		count = 0;
	}
	count += tpl_unpack(L, call->parcel);
	lua_call(L, count, LUA_MULTRET);
	keep(L, call, tpl_pack(L, 0, 2, lua_gettop(L) - 1, "result"));
	return 0;
}

static void push_traceback(lua_State *L)
{
#if LUA_VERSION_NUM >= 502
	luaL_traceback(L, L, NULL, 2);
#else
	lua_getglobal(L, "debug");
	if (lua_istable(L, -1))
		lua_getfield(L, -1, "traceback");
	if (!lua_isfunction(L, -1)) {
		lua_pushliteral(L, "");
		return;
	}
	lua_pushliteral(L, "");
	lua_pushinteger(L, 3);
	lua_call(L, 2, 1);
#endif
}

/* Of an error: {what was raised, the traceback}, which is lost once the stack is unwound. */
static int handle(lua_State *L)
{
	lua_createtable(L, 2, 0);
	lua_pushvalue(L, 1);
	lua_rawseti(L, -2, 1);
	push_traceback(L);
	lua_rawseti(L, 2, 2);
	lua_settop(L, 2);
	return 1;
}

static void push_text(lua_State *L, int index, bool meta)
{
	if (meta && luaL_callmeta(L, index, "__tostring") && lua_isstring(L, -1))
		return;
	if (lua_isstring(L, index))
		lua_pushvalue(L, index);
	else
		lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, index));
}

/* A raised value as its type's name, by __tostring, or as it is. */
enum { BARE, TEXT, WHOLE };

/* Protected: the call, what handle() made, and one of these. */
static int pack_error(lua_State *L)
{
	struct tpl_call *call = lua_touserdata(L, 1);
	lua_Integer how = lua_tointeger(L, 3);
	const char *key;
	size_t len;

	if (lua_istable(L, 2)) {
		lua_rawgeti(L, 2, 1);
		lua_rawgeti(L, 2, 2);
	} else {
		lua_pushvalue(L, 2);
		lua_pushnil(L);
	}
	if (how < WHOLE) {
		push_text(L, 4, how == TEXT);
		lua_replace(L, 4);
		lua_settop(L, 5);
	}
	key = taskpool_context_key(call->context, &len);
	if (key != NULL)
		lua_pushlstring(L, key, len);
	else
		lua_pushnil(L);
	keep(L, call, tpl_pack(L, 0, 4, 3, "error"));
	return 0;
}

/* The function and its arguments are on top. */
static int protect(struct tpl_state *state, int count, int handler)
{
	int error;

	state->bounded = true;
	error = lua_pcall(state->L, count, 0, handler);
	state->bounded = false;
	return error;
}

/* What was raised is on top. It goes as it is, or else as text. */
static void keep_error(struct tpl_state *state, struct tpl_call *call)
{
	lua_State *L = state->L;

	for (int how = WHOLE; how >= BARE && call->result == NULL; how--) {
		tpl_get_own(L, &packs);
		lua_pushlightuserdata(L, call);
		lua_pushvalue(L, -3);
		lua_pushinteger(L, how);
		if (protect(state, 3, 0) != 0)
			lua_pop(L, 1);
	}
}

void tpl_perform_prepare(lua_State *L)
{
	lua_pushcfunction(L, perform_call);
	tpl_set_own(L, &calls);
	lua_pushcfunction(L, handle);
	tpl_set_own(L, &handles);
	lua_pushcfunction(L, pack_error);
	tpl_set_own(L, &packs);
}

void tpl_perform_init(lua_State *L)
{
	lua_pushcfunction(L, handle);
	lua_insert(L, -2);
	if (lua_pcall(L, 0, 0, lua_gettop(L) - 1) != 0)
		lua_error(L);
	lua_pop(L, 1);
}

static bool perform(struct tpl_state *state, struct tpl_call *what, bool *broken)
{
	lua_State *L = state->L;
	int error = LUA_ERRRUN;

	if (!state->failed) {
		tpl_get_own(L, &handles);
		tpl_get_own(L, &calls);
		lua_pushlightuserdata(L, what);
		error = protect(state, 1, 1);
	}
	/* In 5.3 the libraries make an error like any other of a refusal. */
	*broken = state->failed || error == LUA_ERRMEM || (error != 0 && state->refused);
	if (error != 0 && error != LUA_ERRMEM)
		keep_error(state, what);
	lua_settop(L, 0);
	return error == 0;
}

bool tpl_perform(struct tpl_client *client, struct tpl_call *call)
{
	struct tpl_state *state = tpl_state_take(client, call->context);
	bool fine, broken;

	if (state == NULL)
		return false;
	fine = perform(state, call, &broken);
	tpl_state_put(state, broken);
	return fine;
}
