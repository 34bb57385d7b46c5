/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Values on their way from one lua_State to another: packed on one thread, unpacked on another.
 *
 * A table is copied with all it refers to; cycles and shared references stay what they are inside one parcel. A Lua
 * function travels as its bytecode with copies of its upvalues, a C function as the name under which package.loaded has
 * it, a userdata as what its metamethod __transfer makes of it. The library's own handles travel as references.
 */
#ifndef TASKPOOL_LUA_PACK_H
#define TASKPOOL_LUA_PACK_H

#include <stdint.h>

#include "compat.h"

/* What a parcel holds a reference to, while it exists. */
enum tpl_kind { TPL_POOL, TPL_KEY, TPL_FUTURE, TPL_FUNCTION };

struct tpl_reference {
	enum tpl_kind kind;
	void *object;
};

struct tpl_parcel {
	size_t size;
	unsigned count; /* of references, which come after the data */
	bool shared;    /* some values refer to what came before */
	unsigned char data[];
};

struct tpl_packer;

/*
 * Packs `count` values from `first` on, and before them a function if `function` is not 0. The stack indices are
 * absolute. What it returns belongs to the state, and is good until that packs again; raises a Lua error that names the
 * path of what cannot be sent: "arg 2.items[3]: userdata ...". `what` is "arg" or "result".
 */
struct tpl_packer *tpl_pack(lua_State *L, int function, int first, int count, const char *what);

/* What was packed becomes a parcel: of so many bytes, at this place; or in memory of its own; NULL: there is none. */
size_t tpl_packed_size(const struct tpl_packer *packer);
struct tpl_parcel *tpl_packed_store(struct tpl_packer *packer, void *place);
struct tpl_parcel *tpl_packed_new(struct tpl_packer *packer);

/* Pushes all values of the parcel, and returns how many. May be called again. Raises errors of __receive. */
int tpl_unpack(lua_State *L, const struct tpl_parcel *parcel);

/* Lets go of its references; and frees its own memory, too. NULL is allowed. */
void tpl_parcel_release(struct tpl_parcel *parcel);
void tpl_parcel_free(struct tpl_parcel *parcel);

const struct tpl_reference *tpl_parcel_references(const struct tpl_parcel *parcel);

#endif
