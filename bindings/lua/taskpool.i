/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * taskpool.core: the objects as userdata, with those methods that take and return plain values. What takes or returns
 * any number of any values is in natives.h; taskpool.lua makes methods of that.
 */
%module core

%begin %{
#include <config.h>
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
%}

%{
#include "handle.h"
#include "methods.h"
#include "natives.h"

/* ---- What the rest of the module knows of SWIG ---- */

static const char metatable_of[4]; /* registry: the metatables, by enum tpl_kind */

/* SWIG itself takes any userdata for one of its own. */
struct userdata {
	swig_lua_userdata swig;
	const void *mark; /* the address of `metatable_of`, which nobody else has */
	enum tpl_kind kind;
};

static struct userdata *to_userdata(lua_State *L, int index)
{
	struct userdata *userdata;

	if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) != sizeof(*userdata))
		return NULL;
	userdata = lua_touserdata(L, index);
	return userdata->mark == metatable_of ? userdata : NULL;
}

void *tpl_to_object(lua_State *L, int index, enum tpl_kind *kind)
{
	struct userdata *userdata = to_userdata(L, index);

	if (userdata == NULL)
		return NULL;
	*kind = userdata->kind;
	return userdata->swig.ptr;
}

void tpl_push_empty(lua_State *L, enum tpl_kind kind, int pool)
{
	struct userdata *userdata;

	luaL_checkstack(L, 6, "handle");
	userdata = lua_newuserdata(L, sizeof(*userdata));
	*userdata = (struct userdata){{NULL, 0, NULL}, metatable_of, kind};
	tpl_get_own(L, &metatable_of[kind]);
	if (lua_isnil(L, -1)) { /* in a worker's state */
		lua_getglobal(L, "require");
		lua_pushliteral(L, "taskpool");
		lua_call(L, 1, 0);
		lua_pop(L, 1);
		tpl_get_own(L, &metatable_of[kind]);
	}
	lua_setmetatable(L, -2);
	if (pool != 0)
		tpl_share_record(L, pool);
}

void tpl_fill(lua_State *L, int index, enum tpl_kind kind, void *object)
{
	tpl_own(L, kind, object, 1);
	to_userdata(L, index)->swig.ptr = object;
}

/* __gc: once, whoever calls it. */
static int collect(lua_State *L)
{
	struct userdata *userdata = to_userdata(L, 1);
	void *object;

	if (userdata == NULL || userdata->swig.ptr == NULL)
		return 0;
	object = userdata->swig.ptr;
	userdata->swig.ptr = NULL;
	tpl_own(L, userdata->kind, object, -1);
	tpl_object_unref(userdata->kind, object);
	return 0;
}

/* Returns the metatables of Pool, Key, Future and Function, for taskpool.lua to add to. */
static int tpl_lua_metatables(lua_State *L)
{
	swig_type_info *types[] = {SWIGTYPE_p_tpl_client, SWIGTYPE_p_tpl_key, SWIGTYPE_p_tpl_future,
				   SWIGTYPE_p_tpl_function};

	lua_settop(L, 0);
	for (int kind = TPL_POOL; kind <= TPL_FUNCTION; kind++) {
		SWIG_Lua_get_class_metatable(L, ((swig_lua_class *)types[kind]->clientdata)->fqname);
		lua_pushcfunction(L, collect);
		lua_setfield(L, -2, "__gc");
		lua_pushvalue(L, -1);
		tpl_set_own(L, &metatable_of[kind]);
	}
	return 4;
}
%}

