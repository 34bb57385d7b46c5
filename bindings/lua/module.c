/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "module.h"

#include <pthread.h>

#include "client.h"
#include "hooks.h"
#include "natives.h"

int luaopen_core(lua_State *L); /* SWIG's */

static const char hook_of[TPL_NOTHING + 1]; /* registry: the functions, by enum tpl_hook */

void tpl_push_hook(lua_State *L, enum tpl_hook hook)
{
	tpl_get_own(L, &hook_of[hook]);
	if (!lua_isnil(L, -1))
		return;
	lua_pop(L, 1);
	lua_getglobal(L, "require");
	lua_pushliteral(L, "taskpool");
	lua_call(L, 1, 0);
	tpl_get_own(L, &hook_of[hook]);
}

/* The functions, in the order of enum tpl_hook. */
int tpl_lua_set_hooks(lua_State *L)
{
	for (int hook = TPL_MAKE_ERROR; hook <= TPL_NOTHING; hook++) {
		luaL_checktype(L, hook + 1, LUA_TFUNCTION);
		lua_pushvalue(L, hook + 1);
		tpl_set_own(L, &hook_of[hook]);
	}
	return 0;
}

/* Whether it was running; 5.1 cannot tell. */
static bool stop_collector(lua_State *L)
{
#ifdef LUA_GCISRUNNING
	if (!lua_gc(L, LUA_GCISRUNNING, 0))
		return false;
#endif
	lua_gc(L, LUA_GCSTOP, 0);
	return true;
}

/* What SWIG writes sets up tables that all states share, and asks no lock for that. */
int luaopen_taskpool_core(lua_State *L)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	bool collects;
	int error;

	lua_settop(L, 0);
	lua_pushcfunction(L, luaopen_core);
	collects = stop_collector(L); /* finalizers may be anything, and wait for what wants the lock */
	pthread_mutex_lock(&lock);
	error = lua_pcall(L, 0, 1, 0);
	pthread_mutex_unlock(&lock);
	if (collects)
		lua_gc(L, LUA_GCRESTART, 0);
	return error != 0 ? lua_error(L) : 1;
}

void tpl_preload(lua_State *L, const struct tpl_preload *list)
{
	lua_getglobal(L, "package");
	lua_getfield(L, -1, "preload");
	lua_pushcfunction(L, luaopen_taskpool_core);
	lua_setfield(L, -2, "taskpool.core");
	for (; list != NULL; list = list->next) {
		lua_pushcfunction(L, list->open);
		lua_setfield(L, -2, list->name);
	}
	lua_pop(L, 2);
}
