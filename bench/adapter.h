/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What a system under measurement looks like to the driver: five functions, or a program of its own.
 */
#ifndef BENCH_ADAPTER_H
#define BENCH_ADAPTER_H

#include <stddef.h>

struct taskpool_context;

/* The signature of a libtaskpool job, so that no adapter needs a trampoline; the others pass NULL. */
typedef void bench_job(struct taskpool_context *context, void *arg);

struct adapter {
	const char *name;
	const char *program;    /* a peer in another language, beside the driver: see peers/; NULL: the functions below */
	const char *workloads;  /* comma separated; NULL: all */
	unsigned max_workers;   /* 0: any number */
	unsigned max_producers; /* 0: any number */
	const char *(*version)(void); /* NULL: not installed here, skipped */
	void *(*create)(unsigned workers, unsigned capacity); /* started, ready for submits; NULL: failed */
	void (*submit)(void *pool, const char *key, size_t key_len, bench_job *job, void *arg); /* waits for room */
	void (*destroy)(void *pool); /* returns when all that was submitted has run */
};

extern const struct adapter adapter_taskpool;
extern const struct adapter adapter_taskpool_pinned;
extern const struct adapter adapter_mutex_ring;
extern const struct adapter adapter_handover;
extern const struct adapter adapter_glib;
extern const struct adapter adapter_go;

/* Ends the measurement: the row says what went wrong. Callable on any thread. */
_Noreturn void bench_fail(const char *what, const char *why);

#endif
