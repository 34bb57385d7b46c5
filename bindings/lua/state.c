/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "module.h"
#include "perform.h"
#include "state.h"

static const char own; /* registry: the struct tpl_state */

struct tpl_state *tpl_state_of(lua_State *L)
{
	struct tpl_state *state;

	tpl_get_own(L, &own);
	state = lua_touserdata(L, -1);
	lua_pop(L, 1);
	return state;
}

/* ---- Making and closing ---- */

static void *allocate(void *user, void *block, size_t old, size_t size)
{
	struct tpl_state *state = user;
	void *new;

	if (block == NULL)
		old = 0; /* it says the type, then */
	if (size == 0) {
		free(block);
		state->memory -= old;
		return NULL;
	}
	if (size > old && state->bounded && state->memory + (size - old) > state->client->settings.max_memory) {
		state->refused = true;
		return NULL;
	}
	new = realloc(block, size);
	if (new != NULL)
		state->memory += size - old;
	return new;
}

/* Ends a job that was canceled and goes on all the same. */
static void look_around(lua_State *L, lua_Debug *debug)
{
	struct tpl_state *state = tpl_state_of(L);

	(void)debug;
	if (state == NULL || !taskpool_context_canceled(state->context))
		return;
	if (state->canceled_at == 0)
		state->canceled_at = tpl_now();
	if (tpl_now() - state->canceled_at >= state->client->settings.grace) {
		lua_sethook(L, look_around, LUA_MASKCOUNT, 1); /* so that no loop around a pcall can hide from it */
		luaL_error(L, "canceled, and ended by force");
	}
}

static void set_path(lua_State *L, const char *name, const char *path)
{
	if (path == NULL)
		return;
	lua_getglobal(L, "package");
	lua_pushstring(L, path);
	lua_setfield(L, -2, name);
	lua_pop(L, 1);
}

/* In a hook that the JIT compiler knows nothing of. */
static void stop_jit(lua_State *L)
{
	if (luaL_loadstring(L, "if jit then jit.off() end") == 0)
		lua_call(L, 0, 0);
}

/* With the state as light userdata: all that may raise an error. */
static int prepare(lua_State *L)
{
	struct tpl_state *state = lua_touserdata(L, 1);
	const struct tpl_settings *settings = &state->client->settings;

	luaL_openlibs(L);
	state->bounded = true; /* not before: without memory in there 5.1 closes stdout, of all states */
	tpl_perform_prepare(L);
	lua_pushlightuserdata(L, state);
	tpl_set_own(L, &own);
	set_path(L, "path", settings->path);
	set_path(L, "cpath", settings->cpath);
	tpl_preload(L, settings->preload);
	if (settings->grace >= 0) {
		stop_jit(L);
		lua_sethook(L, look_around, LUA_MASKCOUNT, 1000);
	}
	if (settings->init != NULL) {
		tpl_unpack(L, settings->init);
		tpl_perform_init(L);
	}
	return 0;
}

/* Where pushing a C function takes memory it cannot be done before that is protected. */
static int protect(lua_State *L, struct tpl_state *state)
{
#if LUA_VERSION_NUM < 502
	return lua_cpcall(L, prepare, state);
#else
	lua_pushcfunction(L, prepare);
	lua_pushlightuserdata(L, state);
	return lua_pcall(L, 1, 0, 0);
#endif
}

static struct tpl_state *make(struct tpl_client *client, const void *key, size_t len)
{
	struct tpl_state *state = calloc(1, sizeof(*state) + len);

	if (state == NULL)
		return NULL;
	state->client = client;
	state->keyed = key != NULL;
	state->len = len;
	if (len > 0)
		memcpy(state->key, key, len);
	state->L = client->settings.max_memory > 0 ? lua_newstate(allocate, state) : luaL_newstate();
	if (state->L == NULL) {
		free(state);
		return NULL;
	}
	state->failed = protect(state->L, state) != 0;
	state->bounded = false;
	return state;
}

static void destroy(struct tpl_state *state)
{

	if (state == NULL)
		return;
	lua_close(state->L);
	free(state);
}

/* ---- Those of keys ---- */

static int compare(const void *a, const void *b)
{
	const struct tpl_state *left = a, *right = b;

	if (left->len != right->len)
		return left->len < right->len ? -1 : 1;
	return memcmp(left->key, right->key, left->len);
}

static void link_newest(struct tpl_client *client, struct tpl_state *state)
{
	state->newer = NULL;
	state->older = client->newest;
	*(client->newest != NULL ? &client->newest->newer : &client->oldest) = state;
	client->newest = state;
}

