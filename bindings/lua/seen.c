/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdlib.h>

#include "seen.h"

void tpl_seen_clear(struct tpl_seen *seen)
{
	if (seen->count == 0)
		return;
	seen->count = 0;
	if (++seen->generation == 0) { /* once in four thousand million parcels */
		for (uint32_t i = 0; i < seen->room; i++)
			seen->sights[i].generation = 0;
		seen->generation = 1;
	}
}

void tpl_seen_free(struct tpl_seen *seen)
{
	free(seen->sights);
	*seen = (struct tpl_seen){0};
}

/* Where the object is, or would be. */
static struct tpl_sight *find(const struct tpl_seen *seen, const void *object)
{
	uint64_t hash = (uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci hashing, Knuth */
	uint32_t i = (uint32_t)(hash >> 32) & (seen->room - 1);

	while (seen->sights[i].generation == seen->generation && seen->sights[i].object != object)
		i = (i + 1) & (seen->room - 1);
	return &seen->sights[i];
}

static bool grow(struct tpl_seen *seen)
{
	struct tpl_seen larger = {.room = seen->room ? 2 * seen->room : 16, .count = seen->count, .generation = 1};

	larger.sights = calloc(larger.room, sizeof(*larger.sights));
	if (larger.sights == NULL)
		return false;
	for (uint32_t i = 0; i < seen->room; i++) {
		const struct tpl_sight *old = &seen->sights[i];

		if (old->generation == seen->generation)
			*find(&larger, old->object) = (struct tpl_sight){old->object, old->number, 1};
	}
	free(seen->sights);
	*seen = larger;
	return true;
}

int64_t tpl_seen_number(struct tpl_seen *seen, const void *object)
{
	struct tpl_sight *sight;

	if (2 * seen->count >= seen->room && !grow(seen))
		return -1;
	sight = find(seen, object);
	if (sight->generation == seen->generation)
		return sight->number;
	*sight = (struct tpl_sight){object, ++seen->count, seen->generation};
	return 0;
}
