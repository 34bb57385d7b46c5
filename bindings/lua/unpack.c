/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <string.h>

#include "handle.h"
#include "names.h"
#include "pack.h"
#include "tags.h"

struct reader {
	const struct tpl_parcel *parcel;
	size_t at;
	int objects; /* stack index: what may be referred to, by number; 0: nothing is */
	int count;
};

static const void *take(struct reader *reader, size_t size)
{
	const void *bytes = reader->parcel->data + reader->at;

	reader->at += size;
	return bytes;
}

static enum tpl_tag take_tag(struct reader *reader)
{
	return (enum tpl_tag)reader->parcel->data[reader->at++];
}

static size_t take_count(struct reader *reader)
{
	size_t count = 0;
	unsigned shift = 0;
	unsigned char byte;

	do {
		byte = reader->parcel->data[reader->at++];
		count |= (size_t)(byte & 127) << shift;
		shift += 7;
	} while (byte & 128);
	return count;
}

static void push_text(lua_State *L, struct reader *reader)
{
	size_t len = take_count(reader);

	lua_pushlstring(L, take(reader, len), len);
}

static int next_number(struct reader *reader)
{
	return ++reader->count;
}

/* The value on top has that number. */
static void note(lua_State *L, struct reader *reader, int number)
{
	if (reader->objects == 0)
		return;
	lua_pushvalue(L, -1);
	lua_rawseti(L, reader->objects, number);
}

static void push_value(lua_State *L, struct reader *reader, enum tpl_tag tag);

static void push_table(lua_State *L, struct reader *reader)
{
	/* Of a table with gaps the length may be anything; an integer and what it maps to take 10 bytes. */
	size_t count = take_count(reader), most = (reader->parcel->size - reader->at) / 10;
	enum tpl_tag tag;

	lua_createtable(L, (int)(count < most ? count : most), 0);
	note(L, reader, next_number(reader));
	while ((tag = take_tag(reader)) != TPL_END) {
		push_value(L, reader, tag);
		push_value(L, reader, take_tag(reader));
		lua_rawset(L, -3);
	}
}

static void push_function(lua_State *L, struct reader *reader)
{
	size_t size, count;
	int number = next_number(reader);

	memcpy(&size, take(reader, sizeof(size)), sizeof(size));
	if (tpl_load(L, take(reader, size), size) != 0)
		lua_error(L);
	note(L, reader, number);
	count = take_count(reader);
	for (size_t i = 1; i <= count; i++) {
		push_value(L, reader, take_tag(reader));
		lua_setupvalue(L, -2, (int)i);
	}
}

static void push_module(lua_State *L, struct reader *reader)
{
	lua_getglobal(L, "require");
	push_text(L, reader);
	lua_call(L, 1, 1);
}

static void push_received(lua_State *L, struct reader *reader)
{
	int number = next_number(reader);

	push_module(L, reader);
	if (!lua_istable(L, -1))
		luaL_error(L, "a module with a function __receive is no table");
	lua_getfield(L, -1, "__receive");
	lua_remove(L, -2);
	push_value(L, reader, take_tag(reader));
	lua_call(L, 1, 1);
	note(L, reader, number);
}

static void push_seen(lua_State *L, struct reader *reader)
{
	lua_rawgeti(L, reader->objects, (int)take_count(reader));
	if (lua_isnil(L, -1))
		luaL_error(L, "what __transfer returned refers to the object itself");
}

static void push_integer(lua_State *L, struct reader *reader)
{
	lua_Integer integer;

	memcpy(&integer, take(reader, sizeof(integer)), sizeof(integer));
	lua_pushinteger(L, integer);
}

static void push_number(lua_State *L, struct reader *reader)
{
	lua_Number number;

	memcpy(&number, take(reader, sizeof(number)), sizeof(number));
	lua_pushnumber(L, number);
}

static void push_pointer(lua_State *L, struct reader *reader)
{
	void *pointer;

	memcpy(&pointer, take(reader, sizeof(pointer)), sizeof(pointer));
	lua_pushlightuserdata(L, pointer);
}

static void push_reference(lua_State *L, struct reader *reader)
{
	const struct tpl_reference *reference = tpl_parcel_references(reader->parcel) + take_count(reader);

	tpl_push_object(L, reference->kind, reference->object);
}

static void push_value(lua_State *L, struct reader *reader, enum tpl_tag tag)
{
	luaL_checkstack(L, 8, "values");
	switch (tag) {
	case TPL_END:
	case TPL_NIL: lua_pushnil(L); break;
	case TPL_FALSE: lua_pushboolean(L, 0); break;
	case TPL_TRUE: lua_pushboolean(L, 1); break;
	case TPL_INTEGER: push_integer(L, reader); break;
	case TPL_NUMBER: push_number(L, reader); break;
	case TPL_STRING: push_text(L, reader); break;
	case TPL_TABLE: push_table(L, reader); break;
	case TPL_LUA: push_function(L, reader); break;
	case TPL_C:
		push_text(L, reader);
		push_text(L, reader);
		tpl_push_named(L);
		break;
	case TPL_GLOBALS: lua_pushglobaltable(L); break;
	case TPL_MODULE: push_module(L, reader); break;
	case TPL_POINTER: push_pointer(L, reader); break;
	case TPL_RECEIVED: push_received(L, reader); break;
	case TPL_REFERENCE: push_reference(L, reader); break;
	case TPL_SEEN: push_seen(L, reader); break;
	}
}

int tpl_unpack(lua_State *L, const struct tpl_parcel *parcel)
{
	struct reader reader = {.parcel = parcel};
	int first = lua_gettop(L) + 1, count = 0;
	enum tpl_tag tag;

	if (parcel->shared) {
		luaL_checkstack(L, 2, "values");
		lua_newtable(L);
		reader.objects = first;
	}
	for (; (tag = take_tag(&reader)) != TPL_END; count++)
		push_value(L, &reader, tag);
	if (parcel->shared)
		lua_remove(L, first);
	return count;
}
