/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handle.h"
#include "names.h"
#include "pack.h"
#include "seen.h"
#include "tags.h"

#define DEPTH 100 /* tables and functions inside each other */

struct tpl_packer {
	unsigned char *bytes;
	size_t size, room;
	struct tpl_seen seen;
	struct tpl_reference *references;
	unsigned count, references_room;
	bool shared, busy; /* busy: a __transfer may pack something itself */
	int anchor;        /* a stack index: what __transfer returned must live until all is packed */
};

/* ---- Where we are ---- */

struct step {
	const struct step *up;
	const char *text; /* "arg", "function"; NULL: the key of a table at the stack index `number` */
	int number;
};

static void push_step(lua_State *L, const struct step *step)
{
	char text[40];

	if (step->text != NULL && step->number > 0)
		lua_pushfstring(L, "%s %d", step->text, step->number);
	else if (step->text != NULL)
		lua_pushfstring(L, "%s%s", step->up != NULL ? " upvalue " : "", step->text);
	else if (lua_type(L, step->number) == LUA_TSTRING)
		lua_pushfstring(L, ".%s", lua_tostring(L, step->number));
	else if (lua_type(L, step->number) == LUA_TNUMBER) {
		snprintf(text, sizeof(text), "[%.14g]", (double)lua_tonumber(L, step->number));
		lua_pushstring(L, text);
	} else
		lua_pushfstring(L, "[%s]", luaL_typename(L, step->number));
}

static int fail(lua_State *L, const struct step *step, const char *why)
{
	luaL_checkstack(L, 6, "path");
	for (lua_pushliteral(L, ""); step != NULL; step = step->up) {
		push_step(L, step);
		lua_insert(L, -2);
		lua_concat(L, 2);
	}
	luaL_where(L, 1);
	lua_pushfstring(L, "%s%s: %s", lua_tostring(L, -1), lua_tostring(L, -2), why);
	return lua_error(L);
}

/* ---- Bytes ---- */

static bool make_room(struct tpl_packer *packer, size_t size)
{
	size_t room = packer->room < 64 ? 64 : packer->room;
	unsigned char *bytes;

	while (room - packer->size < size)
		room *= 2;
	if (room == packer->room)
		return true;
	bytes = realloc(packer->bytes, room);
	if (bytes == NULL)
		return false;
	packer->bytes = bytes;
	packer->room = room;
	return true;
}

static int no_memory(lua_State *L)
{
	return luaL_error(L, "not enough memory");
}

/* The next bytes, to be written. */
static inline unsigned char *grow(lua_State *L, struct tpl_packer *packer, size_t size)
{
	unsigned char *bytes;

	if (packer->room - packer->size < size && !make_room(packer, size))
		no_memory(L);
	bytes = packer->bytes + packer->size;
	packer->size += size;
	return bytes;
}

static inline void put_tag(lua_State *L, struct tpl_packer *packer, enum tpl_tag tag)
{
	*grow(L, packer, 1) = (unsigned char)tag;
}

/* A tag and what belongs to it. */
static inline void put(lua_State *L, struct tpl_packer *packer, enum tpl_tag tag, const void *bytes, size_t size)
{
	unsigned char *to = grow(L, packer, 1 + size);

	*to = (unsigned char)tag;
	memcpy(to + 1, bytes, size);
}

static void put_count(lua_State *L, struct tpl_packer *packer, size_t count)
{
	for (; count >= 128; count >>= 7)
		*grow(L, packer, 1) = (unsigned char)(count | 128);
	*grow(L, packer, 1) = (unsigned char)count;
}

static void put_text(lua_State *L, struct tpl_packer *packer, int index)
{
	size_t len;
	const char *text = lua_tolstring(L, index, &len);

	put_count(L, packer, len);
	memcpy(grow(L, packer, len), text, len);
}

/* ---- Values ---- */

