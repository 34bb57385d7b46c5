/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What workers have for the main state: it comes out of poll, in order.
 */
#ifndef TASKPOOL_LUA_QUEUE_H
#define TASKPOOL_LUA_QUEUE_H

#include "client.h"

void tpl_client_push(struct tpl_client *client, struct tpl_item *item);

/* Waits for an item until the deadline; NULL: none came. */
struct tpl_item *tpl_client_pop(struct tpl_client *client, int64_t deadline);

/* It was dispatched, or never will be. A callback that took its key's turn gives it back. NULL is allowed. */
void tpl_item_free(struct tpl_client *client, struct tpl_item *item);

/*
 * While the item's callback runs. A wait there for what comes after it can never end: for a key by its hash, or, for 0,
 * for the whole pool.
 */
void tpl_client_begin_turn(struct tpl_client *client, struct tpl_item *item);
void tpl_client_end_turn(struct tpl_client *client, struct tpl_item *item);
bool tpl_client_in_turn(const struct tpl_client *client, lua_State *L, uint64_t hash);

/* Never 0. Whoever finds two keys with the same one gets a wait refused that could have ended. */
uint64_t tpl_key_hash(const void *key, size_t len);

/* A descriptor that is readable while there are items; or a negative error. */
int tpl_client_fd(struct tpl_client *client);

/* With the lock: until something changed; false: the deadline has passed. */
bool tpl_client_sleep(struct tpl_client *client, int64_t deadline);

#endif
