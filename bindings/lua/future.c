/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "future.h"
#include "queue.h"

struct tpl_future *tpl_future_new(struct tpl_client *client)
{
	static _Atomic uint64_t numbers;
	struct tpl_future *future = malloc(sizeof(*future));

	if (future == NULL)
		return NULL;
	memset(future, 0, offsetof(struct tpl_future, small));
	atomic_init(&future->references, 1);
	future->number = atomic_fetch_add_explicit(&numbers, 1, memory_order_relaxed) + 1;
	future->client = client;
	tpl_client_ref(client);
	return future;
}

void tpl_future_unref(struct tpl_future *future)
{
	if (future == NULL || atomic_fetch_sub(&future->references, 1) != 1)
		return;
	taskpool_job_unref(future->handle);
	if (future->parcel == (void *)future->small)
		tpl_parcel_release(future->parcel);
	else
		tpl_parcel_free(future->parcel);
	free(future->item);
	tpl_client_unref(future->client);
	free(future);
}

/* Whoever comes second, the end or the watch, tells. */
static void tell(struct tpl_future *future)
{
	struct tpl_item *item;

	if (!atomic_load(&future->watched) || atomic_load(&future->status) <= TPL_RUNNING ||
	    atomic_exchange(&future->told, true))
		return;
	item = future->item;
	future->item = NULL;
	tpl_client_push(future->client, item);
}

bool tpl_future_watch(struct tpl_future *future)
{
	struct tpl_item *item;

	if (atomic_load(&future->watched) && !atomic_load(&future->told))
		return true;
	item = calloc(1, sizeof(*item));
	if (item == NULL)
		return false;
	item->kind = TPL_DONE;
	item->number = future->number;
	if (atomic_load(&future->told)) {
		tpl_client_push(future->client, item);
		return true;
	}
	future->item = item;
	atomic_store(&future->watched, true);
	tell(future);
	return true;
}

void tpl_future_settle(struct tpl_future *future, enum tpl_status status, struct tpl_parcel *parcel)
{
	future->parcel = parcel;
	if (future->client->own_pool) {
		atomic_store(&future->status, status);
	} else {
		pthread_mutex_lock(&future->client->lock);
		atomic_store(&future->status, status);
		if (future->link != NULL) {
			*future->link = future->next;
			if (future->next != NULL)
				future->next->link = future->link;
		}
		pthread_mutex_unlock(&future->client->lock);
	}
	tell(future);
}

void tpl_future_list(struct tpl_future *future)
{
	struct tpl_client *client = future->client;

	pthread_mutex_lock(&client->lock);
	if (atomic_load(&future->status) <= TPL_RUNNING) {
		future->next = client->futures;
		future->link = &client->futures;
		if (future->next != NULL)
			future->next->link = &future->next;
		client->futures = future;
	}
	pthread_mutex_unlock(&client->lock);
	if (atomic_load(&client->dropping))
		taskpool_job_cancel(future->handle);
}

/* One at a time: a cancel takes the lock itself, and unlinks. Those that run stay, to be passed by. */
void tpl_futures_cancel(struct tpl_client *client)
{
	struct tpl_future **futures = NULL, *future;
	size_t count = 0, room = 0;

	pthread_mutex_lock(&client->lock);
	for (future = client->futures; future != NULL; future = future->next)
		room++;
	futures = calloc(room + 1, sizeof(*futures)); /* without memory, the jobs see that they are dropped */
	for (future = client->futures; futures != NULL && future != NULL; future = future->next) {
		atomic_fetch_add_explicit(&future->references, 1, memory_order_relaxed);
		futures[count++] = future;
	}
	pthread_mutex_unlock(&client->lock);
	for (size_t i = 0; i < count; i++) {
		taskpool_job_cancel(futures[i]->handle);
		tpl_future_unref(futures[i]);
	}
	free(futures);
}
