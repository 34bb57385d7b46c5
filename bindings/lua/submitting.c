/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * submit, post and defer, of pools and of keys; prepare.
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "handle.h"
#include "job.h"
#include "key.h"
#include "natives.h"
#include "patience.h"
#include "queue.h"
#include "state.h"

int tpl_lua_prepare(lua_State *L)
{
	struct tpl_function *function;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	lua_settop(L, 1);
	tpl_push_empty(L, TPL_FUNCTION, 0);
	function = tpl_function_new(tpl_pack(L, 1, 0, 0, "arg"));
	if (function == NULL)
		return tpl_raise(L, -ENOMEM);
	tpl_fill(L, 2, TPL_FUNCTION, function);
	return 1;
}

/* ---- Where to, and how ---- */

struct target {
	struct tpl_client *client;
	struct tpl_order order;
	int function; /* stack index; the arguments come after it, up to `top` */
	int top;
};

static int64_t seconds_field(lua_State *L, const char *name)
{
	lua_Number seconds = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : -1;

	if (!(seconds >= 0))
		luaL_error(L, "option '%s' must be seconds, at least 0", name);
	return seconds < 9e9 ? (int64_t)(seconds * 1e9 + 0.5) : INT64_MAX;
}

/* The value is on top. */
static void read_field(lua_State *L, const char *name, struct tpl_order *order)
{
	if (strcmp(name, "key") == 0) {
		if (lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "option 'key' must be a string, not a %s", luaL_typename(L, -1));
		order->key = lua_tolstring(L, -1, &order->len);
	} else if (strcmp(name, "ttl") == 0) {
		order->ttl = seconds_field(L, name);
	} else if (strcmp(name, "delay") == 0) {
		order->delay = seconds_field(L, name);
	} else if (strcmp(name, "timeout") == 0) {
		order->timeout = seconds_field(L, name);
	} else if (strcmp(name, "replace") == 0) {
		if (!lua_isboolean(L, -1))
			luaL_error(L, "option 'replace' must be a boolean");
		order->flags = lua_toboolean(L, -1) ? TASKPOOL_REPLACE : 0;
	} else {
		luaL_error(L, "unknown option '%s'", name);
	}
}

static void read_table(lua_State *L, int index, struct tpl_order *order)
{
	for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "options must have names; this one is a %s", luaL_typename(L, -2));
		read_field(L, lua_tostring(L, -2), order);
	}
	if (order->key != NULL) { /* callbacks may take it out of the table while this waits for room */
		lua_getfield(L, index, "key");
		lua_replace(L, index);
	}
	if (order->flags != 0 && order->key == NULL)
		luaL_error(L, "option 'replace' needs a key");
}

/* The pool, and nil, a key or options; or a key's handle. */
static void read_target(lua_State *L, struct target *target)
{
	enum tpl_kind kind = TPL_POOL;
	struct tpl_key *key = tpl_to_object(L, 1, &kind);
	struct tpl_order *order = &target->order;

	*order = (struct tpl_order){.timeout = TASKPOOL_FOREVER};
	target->top = lua_gettop(L);
	if (key != NULL && kind == TPL_KEY) {
		target->client = key->client;
		target->function = 2;
		order->key = key->bytes;
		order->len = key->len;
		return;
	}
	target->client = tpl_check(L, 1, TPL_POOL);
	target->function = 3;
	switch (lua_type(L, 2)) {
	case LUA_TNIL: break;
	case LUA_TSTRING: order->key = lua_tolstring(L, 2, &order->len); break;
	case LUA_TTABLE: read_table(L, 2, order); break;
	default: luaL_error(L, "the key must be a string, nil, or a table of options, not a %s", luaL_typename(L, 2));
	}
}

static void check_function(lua_State *L, const struct target *target)
{
	bool is_there = target->function <= target->top;

	if (!is_there || !lua_isfunction(L, target->function))
		luaL_error(L, "function expected, got %s", is_there ? luaL_typename(L, target->function) : "no value");
}

/* ---- Jobs ---- */

struct attempt {
	struct tpl_job *job;
	const struct tpl_order *order;
	struct tpl_future *future;
};

static int try(void *data, int64_t timeout)
{
	struct attempt *attempt = data;

	return tpl_job_submit(attempt->job, attempt->order, timeout, &attempt->future);
}

static int forget(lua_State *L)
{
	struct tpl_job **job = lua_touserdata(L, 1);

	if (*job != NULL)
		tpl_job_free(*job);
	*job = NULL;
	return 0;
}

/* While the queue is full callbacks run, and errors may be raised. */
static int wait_for_room(lua_State *L, struct tpl_client *client, struct attempt *attempt, int64_t deadline)
{
	struct tpl_job **guard = lua_newuserdata(L, sizeof(*guard));
	int error;

	*guard = NULL;
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, forget);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
	*guard = attempt->job;
	error = tpl_wait(L, client, try, attempt, tpl_left(deadline));
	*guard = NULL;
	return error;
}

