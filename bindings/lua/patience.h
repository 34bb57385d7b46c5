/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Waits of a state. A main state that has callbacks on their way runs them meanwhile, since what it waits for may come
 * after one of them; and its debug hook gets a chance, which is how the interpreter makes an error of Ctrl-C.
 */
#ifndef TASKPOOL_LUA_PATIENCE_H
#define TASKPOOL_LUA_PATIENCE_H

#include "client.h"

typedef int tpl_attempt(void *data, int64_t timeout);

/* What `attempt` returns for the timeout, asked for several times perhaps. */
int tpl_wait(lua_State *L, struct tpl_client *client, tpl_attempt *attempt, void *data, int64_t timeout);

/* The same for an attempt that waits for more than the one before: later ones are longer, so that one is long enough. */
int tpl_wait_longer(lua_State *L, struct tpl_client *client, tpl_attempt *attempt, void *data, int64_t timeout);

/* The hook may raise an error here. */
void tpl_give_way(lua_State *L);

#define TPL_SLICE 50000000 /* ns between two of these */

/* Seconds, or nil for `none`, in ns. Raises an error for anything else, and for what is below 0. */
int64_t tpl_seconds(lua_State *L, int index, int64_t none);

/* When `timeout` will have passed, and what is left until then; TASKPOOL_FOREVER and INT64_MAX are for ever. */
int64_t tpl_deadline(int64_t timeout);
int64_t tpl_left(int64_t deadline);

/* Raises the error of a call of the library. */
int tpl_raise(lua_State *L, int error);

#endif
