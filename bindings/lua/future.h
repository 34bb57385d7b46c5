/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What becomes of a job, for scripts to ask for.
 */
#ifndef TASKPOOL_LUA_FUTURE_H
#define TASKPOOL_LUA_FUTURE_H

#include "client.h"

enum tpl_status { TPL_PENDING, TPL_RUNNING, TPL_RETURNED, TPL_RAISED, TPL_CANCELED, TPL_EXPIRED };

struct tpl_future {
	atomic_uint references;
	_Atomic enum tpl_status status;
	atomic_bool watched, told; /* its end is to be told to poll; was */
	struct tpl_client *client;
	struct taskpool_job *handle; /* written before anybody else has the future */
	struct tpl_parcel *parcel;   /* what it returned; or the error, its traceback, and the key. NULL: no memory */
	struct tpl_item *item;       /* of poll, if watched */
	uint64_t number, key_hash; /* key_hash: 0 without a key */
	struct tpl_future *next, **link; /* of client->futures */
	_Alignas(8) unsigned char small[64]; /* where the parcel is, if there is room */
};

/* With one reference. NULL: no memory. */
struct tpl_future *tpl_future_new(struct tpl_client *client);
void tpl_future_unref(struct tpl_future *future);

/* Its job has ended. Takes over the parcel, if that is not `small`. */
void tpl_future_settle(struct tpl_future *future, enum tpl_status status, struct tpl_parcel *parcel);

/* Its end comes out of poll, now if it has come. For the main state. False: no memory. */
bool tpl_future_watch(struct tpl_future *future);

/*
 * Where the pool is another's, closing cancels job by job: `list` one that was submitted (and cancel it if that has
 * happened), `cancel` all.
 */
void tpl_future_list(struct tpl_future *future);
void tpl_futures_cancel(struct tpl_client *client);

#endif