/* Submits the job, or frees it; for 0 `future` is set if it has one. */
static int submit_job(lua_State *L, const struct target *target, struct tpl_job *job, struct tpl_future **future)
{
	struct attempt attempt = {job, &target->order, NULL};
	int64_t timeout = target->order.timeout, deadline = tpl_deadline(timeout);
	/* Callbacks of this state may be what the queue waits for: they come first. */
	int64_t patience = atomic_load(&target->client->deferred) > 0 ? 0 : TPL_SLICE;
	int error = try(&attempt, timeout < 0 || timeout > patience ? patience : timeout);

	if (error == -EAGAIN && timeout != 0)
		error = -ETIMEDOUT;
	if (error == -ETIMEDOUT && timeout < 0 && target->order.key != NULL &&
	    tpl_client_in_turn(target->client, L, tpl_key_hash(target->order.key, target->order.len)))
		error = -EDEADLK; /* the key that fills the queue waits for this callback */
	if (error == -ETIMEDOUT && tpl_left(deadline) > 0)
		error = wait_for_room(L, target->client, &attempt, deadline);
	if (error != 0)
		tpl_job_free(job);
	else if (future != NULL)
		*future = attempt.future;
	return error;
}

/* Returns nil and why there was no room, or raises the error. */
static int refuse(lua_State *L, int error)
{
	if (error != -EAGAIN && error != -ETIMEDOUT)
		return tpl_raise(L, error);
	lua_pushnil(L);
	lua_pushstring(L, error == -EAGAIN ? "full" : "timeout");
	return 2;
}

/* The function and its arguments are on the stack. */
static struct tpl_job *make_job(lua_State *L, const struct target *target, bool with_future)
{
	enum tpl_kind kind = TPL_POOL;
	bool is_there = target->function <= target->top;
	struct tpl_function *function = is_there ? tpl_to_object(L, target->function, &kind) : NULL;
	int first = target->function + 1, count = target->top - target->function;
	struct tpl_packer *packer;
	struct tpl_job *job;

	if (kind != TPL_FUNCTION || function == NULL) {
		check_function(L, target);
		function = NULL;
	}
	packer = tpl_pack(L, function == NULL ? target->function : 0, first, count, "arg");
	job = tpl_job_new(target->client, function, packer, with_future);
	if (job == NULL)
		tpl_raise(L, -ENOMEM);
	return job;
}

int tpl_lua_submit(lua_State *L)
{
	struct target target;
	struct tpl_future *future;
	int place, error;

	read_target(L, &target);
	tpl_push_empty(L, TPL_FUTURE, 1);
	place = lua_gettop(L);
	error = submit_job(L, &target, make_job(L, &target, true), &future);
	if (error != 0)
		return refuse(L, error);
	tpl_fill(L, place, TPL_FUTURE, future);
	lua_settop(L, place);
	return 1;
}

int tpl_lua_post(lua_State *L)
{
	struct target target;
	int error;

	read_target(L, &target);
	error = submit_job(L, &target, make_job(L, &target, false), NULL);
	if (error != 0)
		return refuse(L, error);
	lua_pushboolean(L, 1);
	return 1;
}

/* ---- Callbacks ---- */

/* What is deferred at the record's `number` becomes the value on top, which is popped. */
static void set_deferred(lua_State *L, uint64_t number)
{
	tpl_push_record(L, 1);
	lua_getfield(L, -1, "deferred");
	lua_pushnumber(L, (lua_Number)number);
	lua_pushvalue(L, -4);
	lua_rawset(L, -3);
	lua_pop(L, 3);
}

static void count_deferred(lua_State *L)
{
	tpl_push_record(L, 1);
	lua_getfield(L, -1, "count");
	lua_pushinteger(L, lua_tointeger(L, -1) + 1);
	lua_setfield(L, -3, "count");
	lua_pop(L, 2);
}

/* Pushes {callback, arguments ..., n = how many}. */
static void push_callback(lua_State *L, const struct target *target)
{
	int count = target->top - target->function + 1;

	lua_createtable(L, count, 1);
	for (int i = 0; i < count; i++) {
		lua_pushvalue(L, target->function + i);
		lua_rawseti(L, -2, i + 1);
	}
	lua_pushinteger(L, count);
	lua_setfield(L, -2, "n");
}

int tpl_lua_defer(lua_State *L)
{
	static _Atomic uint64_t numbers;
	struct target target;
	struct tpl_job *job;
	uint64_t number = atomic_fetch_add(&numbers, 1) + 1;
	int error;

	read_target(L, &target);
	check_function(L, &target);
	if (target.client->home != tpl_home(L))
		return luaL_error(L, "callbacks can be deferred only on the state that made the pool");
	if (tpl_state_of(L) != NULL && !target.client->own_pool) /* nobody would run it after the job */
		return luaL_error(L, "a job can defer callbacks only of a pool that it has made");
	luaL_checkstack(L, 10, "callback");
	push_callback(L, &target);
	set_deferred(L, number);
	job = tpl_job_new_turn(target.client, &target.order, number);
	error = job != NULL ? submit_job(L, &target, job, NULL) : -ENOMEM;
	if (error != 0) {
		lua_pushnil(L);
		set_deferred(L, number);
		return refuse(L, error);
	}
	count_deferred(L); /* only now: the wait for room may end in an error */
	lua_pushboolean(L, 1);
	return 1;
}

/* ---- Of the default pool ---- */

static int on_default(lua_State *L, lua_CFunction function)
{
	tpl_lua_default(L);
	lua_insert(L, 1);
	return function(L);
}

int tpl_lua_submit_default(lua_State *L)
{
	return on_default(L, tpl_lua_submit);
}

int tpl_lua_post_default(lua_State *L)
{
	return on_default(L, tpl_lua_post);
}

int tpl_lua_defer_default(lua_State *L)
{
	return on_default(L, tpl_lua_defer);
}
