/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Functions of taskpool.core that take or return any number of any values. taskpool.lua says what they do.
 */
#ifndef TASKPOOL_LUA_NATIVES_H
#define TASKPOOL_LUA_NATIVES_H

#include "compat.h"

/* pools.c */
int tpl_lua_new(lua_State *L);
int tpl_lua_adopt(lua_State *L);
int tpl_lua_default(lua_State *L);
int tpl_lua_record(lua_State *L);
int tpl_lua_same(lua_State *L);
int tpl_lua_is_pool(lua_State *L);
int tpl_lua_is_future(lua_State *L);

/* submitting.c */
int tpl_lua_prepare(lua_State *L);
int tpl_lua_submit(lua_State *L);
int tpl_lua_post(lua_State *L);
int tpl_lua_defer(lua_State *L);
int tpl_lua_submit_default(lua_State *L);
int tpl_lua_post_default(lua_State *L);
int tpl_lua_defer_default(lua_State *L);

/* results.c */
int tpl_lua_get(lua_State *L);
int tpl_lua_pcall(lua_State *L);
int tpl_lua_on_done(lua_State *L);

/* loop.c */
int tpl_lua_is_home(lua_State *L);
int tpl_lua_poll(lua_State *L);
int tpl_lua_want_errors(lua_State *L);
int tpl_lua_refuse(lua_State *L);
int tpl_lua_await(lua_State *L);
int tpl_lua_finish(lua_State *L);

/* looks.c */
int tpl_lua_key(lua_State *L);
int tpl_lua_key_name(lua_State *L);
int tpl_lua_stats(lua_State *L);
int tpl_lua_metrics(lua_State *L);
int tpl_lua_hot_keys(lua_State *L);
int tpl_lua_now(lua_State *L);
int tpl_lua_version(lua_State *L);

/* inside.c */
int tpl_lua_current_key(lua_State *L);
int tpl_lua_canceled(lua_State *L);
int tpl_lua_sleep(lua_State *L);
int tpl_lua_has_own_state(lua_State *L);

/* module.c */
int tpl_lua_set_hooks(lua_State *L);

#endif
