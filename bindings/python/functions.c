/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Functions of the module that keep the GIL. They do not block. What they do is one step for other threads, for signal
 * handlers and for finalizers: nothing that runs Python code stands in between.
 */
#include "native.h"

static struct {
	PyObject *exception, *job, *monitor, *result, *state;
} names;

/*
 * submit_now(pool, key, number, handle): as taskpool_py_submit with a timeout of 0, by the pool's address and key bytes
 * or None. A thread that gave the GIL up for each of many submits would trade it with the workers each time.
 */
static PyObject *submit_now(PyObject *module, PyObject *args)
{
	PyObject *pool, *key, *number, *handle;
	Py_ssize_t len = -1;
	char *bytes = NULL;
	void *address;
	uint64_t n;

	(void)module;
	if (!PyArg_UnpackTuple(args, "submit_now", 4, 4, &pool, &key, &number, &handle))
		return NULL;
	address = PyLong_AsVoidPtr(pool);
	n = PyLong_AsUnsignedLongLong(number);
	if (PyErr_Occurred() || (key != Py_None && PyBytes_AsStringAndSize(key, &bytes, &len) < 0))
		return NULL;
	return PyLong_FromSsize_t(taskpool_py_submit(address, bytes, len, n, 0, 0, 0, handle == Py_True));
}

/*
 * settle(future, state, result, exception): the end of a future that has no condition yet. False: it has one, by which
 * those who wait are to be told. The future has a state of its own already, so that to set it makes nothing.
 */
static PyObject *settle(PyObject *module, PyObject *args)
{
	PyObject *future, *state, *result, *exception, *monitor;
	bool quiet;

	(void)module;
	if (!PyArg_UnpackTuple(args, "settle", 4, 4, &future, &state, &result, &exception) ||
	    PyObject_SetAttr(future, names.result, result) < 0 ||
	    PyObject_SetAttr(future, names.exception, exception) < 0)
		return NULL;
	monitor = PyObject_GetAttr(future, names.monitor);
	if (monitor == NULL)
		return NULL;
	quiet = monitor == Py_None || monitor == Py_False;
	Py_DECREF(monitor);
	if (quiet && PyObject_SetAttr(future, names.state, state) < 0)
		return NULL;
	return PyBool_FromLong(quiet);
}

static bool is_live(PyObject *state)
{
	return PyUnicode_CompareWithASCIIString(state, "PENDING") == 0 ||
	       PyUnicode_CompareWithASCIIString(state, "RUNNING") == 0;
}

/*
 * hold(future): the handle of its job, if that has not ended, with a reference to be released; or 0. The workers release
 * theirs after they have set the future's state.
 */
static PyObject *hold(PyObject *module, PyObject *future)
{
	PyObject *state = PyObject_GetAttr(future, names.state);
	PyObject *job = PyObject_GetAttr(future, names.job);
	Py_ssize_t handle = 0;

	(void)module;
	if (state != NULL && job != NULL && is_live(state))
		handle = PyLong_AsSsize_t(job);
	if (handle > 0)
		taskpool_py_hold(handle);
	Py_XDECREF(state);
	Py_XDECREF(job);
	return PyErr_Occurred() ? NULL : PyLong_FromSsize_t(handle > 0 ? handle : 0);
}

static int make_names(void)
{
	names.exception = PyUnicode_InternFromString("_exception");
	names.job = PyUnicode_InternFromString("_job");
	names.monitor = PyUnicode_InternFromString("_monitor");
	names.result = PyUnicode_InternFromString("_result");
	names.state = PyUnicode_InternFromString("_state");
	return names.exception && names.job && names.monitor && names.result && names.state ? 0 : -1;
}

int taskpool_py_add_functions(void)
{
	static PyMethodDef functions[] = {
		{"submit_now", submit_now, METH_VARARGS, NULL},
		{"settle", settle, METH_VARARGS, NULL},
		{"hold", hold, METH_O, NULL},
	};
	PyGILState_STATE state = PyGILState_Ensure();
	PyObject *module = PyImport_AddModule("taskpool._native");
	int failed = module == NULL || make_names() < 0;

	for (size_t i = 0; !failed && i < sizeof(functions) / sizeof(functions[0]); i++) {
		PyObject *function = PyCFunction_New(&functions[i], NULL);

		failed = function == NULL || PyObject_SetAttrString(module, functions[i].ml_name, function) < 0;
		Py_XDECREF(function);
	}
	PyErr_Clear();
	PyGILState_Release(state);
	return failed;
}