static void put_value(lua_State *L, struct tpl_packer *packer, int index, const struct step *step, int depth);

/* Whether it came before; then that is noted. */
static bool put_seen(lua_State *L, struct tpl_packer *packer, int index)
{
	int64_t number = tpl_seen_number(&packer->seen, lua_topointer(L, index));

	if (number < 0)
		no_memory(L);
	if (number <= 0)
		return false;
	packer->shared = true;
	put_tag(L, packer, TPL_SEEN);
	put_count(L, packer, (size_t)number);
	return true;
}

static void put_number(lua_State *L, struct tpl_packer *packer, int index)
{
	if (tpl_is_integer(L, index)) {
		lua_Integer integer = lua_tointeger(L, index);

		put(L, packer, TPL_INTEGER, &integer, sizeof(integer));
	} else {
		lua_Number number = lua_tonumber(L, index);

		put(L, packer, TPL_NUMBER, &number, sizeof(number));
	}
}

static bool is_globals(lua_State *L, int index)
{
	bool same;

	lua_pushglobaltable(L);
	same = lua_rawequal(L, -1, index);
	lua_pop(L, 1);
	return same;
}

/* By what the object's __transfer returns: the module that receives it, and a value for that. False: it has none. */
static bool put_transferred(lua_State *L, struct tpl_packer *packer, int index, const struct step *step, int depth)
{
	int top = lua_gettop(L);

	if (!luaL_getmetafield(L, index, "__transfer"))
		return false;
	if (put_seen(L, packer, index))
		return lua_settop(L, top), true;
	lua_pushvalue(L, index);
	lua_call(L, 1, 2);
	if (lua_type(L, -2) != LUA_TSTRING)
		fail(L, step, "__transfer must return the name of a module, and what its __receive gets");
	if (!lua_istable(L, packer->anchor)) {
		lua_newtable(L);
		lua_replace(L, packer->anchor);
	}
	lua_pushvalue(L, -1);
	lua_rawseti(L, packer->anchor, (int)lua_rawlen(L, packer->anchor) + 1);
	put_tag(L, packer, TPL_RECEIVED);
	put_text(L, packer, top + 1);
	put_value(L, packer, top + 2, step, depth + 1);
	lua_settop(L, top);
	return true;
}

/* Before a value that has others inside. */
static void go_deeper(lua_State *L, const struct step *step, int depth)
{
	if (depth >= DEPTH)
		fail(L, step, "tables and functions are nested too deeply, more than 100");
	luaL_checkstack(L, 10, "values");
}

static void put_table(lua_State *L, struct tpl_packer *packer, int index, const struct step *step, int depth)
{
	int top = lua_gettop(L);

	go_deeper(L, step, depth);
	if (is_globals(L, index)) {
		put_tag(L, packer, TPL_GLOBALS);
		return;
	}
	if (put_transferred(L, packer, index, step, depth) || put_seen(L, packer, index))
		return;
	put_tag(L, packer, TPL_TABLE);
	put_count(L, packer, lua_rawlen(L, index));
	for (lua_pushnil(L); lua_next(L, index) != 0; lua_settop(L, top + 1)) {
		struct step next = {step, NULL, top + 1};

		put_value(L, packer, top + 1, &next, depth + 1);
		put_value(L, packer, top + 2, &next, depth + 1);
	}
	put_tag(L, packer, TPL_END);
}

static int write_bytecode(lua_State *L, const void *bytes, size_t size, void *data)
{
	struct tpl_packer *packer = data;

	(void)L;
	if (packer->room - packer->size < size && !make_room(packer, size))
		return 1;
	memcpy(packer->bytes + packer->size, bytes, size);
	packer->size += size;
	return 0;
}

