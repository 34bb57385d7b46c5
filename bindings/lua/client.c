/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "job.h"
#include "queue.h"
#include "state.h"

int64_t tpl_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* The parts of client->life. */
#define JOB UINT64_C(1)
#define CLOSED (UINT64_C(1) << 31)
#define REFERENCE (UINT64_C(1) << 32)

const void *tpl_home(lua_State *L)
{
	return lua_topointer(L, LUA_REGISTRYINDEX);
}

/* ---- Forks ---- */

static atomic_uint forks; /* between the first process that had a client and this one */

static void count_fork(void)
{
	atomic_fetch_add(&forks, 1);
}

static void count_forks(void)
{
	pthread_atfork(NULL, NULL, count_fork);
}

bool tpl_client_is_orphan(const struct tpl_client *client)
{
	return client->forks != atomic_load_explicit(&forks, memory_order_relaxed);
}

/* ---- The object ---- */

void tpl_settings_free(struct tpl_settings *settings)
{
	tpl_parcel_free(settings->init);
	free(settings->path);
	free(settings->cpath);
	for (struct tpl_preload *preload = settings->preload, *next; preload != NULL; preload = next) {
		next = preload->next;
		free(preload);
	}
	*settings = (struct tpl_settings){0};
}

static void init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct tpl_client *tpl_client_new(lua_State *L, struct taskpool *pool, bool own_pool, struct tpl_settings *settings)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct tpl_client *client = calloc(1, sizeof(*client));
	_Atomic(struct tpl_state *) *resting = calloc(taskpool_workers(pool), sizeof(*resting));

	if (client == NULL || resting == NULL) {
		free(client);
		free(resting);
		tpl_settings_free(settings);
		if (own_pool)
			taskpool_free(pool);
		return NULL;
	}
	pthread_once(&once, count_forks);
	atomic_init(&client->life, REFERENCE);
	client->forks = atomic_load(&forks);
	client->home = tpl_home(L);
	client->pool = pool;
	client->own_pool = own_pool;
	client->settings = *settings;
	*settings = (struct tpl_settings){0};
	pthread_mutex_init(&client->lock, NULL);
	init_condition(&client->changed);
	client->tail = &client->head;
	client->fds[0] = client->fds[1] = -1;
	client->workers = taskpool_workers(pool);
	client->resting = resting;
	return client;
}

void tpl_client_ref(struct tpl_client *client)
{
	atomic_fetch_add_explicit(&client->life, REFERENCE, memory_order_relaxed);
}

static void drop_items(struct tpl_client *client)
{
	for (struct tpl_item *item; (item = tpl_client_pop(client, 0)) != NULL;)
		tpl_item_free(client, item);
}

static void destroy(struct tpl_client *client)
{
	if (tpl_client_is_orphan(client))
		return;
	tpl_states_close(client);
	drop_items(client);
	if (client->fds[0] >= 0) {
		close(client->fds[0]);
		close(client->fds[1]);
	}
	if (client->own_pool)
		taskpool_free(client->pool);
	pthread_cond_destroy(&client->changed);
	pthread_mutex_destroy(&client->lock);
	tpl_settings_free(&client->settings);
	free(client->resting);
	free(client);
}

void tpl_client_unref(struct tpl_client *client)
{
	if (client != NULL && atomic_fetch_sub(&client->life, REFERENCE) / REFERENCE == 1)
		destroy(client);
}

/* ---- Jobs that have not ended ---- */

int tpl_client_enter(struct tpl_client *client)
{
	if (tpl_client_is_orphan(client))
		return -EOWNERDEAD;
	if ((atomic_fetch_add(&client->life, REFERENCE + JOB) & CLOSED) == 0)
		return 0;
	tpl_client_leave(client);
	return -ECANCELED;
}

static uint64_t jobs_of(uint64_t life)
{
	return life & (CLOSED - 1);
}

/* After the last step the client may be gone; so the reference goes last, or with the job. */
void tpl_client_leave(struct tpl_client *client)
{
	uint64_t life = atomic_load(&client->life);

	while ((life & CLOSED) == 0) {
		if (!atomic_compare_exchange_weak(&client->life, &life, life - REFERENCE - JOB))
			continue;
		if (life / REFERENCE == 1)
			destroy(client);
		return;
	}
	if (jobs_of(atomic_fetch_sub(&client->life, JOB)) == 1) {
		pthread_mutex_lock(&client->lock);
		pthread_cond_broadcast(&client->changed);
		pthread_mutex_unlock(&client->lock);
	}
	tpl_client_unref(client);
}

