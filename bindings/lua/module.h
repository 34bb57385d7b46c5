/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The module taskpool.core as Lua sees it: functions on userdata.
 */
#ifndef TASKPOOL_LUA_MODULE_H
#define TASKPOOL_LUA_MODULE_H

#include "compat.h"

/* So that `require` finds this very library, and what is in the list, which may be empty. */
struct tpl_preload;
void tpl_preload(lua_State *L, const struct tpl_preload *list);

__attribute__((visibility("default"))) int luaopen_taskpool_core(lua_State *L);

#endif