/* Its length comes first: in a fixed size, since it is not known before. */
static void put_bytecode(lua_State *L, struct tpl_packer *packer, int index)
{
	size_t size, at = packer->size;

	grow(L, packer, sizeof(size));
	lua_pushvalue(L, index);
	if (tpl_dump(L, write_bytecode, packer) != 0)
		no_memory(L);
	lua_pop(L, 1);
	size = packer->size - at - sizeof(size);
	memcpy(packer->bytes + at, &size, sizeof(size));
}

/* What a function has of another module is that of the state it gets to. */
static void put_upvalue(lua_State *L, struct tpl_packer *packer, int index, const struct step *step, int depth)
{
	if (!lua_istable(L, index) || is_globals(L, index) || !tpl_push_module_name(L, index)) {
		put_value(L, packer, index, step, depth);
		return;
	}
	put_tag(L, packer, TPL_MODULE);
	put_text(L, packer, index + 1);
}

static void put_function(lua_State *L, struct tpl_packer *packer, int index, const struct step *step, int depth)
{
	int top = lua_gettop(L), count = 0;
	const char *name;

	go_deeper(L, step, depth);
	if (lua_iscfunction(L, index)) {
		if (!tpl_push_name(L, index))
			fail(L, step, "a C function that no module in package.loaded has cannot be sent");
		put_tag(L, packer, TPL_C);
		put_text(L, packer, top + 1);
		put_text(L, packer, top + 2);
		lua_settop(L, top);
		return;
	}
	if (put_seen(L, packer, index))
		return;
	put_tag(L, packer, TPL_LUA);
	put_bytecode(L, packer, index);
	while (lua_getupvalue(L, index, count + 1) != NULL) {
		count++;
		lua_pop(L, 1);
	}
	put_count(L, packer, (size_t)count);
	for (int i = 1; i <= count; i++) {
		name = lua_getupvalue(L, index, i);
		put_upvalue(L, packer, top + 1, &(struct step){step, name != NULL && *name != '\0' ? name : "?", 0},
			  depth + 1);
		lua_settop(L, top);
	}
}

static void put_reference(lua_State *L, struct tpl_packer *packer, enum tpl_kind kind, void *object)
{
	if (packer->count == packer->references_room) {
		unsigned room = packer->references_room ? 2 * packer->references_room : 4;
		struct tpl_reference *larger = realloc(packer->references, room * sizeof(*larger));

		if (larger == NULL)
			no_memory(L);
		packer->references = larger;
		packer->references_room = room;
	}
	put_tag(L, packer, TPL_REFERENCE);
	put_count(L, packer, packer->count);
	tpl_object_ref(kind, object);
	packer->references[packer->count++] = (struct tpl_reference){kind, object};
}

static void put_userdata(lua_State *L, struct tpl_packer *packer, int index, const struct step *step, int depth)
{
	enum tpl_kind kind;
	void *object = tpl_to_object(L, index, &kind);

	go_deeper(L, step, depth);
	if (object != NULL)
		put_reference(L, packer, kind, object);
	else if (!put_transferred(L, packer, index, step, depth))
		fail(L, step, "userdata cannot be sent, without a metamethod __transfer");
}

static void put_value(lua_State *L, struct tpl_packer *packer, int index, const struct step *step, int depth)
{
	void *pointer;

	switch (lua_type(L, index)) {
	case LUA_TNIL:
		put_tag(L, packer, TPL_NIL);
		break;
	case LUA_TBOOLEAN:
		put_tag(L, packer, lua_toboolean(L, index) ? TPL_TRUE : TPL_FALSE);
		break;
	case LUA_TNUMBER:
		put_number(L, packer, index);
		break;
	case LUA_TSTRING:
		put_tag(L, packer, TPL_STRING);
		put_text(L, packer, index);
		break;
	case LUA_TTABLE:
		put_table(L, packer, index, step, depth);
		break;
	case LUA_TFUNCTION:
		put_function(L, packer, index, step, depth);
		break;
	case LUA_TLIGHTUSERDATA:
		pointer = lua_touserdata(L, index);
		put(L, packer, TPL_POINTER, &pointer, sizeof(pointer));
		break;
	case LUA_TUSERDATA:
		put_userdata(L, packer, index, step, depth);
		break;
	case LUA_TTHREAD:
		fail(L, step, "a coroutine cannot be sent");
		break;
	default:
		fail(L, step, "a value of this type cannot be sent");
	}
}

