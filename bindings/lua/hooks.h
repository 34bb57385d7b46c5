/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What C calls in taskpool.lua: functions that this registers in each state which loads it.
 */
#ifndef TASKPOOL_LUA_HOOKS_H
#define TASKPOOL_LUA_HOOKS_H

#include "compat.h"

enum tpl_hook {
	TPL_MAKE_ERROR, /* (message, traceback, key): the error object */
	TPL_DISPATCH,   /* (pool): runs the callbacks that are due */
	TPL_NOTHING     /* () */
};

void tpl_push_hook(lua_State *L, enum tpl_hook hook);

#endif
