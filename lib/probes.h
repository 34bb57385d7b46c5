/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_PROBES_H
#define TPI_PROBES_H

#include <config.h>

/*
 * Places where a tracer (bpftrace, perf, SystemTap, gdb) can look in; `readelf -n` lists them. Where none does, a probe
 * is one nop. Its arguments are evaluated all the same: give it what stands in a variable or a field anyway, never a
 * call.
 */
#ifdef HAVE_SYS_SDT_H
#include <sys/sdt.h>
#ifdef __clang__
/* The header's macros leave a ... empty, and clang says so where they are used. */
#define TPI_SDT_QUIET \
	_Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wgnu-zero-variadic-macro-arguments\"")
#define TPI_SDT_LOUD _Pragma("clang diagnostic pop")
#else
#define TPI_SDT_QUIET
#define TPI_SDT_LOUD
#endif
#define TPI_PROBE2(name, a, b) \
	do { TPI_SDT_QUIET DTRACE_PROBE2(taskpool, name, a, b); TPI_SDT_LOUD } while (0)
#define TPI_PROBE3(name, a, b, c) \
	do { TPI_SDT_QUIET DTRACE_PROBE3(taskpool, name, a, b, c); TPI_SDT_LOUD } while (0)
#define TPI_PROBE4(name, a, b, c, d) \
	do { TPI_SDT_QUIET DTRACE_PROBE4(taskpool, name, a, b, c, d); TPI_SDT_LOUD } while (0)
#else
#define TPI_PROBE2(name, a, b) ((void)(a), (void)(b))
#define TPI_PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#define TPI_PROBE4(name, a, b, c, d) ((void)(a), (void)(b), (void)(c), (void)(d))
#endif

/* A job was accepted. The key is `len` bytes, NULL: it has none. */
#define TPI_PROBE_SUBMIT(pool, key, len) TPI_PROBE3(submit, pool, key, len)

/* The worker is about to call run. */
#define TPI_PROBE_START(pool, worker, key, len) TPI_PROBE4(start, pool, worker, key, len)

/* The job that the worker had has ended; `outcome` is an enum taskpool_outcome. */
#define TPI_PROBE_END(pool, worker, outcome) TPI_PROBE3(end, pool, worker, outcome)

/* The worker takes a job whose home is the worker `from`. */
#define TPI_PROBE_STEAL(pool, worker, from) TPI_PROBE3(steal, pool, worker, from)

/* The worker found nothing to do and goes to sleep. */
#define TPI_PROBE_PARK(pool, worker) TPI_PROBE2(park, pool, worker)

#endif
