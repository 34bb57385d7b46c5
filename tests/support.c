/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

/* Memory that cannot be had is an error here, not the end. */
#ifdef SANITIZED_THREAD
const char *__tsan_default_options(void);
__attribute__((weak)) const char *__tsan_default_options(void) /* one test says more */
{
	return "allocator_may_return_null=1";
}
#endif
#ifdef SANITIZED_ADDRESS
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}
#endif

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

static struct timespec to_timespec(int64_t time)
{
	return (struct timespec){ .tv_sec = (time_t)(time / SECOND), .tv_nsec = (long)(time % SECOND) };
}

int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

void pause_shortly(void)
{
	struct timespec time = to_timespec(MILLISECOND);

	nanosleep(&time, NULL);
}

/* ---- Threads that meet ---- */

void tally_init(struct tally *tally)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&tally->lock, NULL);
	pthread_cond_init(&tally->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	tally->count = 0;
}

void tally_add(struct tally *tally)
{
	pthread_mutex_lock(&tally->lock);
	tally->count++;
	pthread_cond_broadcast(&tally->changed);
	pthread_mutex_unlock(&tally->lock);
}

unsigned tally_read(struct tally *tally)
{
	unsigned count;

	pthread_mutex_lock(&tally->lock);
	count = tally->count;
	pthread_mutex_unlock(&tally->lock);
	return count;
}

void tally_wait(struct tally *tally, unsigned count)
{
	struct timespec until = to_timespec(now() + DEADLINE);

	pthread_mutex_lock(&tally->lock);
	while (tally->count < count)
		if (pthread_cond_timedwait(&tally->changed, &tally->lock, &until) != 0 && tally->count < count)
			die("waited for %u, but only %u came", count, tally->count);
	pthread_mutex_unlock(&tally->lock);
}

void gate_init(struct gate *gate)
{
	tally_init(&gate->entered);
	tally_init(&gate->opened);
}

void gate_open(struct gate *gate)
{
	tally_add(&gate->opened);
}

pthread_t spawn(void *(*body)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, arg) != 0)
		die("no thread to be had");
	return thread;
}

/* ---- Jobs and how they end ---- */

void gate_job(struct taskpool_context *context, void *arg)
{
	struct gate *gate = arg;

	(void)context;
	tally_add(&gate->entered);
	tally_wait(&gate->opened, 1);
}

void nothing_job(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
}

void tally_job(struct taskpool_context *context, void *arg)
{
	(void)context;
	tally_add(arg);
}

void sleeper_job(struct taskpool_context *context, void *arg)
{
	tally_add(arg);
	taskpool_context_sleep(context, 2 * DEADLINE);
}

void forbidden_job(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	die("a job ran that must not run");
}

void endings_init(struct endings *endings)
{
	tally_init(&endings->ran);
	tally_init(&endings->canceled);
	tally_init(&endings->other);
}

void endings_end(void *arg, int outcome)
{
	struct endings *endings = arg;

	if (outcome == TASKPOOL_RAN)
		tally_add(&endings->ran);
	else if (outcome == TASKPOOL_CANCELED)
		tally_add(&endings->canceled);
	else
		tally_add(&endings->other);
}

void journal_init(struct journal *journal)
{
	pthread_mutex_init(&journal->lock, NULL);
	journal->count = 0;
}

void journal_write(struct journal *journal, unsigned value)
{
	pthread_mutex_lock(&journal->lock);
	if (journal->count == LENGTH(journal->entries))
		die("the journal is full");
	journal->entries[journal->count++] = value;
	pthread_mutex_unlock(&journal->lock);
}

void note_job(struct taskpool_context *context, void *arg)
{
	struct note *note = arg;

	(void)context;
	journal_write(note->journal, note->value);
}

/* ---- Pools and keys ---- */

static struct taskpool *make(unsigned workers, unsigned capacity, unsigned placement, unsigned flags)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;
	int error;

	options.workers = workers;
	options.queue_capacity = capacity;
	options.placement = placement;
	options.flags = flags;
	error = taskpool_new_with(&pool, &options);
	if (error)
		die("taskpool_new_with: %d", error);
	return pool;
}

static struct taskpool *start(struct taskpool *pool)
{
	int error = taskpool_start(pool);

	if (error)
		die("taskpool_start: %d", error);
	return pool;
}

struct taskpool *make_pool(unsigned workers, unsigned capacity, unsigned placement)
{
	return make(workers, capacity, placement, 0);
}

struct taskpool *start_pool(unsigned workers, unsigned capacity, unsigned placement)
{
	return start(make_pool(workers, capacity, placement));
}

struct taskpool *start_strict_pool(unsigned workers, unsigned placement)
{
	return start(make(workers, 0, placement, TASKPOOL_STRICT));
}

struct taskpool_task make_task(const char *key, taskpool_run_fn *run, void *arg)
{
	struct taskpool_task task = TASKPOOL_TASK_INIT;

	task.key = key;
	task.key_len = key ? strlen(key) : 0;
	task.run = run;
	task.arg = arg;
	return task;
}

int submit_timed(struct taskpool *pool, const char *key, taskpool_run_fn *run, void *arg, int64_t timeout)
{
	struct taskpool_task task = make_task(key, run, arg);

	task.timeout = timeout;
	return taskpool_submit_task(pool, &task, NULL);
}

int submit_with_end(struct taskpool *pool, const char *key, taskpool_run_fn *run, taskpool_end_fn *end, void *arg)
{
	struct taskpool_task task = make_task(key, run, arg);

	task.end = end;
	return taskpool_submit_task(pool, &task, NULL);
}

/* Written from the definition, not taken from the library: it is what callers rely on. */
uint32_t fnv1a(const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;
	uint32_t hash = UINT32_C(2166136261);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ byte[i]) * UINT32_C(16777619);
	return hash;
}

void key_at_home(char key[32], const char *prefix, unsigned *number, unsigned workers, unsigned home)
{
	do
		snprintf(key, 32, "%.16s%u", prefix, (*number)++);
	while (fnv1a(key, strlen(key)) % workers != home);
}

/* ---- Chance ---- */

uint64_t test_seed(void)
{
	static uint64_t seed;
	const char *given = getenv("TASKPOOL_SEED");

	if (seed == 0) {
		seed = given ? strtoull(given, NULL, 0) : (uint64_t)now() ^ (uint64_t)getpid() << 32;
		fprintf(stderr, "TASKPOOL_SEED=%llu\n", (unsigned long long)seed);
	}
	return seed;
}

/* splitmix64 */
uint64_t random_next(uint64_t *state)
{
	uint64_t value = *state += UINT64_C(0x9e3779b97f4a7c15);

	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

unsigned random_below(uint64_t *state, unsigned bound)
{
	return (unsigned)(random_next(state) >> 32) % bound;
}
