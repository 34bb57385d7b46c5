/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What one main lua_State has on one pool: the states that its jobs run on, and the queue of what is to happen on the
 * main state itself, inside poll. Scripts know it as the pool.
 *
 * A job, a future and a userdata hold a reference each. `owners` counts the userdata of the main state: when the last
 * is collected the client is shut, as by close(), which ends the jobs and with them the states.
 */
#ifndef TASKPOOL_LUA_CLIENT_H
#define TASKPOOL_LUA_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <taskpool.h>

#include "pack.h"

struct tpl_state;
struct tpl_future;
struct tpl_pause;

/* Something for the main state. */
struct tpl_item {
	struct tpl_item *next;
	enum { TPL_DONE, TPL_DEFERRED, TPL_DROPPED, TPL_FAILED } kind;
	uint64_t number;           /* the future's, or the callback's */
	struct tpl_parcel *parcel; /* FAILED: the error of a job without a future */
	bool paused;               /* DEFERRED: the key, until the callback has run */
	uint64_t hash;             /* of that */
	size_t len;
	char *key;
};

struct tpl_preload {
	struct tpl_preload *next;
	lua_CFunction open;
	char name[];
};

struct tpl_settings {
	bool per_key;
	unsigned max_states;
	int64_t grace;     /* ns from cancel until a job is ended by force; below 0: never */
	size_t max_memory; /* bytes per state; 0: no bound */
	struct tpl_parcel *init;
	char *path, *cpath;
	struct tpl_preload *preload; /* what the host program has in package.preload */
};

struct tpl_client {
	_Atomic uint64_t life; /* references, whether it is closed, and jobs that have not ended: one word for a job to touch */
	atomic_int owners;
	unsigned forks;   /* of the process, when it was made */
	const void *home; /* tpl_home() of the main state */
	struct taskpool *pool;
	bool own_pool;
	unsigned workers;
	struct tpl_settings settings;
	atomic_bool dropping; /* jobs are canceled */
	atomic_bool wants_errors;
	atomic_size_t deferred; /* callbacks that have not run */
	_Atomic(struct tpl_state *) *resting; /* by worker; NULL: none, or in use */
	pthread_mutex_t lock;                 /* of all that follows */
	pthread_cond_t changed;               /* an item came, or the last job ended */
	struct tpl_item *head, **tail;
	int fds[2];
	struct tpl_item *turns; /* whose callbacks run now, inside each other; the main state's alone */
	struct tpl_future *futures; /* of jobs that have not ended, where the pool is another's */
	struct tpl_pause *pauses;
	void *keyed;                       /* tree of the states of keys */
	struct tpl_state *newest, *oldest; /* those of them that rest */
	size_t keyed_count;
};

/* L belongs to the main state. Takes over the pool, if `own_pool`, and what is in the settings, also on failure: NULL, no memory.
 * Raises no error. */
struct tpl_client *tpl_client_new(lua_State *L, struct taskpool *pool, bool own_pool, struct tpl_settings *settings);
void tpl_client_ref(struct tpl_client *client);
void tpl_client_unref(struct tpl_client *client);
void tpl_settings_free(struct tpl_settings *settings);

bool tpl_client_is_closed(const struct tpl_client *client);

/* For jobs: from before the submit until after the end. 0, -ECANCELED: closed, or -EOWNERDEAD: this is a child. */
int tpl_client_enter(struct tpl_client *client);
void tpl_client_leave(struct tpl_client *client);

/*
 * The steps of closing. `refuse`: no new jobs; what scripts paused goes on; `drop`: jobs that wait are canceled, too.
 * `await`: until no job is left, or there is an item, or the deadline (CLOCK_MONOTONIC, ns) passes; true: there is
 * neither. `finish`: the workers and the states end; not on a worker of the pool.
 */
void tpl_client_refuse(struct tpl_client *client, bool drop);
bool tpl_client_await(struct tpl_client *client, int64_t deadline);
void tpl_client_finish(struct tpl_client *client);

/* All of these without a script: what is for the main state is dropped. */
void tpl_client_shut(struct tpl_client *client);

/* Pauses and resumes for scripts: those that are left when it closes are undone. What the library says. */
int tpl_client_pause(struct tpl_client *client, const void *key, size_t len);
int tpl_client_resume(struct tpl_client *client, const void *key, size_t len);

/* Whether the process is a child that has none of the threads. */
bool tpl_client_is_orphan(const struct tpl_client *client);

int64_t tpl_now(void);

/* What tells states from each other: the same for all coroutines of one. */
const void *tpl_home(lua_State *L);

#endif