/* SWIG's own take nil for a null pointer, any userdata for theirs, and a number for an integer that it may not be. */
%typemap(in) struct tpl_client * %{ $1 = tpl_check(L, $input, TPL_POOL); %}
%typemap(in) struct tpl_key * %{ $1 = tpl_check(L, $input, TPL_KEY); %}
%typemap(in) struct tpl_future * %{ $1 = tpl_check(L, $input, TPL_FUTURE); %}
%typemap(in) struct tpl_function * %{ $1 = tpl_check(L, $input, TPL_FUNCTION); %}
%typemap(in) tpl_timeout %{ $1 = tpl_seconds(L, $input, TASKPOOL_FOREVER); %}
%typemap(in) tpl_interval %{ $1 = tpl_seconds(L, $input, 0); %}
%typemap(in) unsigned %{ $1 = tpl_unsigned(L, $input); %}
%typemap(in, numinputs=0) lua_State * %{ $1 = L; %}
%typemap(out) tpl_integer %{
	lua_pushinteger(L, (lua_Integer)$1);
	SWIG_arg++;
%}
/* A negative error is raised. */
%typemap(out) tpl_nothing %{
	if ($1 < 0)
		tpl_raise(L, $1);
%}
%typemap(out) tpl_in_time %{
	if ($1 < 0 && $1 != -ETIMEDOUT)
		tpl_raise(L, $1);
	lua_pushboolean(L, $1 == 0);
	SWIG_arg++;
%}
%typemap(out) tpl_number %{
	if ($1 < 0)
		tpl_raise(L, $1);
	lua_pushinteger(L, $1);
	SWIG_arg++;
%}

%feature("compactdefaultargs");
%nodefaultctor;
%nodefaultdtor;

%rename(Pool) tpl_client;
%rename(Key) tpl_key;
%rename(Future) tpl_future;
%rename(Function) tpl_function;

struct tpl_client {
	%extend {
		tpl_integer workers(void);
		tpl_number fd(void);
		tpl_in_time wait(lua_State *L, tpl_timeout timeout = TASKPOOL_FOREVER);
	}
};

struct tpl_key {
	%extend {
		tpl_in_time wait(lua_State *L, tpl_timeout timeout = TASKPOOL_FOREVER);
		tpl_number cancel(void);
		tpl_nothing pause(void);
		tpl_nothing resume(void);
		tpl_nothing limit(tpl_interval interval, unsigned burst = 1);
	}
};

struct tpl_future {
	%extend {
		const char *status(void);
		bool cancel(void);
	}
};

struct tpl_function {
};

%native(metatables) int tpl_lua_metatables(lua_State *L);
%native(set_hooks) int tpl_lua_set_hooks(lua_State *L);
%native(record) int tpl_lua_record(lua_State *L);
%native(same) int tpl_lua_same(lua_State *L);
%native(new) int tpl_lua_new(lua_State *L);
%native(adopt) int tpl_lua_adopt(lua_State *L);
%native(default_pool) int tpl_lua_default(lua_State *L);
%native(key) int tpl_lua_key(lua_State *L);
%native(key_name) int tpl_lua_key_name(lua_State *L);
%native(prepare) int tpl_lua_prepare(lua_State *L);
%native(submit_default) int tpl_lua_submit_default(lua_State *L);
%native(post_default) int tpl_lua_post_default(lua_State *L);
%native(defer_default) int tpl_lua_defer_default(lua_State *L);
%native(is_pool) int tpl_lua_is_pool(lua_State *L);
%native(is_future) int tpl_lua_is_future(lua_State *L);
%native(submit) int tpl_lua_submit(lua_State *L);
%native(post) int tpl_lua_post(lua_State *L);
%native(defer) int tpl_lua_defer(lua_State *L);
%native(get) int tpl_lua_get(lua_State *L);
%native(pcall) int tpl_lua_pcall(lua_State *L);
%native(on_done) int tpl_lua_on_done(lua_State *L);
%native(is_home) int tpl_lua_is_home(lua_State *L);
%native(poll) int tpl_lua_poll(lua_State *L);
%native(want_errors) int tpl_lua_want_errors(lua_State *L);
%native(refuse) int tpl_lua_refuse(lua_State *L);
%native(await) int tpl_lua_await(lua_State *L);
%native(finish) int tpl_lua_finish(lua_State *L);
%native(stats) int tpl_lua_stats(lua_State *L);
%native(metrics) int tpl_lua_metrics(lua_State *L);
%native(hot_keys) int tpl_lua_hot_keys(lua_State *L);
%native(current_key) int tpl_lua_current_key(lua_State *L);
%native(canceled) int tpl_lua_canceled(lua_State *L);
%native(sleep) int tpl_lua_sleep(lua_State *L);
%native(has_own_state) int tpl_lua_has_own_state(lua_State *L);
%native(now) int tpl_lua_now(lua_State *L);
%native(version) int tpl_lua_version(lua_State *L);