/* ---- Parcels ---- */

static void let_go(const struct tpl_reference *references, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		tpl_object_unref(references[i].kind, references[i].object);
}

static int collect(lua_State *L)
{
	struct tpl_packer *packer = lua_touserdata(L, 1);

	let_go(packer->references, packer->count);
	tpl_seen_free(&packer->seen);
	free(packer->references);
	free(packer->bytes);
	*packer = (struct tpl_packer){0};
	return 0;
}

static const char own; /* registry: the packer of this state */

/* Pushes the state's packer, or a new one: one that is busy is in use, or was when an error came. */
static struct tpl_packer *push_packer(lua_State *L)
{
	struct tpl_packer *packer;

	tpl_get_own(L, &own);
	packer = lua_touserdata(L, -1);
	if (packer != NULL && !packer->busy)
		return packer;
	lua_pop(L, 1);
	packer = lua_newuserdata(L, sizeof(*packer));
	*packer = (struct tpl_packer){0};
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, collect);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
	lua_pushvalue(L, -1);
	tpl_set_own(L, &own);
	return packer;
}

struct tpl_packer *tpl_pack(lua_State *L, int function, int first, int count, const char *what)
{
	int top = lua_gettop(L);
	struct tpl_packer *packer;

	luaL_checkstack(L, 10, "values");
	packer = push_packer(L);
	lua_pushnil(L);
	packer->anchor = top + 2;
	packer->size = 0;
	packer->shared = false;
	packer->busy = true;
	if (packer->count > 0) { /* nobody took them */
		let_go(packer->references, packer->count);
		packer->count = 0;
	}
	tpl_seen_clear(&packer->seen);
	if (function != 0)
		put_value(L, packer, function, &(struct step){NULL, "function", 0}, 0);
	for (int i = 0; i < count; i++)
		put_value(L, packer, first + i, &(struct step){NULL, what, i + 1}, 0);
	put_tag(L, packer, TPL_END);
	packer->busy = false;
	lua_settop(L, top);
	return packer;
}

/* The references are aligned. */
static size_t offset_of_references(size_t size)
{
	return (offsetof(struct tpl_parcel, data) + size + 7) / 8 * 8;
}

const struct tpl_reference *tpl_parcel_references(const struct tpl_parcel *parcel)
{
	return (const void *)((const char *)parcel + offset_of_references(parcel->size));
}

size_t tpl_packed_size(const struct tpl_packer *packer)
{
	return offset_of_references(packer->size) + packer->count * sizeof(*packer->references);
}

struct tpl_parcel *tpl_packed_store(struct tpl_packer *packer, void *place)
{
	struct tpl_parcel *parcel = place;

	parcel->size = packer->size;
	parcel->count = packer->count;
	parcel->shared = packer->shared;
	memcpy(parcel->data, packer->bytes, packer->size);
	if (packer->count > 0)
		memcpy((char *)place + offset_of_references(packer->size), packer->references,
		       packer->count * sizeof(*packer->references));
	packer->count = 0;
	return parcel;
}

struct tpl_parcel *tpl_packed_new(struct tpl_packer *packer)
{
	void *place = malloc(tpl_packed_size(packer));

	return place != NULL ? tpl_packed_store(packer, place) : NULL;
}

void tpl_parcel_release(struct tpl_parcel *parcel)
{
	if (parcel != NULL)
		let_go(tpl_parcel_references(parcel), parcel->count);
}

void tpl_parcel_free(struct tpl_parcel *parcel)
{
	tpl_parcel_release(parcel);
	free(parcel);
}
