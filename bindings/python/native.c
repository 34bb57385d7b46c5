/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Compiled into the module that cffi generates, which declares the two functions that Python defines.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "native.h"

static int taskpool_py_run(uint64_t number);
static int taskpool_py_end(uint64_t number, int outcome);

/* ---- Workers ---- */

static atomic_uint attached;

void *taskpool_py_start(void *user, unsigned worker)
{
	(void)user;
	(void)worker;
	atomic_fetch_add(&attached, 1);
	(void)PyGILState_Ensure();
	return PyEval_SaveThread();
}

/* It was idle before, so it has not got the GIL. */
void taskpool_py_stop(void *user, unsigned worker, void *data)
{
	(void)user;
	(void)worker;
	PyEval_RestoreThread(data);
	PyGILState_Release(PyGILState_UNLOCKED);
	atomic_fetch_sub(&attached, 1);
}

unsigned taskpool_py_attached(void)
{
	return atomic_load(&attached);
}

/* ---- The GIL ---- */

/*
 * A worker keeps the GIL from one job to the next, as a thread of pure Python would: to give it up and take it again
 * costs more than most jobs. It gives it up when it is idle, and in a job where Python does: when the job blocks, or
 * after the switch interval. The library waits for nobody while a worker goes from job to job: those who hold its locks
 * do not wait for the GIL.
 *
 * A worker that was woken takes the GIL before it looks for jobs. One that took a job first would leave others to be
 * woken for the rest, and they all would queue for the GIL with a job each in their hands, while one that has the GIL
 * could run all of these by itself.
 */
static _Thread_local bool has_gil;

/* In a forked child: this thread was a worker with the GIL. It goes when it leaves the library's callback. */
static _Thread_local bool forked_with_gil;

static void take_gil(PyThreadState *state)
{
	if (has_gil)
		return;
	PyEval_RestoreThread(state);
	has_gil = true;
}

void taskpool_py_wake(void *user, unsigned worker, void *data)
{
	(void)user;
	(void)worker;
	take_gil(data);
}

static void give_gil_up(void)
{
	has_gil = false;
	(void)PyEval_SaveThread();
}

void taskpool_py_idle(void *user, unsigned worker, void *data)
{
	(void)user;
	(void)worker;
	(void)data;
	if (has_gil)
		give_gil_up();
}

void taskpool_py_forked(void)
{
	atomic_store(&attached, 0);
	forked_with_gil = has_gil;
}

static void leave_child(void)
{
	if (forked_with_gil)
		give_gil_up();
	forked_with_gil = false;
}

/* ---- Jobs ---- */

/*
 * What the library carries for a job. The submit and the end each exchange `state`: the later of the two finds what the
 * earlier left, and cleans up. So the handle lives until the job was run or ended and Python has learnt of it, whether
 * or not the submit had returned before. Where Python could not learn of it, for want of memory or of stack, the handle
 * is never freed: a future that seems to wait may ask for it.
 */
struct ticket {
	uint64_t number;
	_Atomic(intptr_t) state;
};

enum { OPEN = 0, WITHOUT_HANDLE = 1, ENDED = -1 };

static _Thread_local bool running; /* a job, in which others may be ended */

static void clean_up(struct ticket *ticket, intptr_t job)
{
	if (job != WITHOUT_HANDLE)
		taskpool_py_release(job);
	free(ticket);
}

static void over(struct ticket *ticket)
{
	intptr_t job = atomic_exchange(&ticket->state, ENDED);

	if (job != OPEN)
		clean_up(ticket, job);
}

static void run(struct taskpool_context *context, void *arg)
{
	struct ticket *ticket = arg;

	take_gil(taskpool_context_worker_data(context)); /* found without having slept */
	running = true;
	if (taskpool_py_run(ticket->number) == 0)
		over(ticket);
	running = false;
	leave_child();
}

/* For what was run, that was the end. */
static void end(void *arg, int outcome)
{
	struct ticket *ticket = arg;

	if (outcome == TASKPOOL_RAN)
		return;
	if (taskpool_py_end(ticket->number, outcome) == 0)
		over(ticket);
	if (!running)
		leave_child();
}

static int submit(struct taskpool *pool, struct taskpool_task *task, uint64_t number, struct taskpool_job **job)
{
	struct ticket *ticket = malloc(sizeof(*ticket));
	intptr_t state = WITHOUT_HANDLE;
	int error;

	if (ticket == NULL)
		return -ENOMEM;
	ticket->number = number;
	atomic_init(&ticket->state, OPEN);
	task->run = run;
	task->end = end;
	task->arg = ticket;
	error = taskpool_submit_task(pool, task, job);
	if (error != 0) {
		free(ticket);
		return error;
	}
	if (job != NULL)
		state = (intptr_t)*job;
	if (atomic_exchange(&ticket->state, state) == ENDED)
		clean_up(ticket, state);
	return 0;
}

static struct taskpool_task task_of(const char *key, ptrdiff_t len, int64_t timeout)
{
	struct taskpool_task task = TASKPOOL_TASK_INIT;

	if (len >= 0) {
		task.key = key;
		task.key_len = (size_t)len;
	}
	task.timeout = timeout;
	return task;
}

intptr_t taskpool_py_submit(struct taskpool *pool, const char *key, ptrdiff_t len, uint64_t number, int64_t timeout,
			    int64_t delay, int64_t ttl, bool handle)
{
	struct taskpool_task task = task_of(key, len, timeout);
	struct taskpool_job *job;
	int error;

	task.delay = delay;
	task.ttl = ttl;
	error = submit(pool, &task, number, handle ? &job : NULL);
	return error != 0 ? error : handle ? (intptr_t)job : WITHOUT_HANDLE;
}

int taskpool_py_submit_many(struct taskpool *pool, size_t count, const uint64_t *numbers, const char *keys,
			    const ptrdiff_t *lens, int64_t timeout, intptr_t *handles)
{
	struct taskpool_job *job;
	int error = 0;

	for (size_t i = 0; error == 0 && i < count; i++) {
		struct taskpool_task task = task_of(keys, lens[i], timeout);

		error = submit(pool, &task, numbers[i], &job);
		if (error == 0)
			handles[i] = (intptr_t)job;
		keys += task.key_len;
	}
	return error;
}

/* ---- Handles ---- */

void taskpool_py_hold(intptr_t job)
{
	taskpool_job_ref((struct taskpool_job *)job);
}

void taskpool_py_release(intptr_t job)
{
	taskpool_job_unref((struct taskpool_job *)job);
}

int taskpool_py_wait(intptr_t job, int64_t timeout)
{
	return taskpool_job_wait((struct taskpool_job *)job, timeout);
}

int taskpool_py_cancel(intptr_t job)
{
	return taskpool_job_cancel((struct taskpool_job *)job);
}

/* ---- Exceptions ---- */

void taskpool_py_unraisable(uintptr_t exception)
{
	PyGILState_STATE state = PyGILState_Ensure();

	PyErr_SetObject((PyObject *)Py_TYPE((PyObject *)exception), (PyObject *)exception);
	PyErr_WriteUnraisable(NULL);
	PyGILState_Release(state);
}
