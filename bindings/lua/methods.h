/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What taskpool.i wraps. The types say how a result or an argument gets to Lua.
 */
#ifndef TASKPOOL_LUA_METHODS_H
#define TASKPOOL_LUA_METHODS_H

#include <errno.h>

#include "future.h"
#include "handle.h"
#include "key.h"
#include "patience.h"
#include "queue.h"

typedef unsigned tpl_integer;
typedef int tpl_nothing; /* a negative error, or nothing */
typedef int tpl_number;  /* a negative error, or a number */
typedef int tpl_in_time; /* 0: true; -ETIMEDOUT: false; or an error */
typedef int64_t tpl_timeout, tpl_interval; /* from seconds */

/* Userdata that a state got, or lost. Without the last one of its main state the pool is closed. */
void tpl_own(lua_State *L, enum tpl_kind kind, void *object, int change);

/* Raises an error for anything else. */
unsigned tpl_unsigned(lua_State *L, int index);

tpl_integer tpl_client_workers(struct tpl_client *client);
tpl_in_time tpl_client_wait(struct tpl_client *client, lua_State *L, int64_t timeout);
tpl_in_time tpl_key_wait(struct tpl_key *key, lua_State *L, int64_t timeout);
tpl_number tpl_key_cancel(struct tpl_key *key);
tpl_nothing tpl_key_pause(struct tpl_key *key);
tpl_nothing tpl_key_resume(struct tpl_key *key);
tpl_nothing tpl_key_limit(struct tpl_key *key, int64_t interval, unsigned burst);
const char *tpl_future_status(struct tpl_future *future);
bool tpl_future_cancel(struct tpl_future *future);

#endif
