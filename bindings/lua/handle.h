/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The objects that scripts hold: pools, keys, futures and prepared functions. Each counts its references; a state has
 * one for every userdata, a parcel one for every object in it. Userdata are SWIG's (taskpool.i).
 */
#ifndef TASKPOOL_LUA_HANDLE_H
#define TASKPOOL_LUA_HANDLE_H

#include "pack.h"

struct tpl_client;

void tpl_object_ref(enum tpl_kind kind, void *object);
void tpl_object_unref(enum tpl_kind kind, void *object);

/* The pool it belongs to; NULL for a prepared function, which belongs to none. */
struct tpl_client *tpl_object_client(enum tpl_kind kind, void *object);

/* The object of the userdata at `index`; NULL: it is none of ours, or dead. */
void *tpl_to_object(lua_State *L, int index, enum tpl_kind *kind);

/* The same of that kind; raises an error for anything else. */
void *tpl_check(lua_State *L, int index, enum tpl_kind kind);

/* Pushes a new userdata with a reference of its own. */
void tpl_push_object(lua_State *L, enum tpl_kind kind, void *object);

/*
 * The same in two steps, so that memory is had before there is an object that would be lost: the userdata, which belongs
 * to the same pool as the one at `pool` (0: to none), and its object, whose reference it takes over.
 */
void tpl_push_empty(lua_State *L, enum tpl_kind kind, int pool);
void tpl_fill(lua_State *L, int index, enum tpl_kind kind, void *object);

/*
 * A state has one userdata of a client, and a table for it, which its keys and futures refer to as well:
 * {pool = userdata, deferred = {number: callback and arguments}, watched = {number: future and callbacks}, count = of
 * all these}. They live in no other place, so that callbacks which refer to their pool keep nothing alive.
 */
void tpl_push_pool(lua_State *L, struct tpl_client *client);
void tpl_push_new_pool(lua_State *L);                            /* without a client: */
void tpl_fill_pool(lua_State *L, struct tpl_client *client); /* the one on top takes over the reference */
void tpl_push_record(lua_State *L, int index);
void tpl_share_record(lua_State *L, int from); /* with the userdata on top */

#endif
