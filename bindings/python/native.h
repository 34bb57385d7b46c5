/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What the Python package needs between itself and the library: callbacks that take the GIL, and jobs and their
 * handles as numbers, which cost cffi less than pointers do.
 */
#ifndef TASKPOOL_PYTHON_NATIVE_H
#define TASKPOOL_PYTHON_NATIVE_H

#include <taskpool.h>

/* bindings: begin */
/* The hooks of every pool. Workers keep their Python thread state from start to stop, and the GIL while there are jobs. */
void *taskpool_py_start(void *user, unsigned worker);
void taskpool_py_stop(void *user, unsigned worker, void *data);
void taskpool_py_idle(void *user, unsigned worker, void *data);
void taskpool_py_wake(void *user, unsigned worker, void *data);

/* How many workers have a thread state. */
unsigned taskpool_py_attached(void);

/*
 * Gives this module the functions of functions.c, which keep the GIL: cffi's calls give it up. Not 0:
 * no memory.
 */
int taskpool_py_add_functions(void);

/*
 * Submits the job that Python knows as `number`; a `len` below 0 is no key. Returns its handle, 1 if none is wanted, or
 * a negative errno. The handle stays valid until Python was told of the end.
 */
intptr_t taskpool_py_submit(struct taskpool *pool, const char *key, ptrdiff_t len, uint64_t number, int64_t timeout,
			    int64_t delay, int64_t ttl, bool handle);

/*
 * Submits `count`, whose keys stand one after the other in `keys`. Writes a handle for each that was accepted; returns
 * 0, or why the next was not.
 */
int taskpool_py_submit_many(struct taskpool *pool, size_t count, const uint64_t *numbers, const char *keys,
			    const ptrdiff_t *lens, int64_t timeout, intptr_t *handles);

/* The calls of a handle. */
void taskpool_py_hold(intptr_t job);
void taskpool_py_release(intptr_t job);
int taskpool_py_wait(intptr_t job, int64_t timeout);
int taskpool_py_cancel(intptr_t job);

/* Passes an exception, by its id(), to sys.unraisablehook. The caller holds a reference. */
void taskpool_py_unraisable(uintptr_t exception);

/* In a forked child. */
void taskpool_py_forked(void);
/* bindings: end */

#endif
