/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TASKPOOL_LUA_KEY_H
#define TASKPOOL_LUA_KEY_H

#include "client.h"

/* A pool and a key of it. */
struct tpl_key {
	atomic_uint references;
	struct tpl_client *client;
	size_t len;
	char bytes[];
};

/* With one reference. NULL: no memory. */
struct tpl_key *tpl_key_new(struct tpl_client *client, const char *bytes, size_t len);
void tpl_key_unref(struct tpl_key *key);

#endif
