/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What stands in a parcel: a tag, and what belongs to it. Lengths and numbers of objects are varints of 7 bits.
 */
#ifndef TASKPOOL_LUA_TAGS_H
#define TASKPOOL_LUA_TAGS_H

enum tpl_tag {
	TPL_END,       /* of a table, and of the parcel */
	TPL_NIL,
	TPL_FALSE,
	TPL_TRUE,
	TPL_INTEGER,   /* lua_Integer */
	TPL_NUMBER,    /* lua_Number */
	TPL_STRING,    /* length, bytes */
	TPL_TABLE,     /* array length, keys and values, END */
	TPL_LUA,       /* length, bytecode, number of upvalues, these */
	TPL_C,         /* module, name: two lengths and bytes */
	TPL_GLOBALS,   /* _G, which each state has its own of */
	TPL_MODULE,    /* length and bytes of its name: as GLOBALS */
	TPL_POINTER,   /* a light userdata */
	TPL_RECEIVED,  /* module: length and bytes; then the value that its __receive gets */
	TPL_REFERENCE, /* index of the parcel's references */
	TPL_SEEN       /* number of a table, function or userdata that came before, in the order of their begin, from 1 */
};

#endif
