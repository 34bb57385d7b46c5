/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * A program with Lua in it. It has one pool, which C and its scripts share: three threads run lua-embed.lua, each on a
 * lua_State of its own. Keys are customers. The journal of a customer is an array without a lock; C writes to it in
 * jobs, and scripts in callbacks that they have deferred. What each author submitted must stand there in order.
 *
 *     lua-embed SCRIPT
 *
 * Scripts find the module as any Lua does, by LUA_PATH and LUA_CPATH. It takes the functions of Lua from the program
 * that loads it. Those of a shared liblua, as here, are there for all; a program that has liblua inside must show them
 * (cc -Wl,-E), and must have all of them (-Wl,--whole-archive).
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taskpool.h>

#define SCRIPTS 3
#define AUTHORS (SCRIPTS + 1) /* the last one is C itself */
#define CUSTOMERS 4
#define ENTRIES 200           /* that each author makes for each customer */

struct journal {
	const char *customer;
	unsigned count, last[AUTHORS], disorder;
};

/* An entry is written by a job of the customer, or in its turn; so never two at once. */
static struct journal journals[CUSTOMERS] = { { .customer = "ann" }, { .customer = "bob" }, { .customer = "carl" },
	{ .customer = "dora" } };

struct entry {
	struct journal *journal;
	unsigned author, number;
};

struct host {
	struct taskpool *pool;
	const char *script;
};

struct runner {
	const struct host *host;
	unsigned author;
	pthread_t thread;
	bool failed;
};

/* ---- The journals ---- */

static void write_entry(struct journal *journal, unsigned author, unsigned number)
{
	if (number != journal->last[author] + 1)
		journal->disorder++;
	journal->last[author] = number;
	journal->count++;
}

static void write_job(struct taskpool_context *context, void *arg)
{
	const struct entry *entry = arg;

	(void)context;
	write_entry(entry->journal, entry->author, entry->number);
}

static void forget_job(void *arg, int outcome)
{
	(void)outcome;
	free(arg);
}

/* Has an entry written by a job. */
static int submit_entry(struct taskpool *pool, struct entry what, int64_t timeout)
{
	struct taskpool_task task = TASKPOOL_TASK_INIT;
	struct entry *entry = malloc(sizeof(*entry));
	int error;

	if (entry == NULL)
		return -ENOMEM;
	*entry = what;
	task.key = what.journal->customer;
	task.key_len = strlen(what.journal->customer);
	task.run = write_job;
	task.end = forget_job;
	task.arg = entry;
	task.timeout = timeout;
	error = taskpool_submit_task(pool, &task, NULL);
	if (error < 0)
		free(entry);
	return error;
}

/* ---- What scripts can call; their runner is an upvalue ---- */

static struct runner *runner_of(lua_State *L)
{
	return lua_touserdata(L, lua_upvalueindex(1));
}

/* (customer, number) */
static struct entry check_entry(lua_State *L)
{
	const char *customer = luaL_checkstring(L, 1);
	lua_Integer number = luaL_checkinteger(L, 2);

	for (size_t i = 0; i < CUSTOMERS; i++)
		if (strcmp(journals[i].customer, customer) == 0)
			return (struct entry){ &journals[i], runner_of(L)->author, (unsigned)number };
	luaL_argerror(L, 1, "no such customer");
	return (struct entry){ 0 };
}

/* host.write(customer, number): at once, so it is for callbacks that have the customer's turn. */
static int host_write(lua_State *L)
{
	struct entry entry = check_entry(L);

	write_entry(entry.journal, entry.author, entry.number);
	return 0;
}

/*
 * host.submit(customer, number): by a job; false: no room. It must not wait for that, as the jobs in the way may wait
 * for callbacks that only this thread can run.
 */
static int host_submit(lua_State *L)
{
	int error = submit_entry(runner_of(L)->host->pool, check_entry(L), 0);

	if (error != 0 && error != -EAGAIN)
		return luaL_error(L, "%s", taskpool_strerror(error));
	lua_pushboolean(L, error == 0);
	return 1;
}

static void push_host(lua_State *L, struct runner *runner)
{
	static const luaL_Reg functions[] = { { "write", host_write }, { "submit", host_submit }, { NULL, NULL } };

	luaL_newlibtable(L, functions);
	lua_pushlightuserdata(L, runner);
	luaL_setfuncs(L, functions, 1);
	lua_pushlightuserdata(L, runner->host->pool); /* for taskpool.adopt */
	lua_setfield(L, -2, "pool");
	lua_pushinteger(L, ENTRIES);
	lua_setfield(L, -2, "entries");
	lua_createtable(L, CUSTOMERS, 0);
	for (int i = 0; i < CUSTOMERS; i++) {
		lua_pushstring(L, journals[i].customer);
		lua_rawseti(L, -2, i + 1);
	}
	lua_setfield(L, -2, "customers");
}

/* ---- Threads ---- */

/* Closing the state ends what it has on the pool, and no more than that. */
static void *run_script(void *arg)
{
	struct runner *runner = arg;
	lua_State *L = luaL_newstate();

	if (L == NULL) {
		runner->failed = true;
		return NULL;
	}
	luaL_openlibs(L);
	push_host(L, runner);
	lua_setglobal(L, "host");
	if (luaL_dofile(L, runner->host->script) != LUA_OK) {
		fprintf(stderr, "script %u: %s\n", runner->author, luaL_tolstring(L, -1, NULL));
		runner->failed = true;
	}
	lua_close(L);
	return NULL;
}

/* This thread has no callbacks, so it may wait for room. */
static void submit_own(struct taskpool *pool)
{
	for (unsigned number = 1; number <= ENTRIES; number++)
		for (size_t i = 0; i < CUSTOMERS; i++)
			submit_entry(pool, (struct entry){ &journals[i], SCRIPTS, number }, TASKPOOL_FOREVER);
}

static bool run_all(const struct host *host)
{
	struct runner runners[SCRIPTS];
	unsigned started = 0;
	bool fine = true;

	for (; started < SCRIPTS; started++) {
		runners[started] = (struct runner){ .host = host, .author = started };
		if (pthread_create(&runners[started].thread, NULL, run_script, &runners[started]) != 0)
			break;
	}
	submit_own(host->pool);
	while (started > 0) {
		pthread_join(runners[--started].thread, NULL);
		fine = fine && !runners[started].failed;
	}
	return fine;
}

static bool show_journals(void)
{
	bool fine = true;

	for (size_t i = 0; i < CUSTOMERS; i++) {
		printf("%s: %u entries, %u out of order\n", journals[i].customer, journals[i].count, journals[i].disorder);
		fine = fine && journals[i].count == AUTHORS * ENTRIES && journals[i].disorder == 0;
	}
	return fine;
}

int main(int argc, char **argv)
{
	struct host host = { .script = argc > 1 ? argv[1] : "lua-embed.lua" };
	bool fine;

	if (taskpool_new(&host.pool, 4) < 0 || taskpool_start(host.pool) < 0)
		return 1;
	fine = run_all(&host);
	taskpool_shutdown(host.pool, TASKPOOL_FOREVER, TASKPOOL_FOREVER, NULL); /* after C's own last jobs */
	fine = show_journals() && fine;
	taskpool_free(host.pool);
	return fine ? 0 : 1;
}