static void unlink_resting(struct tpl_client *client, struct tpl_state *state)
{
	*(state->newer != NULL ? &state->newer->older : &client->newest) = state->older;
	*(state->older != NULL ? &state->older->newer : &client->oldest) = state->newer;
}

static void forget(struct tpl_client *client, struct tpl_state *state)
{
	unlink_resting(client, state);
	tdelete(state, &client->keyed, compare);
	client->keyed_count--;
}

/* The one that rested longest goes, if there are too many. With the lock; to be destroyed without it. */
static struct tpl_state *evict(struct tpl_client *client)
{
	struct tpl_state *state = client->oldest;

	if (client->keyed_count <= client->settings.max_states || state == NULL)
		return NULL;
	forget(client, state);
	return state;
}

static struct tpl_state *find_keyed(struct tpl_client *client, const void *key, size_t len)
{
	struct tpl_state *wanted = malloc(sizeof(*wanted) + len), *state = NULL;
	void *place;

	if (wanted == NULL)
		return NULL;
	wanted->len = len;
	memcpy(wanted->key, key, len);
	pthread_mutex_lock(&client->lock);
	place = tfind(wanted, &client->keyed, compare);
	if (place != NULL) {
		state = *(struct tpl_state **)place;
		unlink_resting(client, state);
	}
	pthread_mutex_unlock(&client->lock);
	free(wanted);
	return state;
}

static struct tpl_state *take_keyed(struct tpl_client *client, const void *key, size_t len)
{
	struct tpl_state *state = find_keyed(client, key, len), *old;
	bool is_new;
	void *place;

	if (state != NULL)
		return state;
	state = make(client, key, len);
	if (state == NULL)
		return NULL;
	pthread_mutex_lock(&client->lock);
	place = tsearch(state, &client->keyed, compare);
	is_new = place != NULL && *(struct tpl_state **)place == state; /* it was looked for without memory before, if not */
	client->keyed_count += is_new;
	old = evict(client);
	pthread_mutex_unlock(&client->lock);
	destroy(old);
	if (!is_new) {
		destroy(state);
		return NULL;
	}
	return state;
}

static struct tpl_state *put_keyed(struct tpl_client *client, struct tpl_state *state, bool broken)
{
	pthread_mutex_lock(&client->lock);
	link_newest(client, state);
	if (broken)
		forget(client, state);
	else
		state = evict(client);
	pthread_mutex_unlock(&client->lock);
	return state;
}

/* ---- Those of workers ---- */

/* The threads that run a manual pool may share a number: the second makes a state for itself. */
static struct tpl_state *take_resting(struct tpl_client *client, unsigned worker)
{
	struct tpl_state *state = atomic_exchange(&client->resting[worker], NULL);

	return state != NULL ? state : make(client, NULL, 0);
}

static struct tpl_state *put_resting(struct tpl_client *client, unsigned worker, struct tpl_state *state, bool broken)
{
	struct tpl_state *none = NULL;

	return !broken && atomic_compare_exchange_strong(&client->resting[worker], &none, state) ? NULL : state;
}

/* ---- For jobs ---- */

struct tpl_state *tpl_state_take(struct tpl_client *client, struct taskpool_context *context)
{
	size_t len;
	const void *key = taskpool_context_key(context, &len);
	struct tpl_state *state;

	if (client->settings.per_key && key != NULL)
		state = take_keyed(client, key, len);
	else
		state = take_resting(client, taskpool_context_worker(context));
	if (state != NULL) {
		state->context = context;
		if (state->canceled_at != 0 && client->settings.grace >= 0)
			lua_sethook(state->L, look_around, LUA_MASKCOUNT, 1000);
		state->canceled_at = 0;
		state->refused = false;
	}
	return state;
}

void tpl_state_put(struct tpl_state *state, bool broken)
{
	struct tpl_client *client = state->client;
	unsigned worker = taskpool_context_worker(state->context);

	state->context = NULL;
	destroy(state->keyed ? put_keyed(client, state, broken) : put_resting(client, worker, state, broken));
}

void tpl_states_close(struct tpl_client *client)
{
	struct tpl_state *state;

	for (unsigned i = 0; i < client->workers; i++)
		destroy(atomic_exchange(&client->resting[i], NULL));
	pthread_mutex_lock(&client->lock);
	while ((state = client->oldest) != NULL) {
		forget(client, state);
		pthread_mutex_unlock(&client->lock);
		destroy(state);
		pthread_mutex_lock(&client->lock);
	}
	pthread_mutex_unlock(&client->lock);
}
