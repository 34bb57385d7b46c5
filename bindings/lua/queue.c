/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "queue.h"

static void signal_fd(struct tpl_client *client)
{
	while (client->fds[1] >= 0 && write(client->fds[1], "", 1) < 0 && errno == EINTR)
		;
}

static void silence_fd(struct tpl_client *client)
{
	char bytes[64];
	ssize_t size;

	if (client->fds[0] < 0)
		return;
	do {
		size = read(client->fds[0], bytes, sizeof(bytes));
	} while (size > 0 || (size < 0 && errno == EINTR));
}

bool tpl_client_sleep(struct tpl_client *client, int64_t deadline)
{
	struct timespec time = {deadline / 1000000000, deadline % 1000000000};

	if (deadline == INT64_MAX)
		return pthread_cond_wait(&client->changed, &client->lock) == 0;
	return pthread_cond_timedwait(&client->changed, &client->lock, &time) == 0;
}

void tpl_client_push(struct tpl_client *client, struct tpl_item *item)
{
	item->next = NULL;
	pthread_mutex_lock(&client->lock);
	if (client->head == NULL)
		signal_fd(client);
	*client->tail = item;
	client->tail = &item->next;
	pthread_cond_broadcast(&client->changed);
	pthread_mutex_unlock(&client->lock);
}

struct tpl_item *tpl_client_pop(struct tpl_client *client, int64_t deadline)
{
	struct tpl_item *item;

	if (tpl_client_is_orphan(client))
		return NULL;
	pthread_mutex_lock(&client->lock);
	while (client->head == NULL && deadline > 0 && tpl_client_sleep(client, deadline))
		;
	item = client->head;
	if (item != NULL) {
		client->head = item->next;
		if (client->head == NULL) {
			client->tail = &client->head;
			silence_fd(client);
		}
	}
	pthread_mutex_unlock(&client->lock);
	return item;
}

/* ---- Turns ---- */

/* FNV-1a, but eight bytes at a time. */
uint64_t tpl_key_hash(const void *key, size_t len)
{
	const unsigned char *bytes = key;
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ len, word;

	for (; len > 0; len -= len < 8 ? len : 8, bytes += 8) {
		word = 0;
		memcpy(&word, bytes, len < 8 ? len : 8);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return hash != 0 ? hash : 1;
}

void tpl_client_begin_turn(struct tpl_client *client, struct tpl_item *item)
{
	item->next = client->turns;
	client->turns = item;
}

void tpl_client_end_turn(struct tpl_client *client, struct tpl_item *item)
{
	client->turns = item->next;
}

bool tpl_client_in_turn(const struct tpl_client *client, lua_State *L, uint64_t hash)
{
	if (client->home != tpl_home(L))
		return false;
	for (const struct tpl_item *item = client->turns; item != NULL; item = item->next) {
		if (item->paused && (hash == 0 || item->hash == hash))
			return true;
	}
	return false;
}

/* ---- The end of an item ---- */

void tpl_item_free(struct tpl_client *client, struct tpl_item *item)
{
	if (item == NULL)
		return;
	if (item->paused)
		taskpool_key_resume(client->pool, item->key, item->len);
	if (item->kind == TPL_DEFERRED || item->kind == TPL_DROPPED)
		atomic_fetch_sub(&client->deferred, 1);
	tpl_parcel_free(item->parcel);
	free(item->key);
	free(item);
}

/* ---- The descriptor ---- */

static int make_pipe(int fds[2])
{
	if (pipe(fds) != 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		fcntl(fds[i], F_SETFD, FD_CLOEXEC);
		fcntl(fds[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

int tpl_client_fd(struct tpl_client *client)
{
	int error = 0, fds[2];

	if (tpl_client_is_orphan(client))
		return -EOWNERDEAD;
	pthread_mutex_lock(&client->lock);
	if (client->fds[0] < 0 && (error = make_pipe(fds)) == 0) {
		memcpy(client->fds, fds, sizeof(fds));
		if (client->head != NULL)
			signal_fd(client);
	}
	pthread_mutex_unlock(&client->lock);
	return error != 0 ? error : client->fds[0];
}
