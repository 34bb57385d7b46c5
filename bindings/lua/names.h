/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * C functions travel by name, as the field of a module in package.loaded; modules that are upvalues, too.
 */
#ifndef TASKPOOL_LUA_NAMES_H
#define TASKPOOL_LUA_NAMES_H

#include "compat.h"

/* Pushes the module and the field of the C function at `index`, both strings; or nothing: false. */
bool tpl_push_name(lua_State *L, int index);

/* Pushes the name under which package.loaded has the table at `index`; or nothing: false. */
bool tpl_push_module_name(lua_State *L, int index);

/* Replaces module and field on the stack by the function; raises an error if it is not there. */
void tpl_push_named(lua_State *L);

#endif
