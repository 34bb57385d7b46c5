/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <taskpool.h>

#include "internal.h"
#include "lock.h"
#include "sink.h"
#include "trace.h"

_Atomic bool tpi_tracing;

static struct {
	struct tpi_lock lock; /* guards the rest; held over writes, and taken with no other lock held */
	uint64_t session;     /* the number of the trace that is open, or was last */
	bool begun;           /* it has an event */
	struct tpi_sink sink;
} trace;

/* Written once, before main: 0, or why there cannot be a trace. */
static int ready;

static void put(const char *events, size_t length)
{
	tpi_sink_put(&trace.sink, trace.begun ? ",\n" : "[\n", 2);
	tpi_sink_put(&trace.sink, events, length);
	trace.begun = true;
}

static void introduce(struct tpi_lane *lane)
{
	char events[TPI_EVENT_MAX];

	put(events, tpi_event_lane(events, lane));
	lane->session = trace.session;
}

/* The event is made before the lock is taken, so that the workers hardly wait for each other. */
void tpi_trace_job(struct tpi_lane *lane, const void *key, size_t key_len, int64_t submitted, int64_t started,
		   int64_t ended, int outcome)
{
	struct tpi_job_times times = {submitted, started, ended};
	char event[TPI_EVENT_MAX];
	size_t length = tpi_event_job(event, lane, key, key_len, &times, outcome);
	int saved = errno;

	tpi_lock_take(&trace.lock);
	if (tpi_sink_is_open(&trace.sink)) {
		if (lane->session != trace.session)
			introduce(lane);
		put(event, length);
	}
	tpi_lock_drop(&trace.lock);
	errno = saved;
}

unsigned tpi_trace_pool_number(void)
{
	static _Atomic unsigned last;

	return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

static int open_trace(const char *path)
{
	int error;

	if (tpi_sink_is_open(&trace.sink))
		return -EALREADY;
	error = tpi_sink_open(&trace.sink, path);
	if (error != 0)
		return error;
	trace.session++;
	trace.begun = false;
	atomic_store_explicit(&tpi_tracing, true, memory_order_relaxed);
	return 0;
}

static int close_trace(void)
{
	int error;

	if (!tpi_sink_is_open(&trace.sink))
		return -EINVAL;
	tpi_sink_put(&trace.sink, trace.begun ? "\n]\n" : "[]\n", 3);
	error = tpi_sink_close(&trace.sink);
	/* Last: until then an exit waits for the lock. */
	atomic_store_explicit(&tpi_tracing, false, memory_order_relaxed);
	return error;
}

static int start(const char *path)
{
	int error = ready;

	tpi_lock_take(&trace.lock);
	if (error == 0)
		error = open_trace(path);
	tpi_lock_drop(&trace.lock);
	return error;
}

static int stop(void)
{
	int error;

	tpi_lock_take(&trace.lock);
	error = close_trace();
	tpi_lock_drop(&trace.lock);
	return error;
}

TPI_EXPORT int taskpool_trace_start(const char *path)
{
	return path != NULL ? start(path) : -EINVAL;
}

TPI_EXPORT int taskpool_trace_stop(void)
{
	return stop();
}

/* A program that has more rights than its caller writes no file that the caller names. */
static const char *environment(void)
{
#ifdef HAVE_SECURE_GETENV
	return secure_getenv("TASKPOOL_TRACE");
#else
	return getenv("TASKPOOL_TRACE");
#endif
}

void tpi_trace_environment(void)
{
	static _Atomic bool looked;
	const char *path;

	if (atomic_exchange_explicit(&looked, true, memory_order_relaxed))
		return;
	path = environment();
	if (path != NULL && *path != '\0')
		start(path);
}

/*
 * A thread that does not exist here may have held the lock; nobody else is there yet, so it is made anew. What the
 * buffer holds is the parent's to write.
 */
static void in_child(void)
{
	atomic_store_explicit(&tpi_tracing, false, memory_order_relaxed);
	ready = tpi_lock_init(&trace.lock);
	tpi_sink_forget(&trace.sink);
}

/* The first constructor, and the last destructor, of a program that links statically: its own may use pools. */
__attribute__((constructor(101))) static void prepare(void)
{
	ready = tpi_lock_init(&trace.lock);
	if (ready == 0)
		ready = -pthread_atfork(NULL, NULL, in_child);
}

/* A trace that nobody stopped. Without one the lock is left alone: somebody may wait in open(2) with it. */
__attribute__((destructor(101))) static void complete(void)
{
	if (tpi_traced())
		stop();
}
