/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Which objects came before, by address: a hash table that is emptied by a new generation.
 */
#ifndef TASKPOOL_LUA_SEEN_H
#define TASKPOOL_LUA_SEEN_H

#include <stdbool.h>
#include <stdint.h>

struct tpl_sight {
	const void *object;
	uint32_t number, generation;
};

struct tpl_seen {
	struct tpl_sight *sights;
	uint32_t room, count, generation; /* room: a power of two, or 0 */
};

void tpl_seen_clear(struct tpl_seen *seen);
void tpl_seen_free(struct tpl_seen *seen);

/* The object's number, from 1; 0 if it is new, and has the next number now; -1: no memory. */
int64_t tpl_seen_number(struct tpl_seen *seen, const void *object);

#endif