bool tpl_client_is_closed(const struct tpl_client *client)
{
	return (atomic_load(&client->life) & CLOSED) != 0;
}

bool tpl_client_await(struct tpl_client *client, int64_t deadline)
{
	bool over;

	pthread_mutex_lock(&client->lock);
	while (jobs_of(atomic_load(&client->life)) > 0 && client->head == NULL && tpl_client_sleep(client, deadline))
		;
	over = jobs_of(atomic_load(&client->life)) == 0 && client->head == NULL;
	pthread_mutex_unlock(&client->lock);
	return over;
}

/* ---- Pauses ---- */

struct tpl_pause {
	struct tpl_pause *next;
	size_t len;
	char key[];
};

static void resume_all(struct tpl_client *client)
{
	struct tpl_pause *pauses, *next;

	pthread_mutex_lock(&client->lock);
	pauses = client->pauses;
	client->pauses = NULL;
	pthread_mutex_unlock(&client->lock);
	for (; pauses != NULL; pauses = next) {
		next = pauses->next;
		taskpool_key_resume(client->pool, pauses->key, pauses->len);
		free(pauses);
	}
}

int tpl_client_pause(struct tpl_client *client, const void *key, size_t len)
{
	struct tpl_pause *pause = malloc(sizeof(*pause) + len);
	int error;

	if (pause == NULL)
		return -ENOMEM;
	pause->len = len;
	memcpy(pause->key, key, len);
	error = tpl_client_is_closed(client) ? -ECANCELED : taskpool_key_pause(client->pool, key, len);
	if (error != 0) {
		free(pause);
		return error;
	}
	pthread_mutex_lock(&client->lock);
	pause->next = client->pauses;
	client->pauses = pause;
	pthread_mutex_unlock(&client->lock);
	if (tpl_client_is_closed(client)) /* it may have undone all others before */
		resume_all(client);
	return 0;
}

int tpl_client_resume(struct tpl_client *client, const void *key, size_t len)
{
	struct tpl_pause **at, *pause;

	if (tpl_client_is_orphan(client))
		return -EOWNERDEAD;
	pthread_mutex_lock(&client->lock);
	for (at = &client->pauses; (pause = *at) != NULL; at = &pause->next) {
		if (pause->len == len && memcmp(pause->key, key, len) == 0) {
			*at = pause->next;
			break;
		}
	}
	pthread_mutex_unlock(&client->lock);
	if (pause == NULL && client->own_pool) /* what else pauses it is the turn of a callback */
		return -EINVAL;
	free(pause);
	return taskpool_key_resume(client->pool, key, len);
}

/* ---- Closing ---- */

void tpl_client_refuse(struct tpl_client *client, bool drop)
{
	atomic_fetch_or(&client->life, CLOSED);
	if (drop) {
		atomic_store(&client->dropping, true);
		if (client->own_pool)
			taskpool_request_stop(client->pool);
		else
			tpl_futures_cancel(client);
	}
	resume_all(client);
}

void tpl_client_finish(struct tpl_client *client)
{
	if (client->own_pool)
		taskpool_stop(client->pool);
	tpl_states_close(client);
}

/* A callback that ends the whole state, by os.exit(code, true), has its key's turn still. */
static void give_back_turns(struct tpl_client *client)
{
	for (struct tpl_item *item = client->turns; item != NULL; item = item->next) {
		if (item->paused)
			taskpool_key_resume(client->pool, item->key, item->len);
		item->paused = false;
	}
}

void tpl_client_shut(struct tpl_client *client)
{
	struct taskpool_context *context = taskpool_current();

	if (tpl_client_is_orphan(client))
		return;
	tpl_client_refuse(client, false);
	give_back_turns(client);
	if (context != NULL && taskpool_context_pool(context) == client->pool) {
		drop_items(client); /* its jobs may come after this one: the last of them destroys the client */
		return;
	}
	do
		drop_items(client);
	while (!tpl_client_await(client, INT64_MAX));
	tpl_client_finish(client);
}
