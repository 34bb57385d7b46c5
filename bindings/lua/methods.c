/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "methods.h"

void tpl_own(lua_State *L, enum tpl_kind kind, void *object, int change)
{
	struct tpl_client *client = tpl_object_client(kind, object);

	if (client == NULL || client->home != tpl_home(L))
		return;
	if (atomic_fetch_add(&client->owners, change) + change == 0)
		tpl_client_shut(client);
}

unsigned tpl_unsigned(lua_State *L, int index)
{
	lua_Number number = lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : -1;

	if (!(number >= 0 && number <= 4294967295.0) || number != (lua_Number)(unsigned)number)
		luaL_argerror(L, index, "an integer from 0 to 2^32 - 1 expected");
	return (unsigned)number;
}

/* ---- Pools ---- */

tpl_integer tpl_client_workers(struct tpl_client *client)
{
	return client->workers;
}

static int try_pool(void *data, int64_t timeout)
{
	return taskpool_wait(data, timeout);
}

tpl_in_time tpl_client_wait(struct tpl_client *client, lua_State *L, int64_t timeout)
{
	if (timeout != 0 && tpl_client_in_turn(client, L, 0))
		return -EDEADLK;
	return tpl_wait_longer(L, client, try_pool, client->pool, timeout);
}

/* ---- Keys ---- */

static int try_key(void *data, int64_t timeout)
{
	struct tpl_key *key = data;

	return taskpool_key_wait(key->client->pool, key->bytes, key->len, timeout);
}

tpl_in_time tpl_key_wait(struct tpl_key *key, lua_State *L, int64_t timeout)
{
	if (timeout != 0 && tpl_client_in_turn(key->client, L, tpl_key_hash(key->bytes, key->len)))
		return -EDEADLK;
	return tpl_wait_longer(L, key->client, try_key, key, timeout);
}

tpl_number tpl_key_cancel(struct tpl_key *key)
{
	return taskpool_key_cancel(key->client->pool, key->bytes, key->len);
}

tpl_nothing tpl_key_pause(struct tpl_key *key)
{
	return tpl_client_pause(key->client, key->bytes, key->len);
}

tpl_nothing tpl_key_resume(struct tpl_key *key)
{
	int error = tpl_client_resume(key->client, key->bytes, key->len);

	return error == -EINVAL ? -ENOENT : error;
}

tpl_nothing tpl_key_limit(struct tpl_key *key, int64_t interval, unsigned burst)
{
	return taskpool_key_limit(key->client->pool, key->bytes, key->len, interval, burst);
}

/* ---- Futures ---- */

const char *tpl_future_status(struct tpl_future *future)
{
	static const char *const names[] = {
		[TPL_PENDING] = "pending", [TPL_RUNNING] = "running", [TPL_RETURNED] = "done",
		[TPL_RAISED] = "error", [TPL_CANCELED] = "canceled", [TPL_EXPIRED] = "expired",
	};

	return names[atomic_load(&future->status)];
}

bool tpl_future_cancel(struct tpl_future *future)
{
	taskpool_job_cancel(future->handle);
	return atomic_load(&future->status) == TPL_CANCELED;
}
