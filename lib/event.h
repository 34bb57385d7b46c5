/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_EVENT_H
#define TPI_EVENT_H

#include <stddef.h>
#include <stdint.h>

/* A worker in the trace. All but `session` is constant; that one only the worker touches. */
struct tpi_lane {
	unsigned pool;    /* its number in this process, from 1 on */
	unsigned worker;
	const char *name; /* the pool's; it lives as long as the worker */
	uint64_t session; /* the trace that the lane was last introduced in; 0: none yet */
};

struct tpi_job_times {
	int64_t submitted; /* CLOCK_MONOTONIC ns; 0: unknown */
	int64_t started, ended;
};

/* Room for any of the texts below. */
#define TPI_EVENT_MAX 1024

/*
 * The events of a trace, as JSON objects of the form that chrome://tracing and Perfetto read. Each writes into a buffer
 * of TPI_EVENT_MAX bytes and returns the length; several objects have a comma and a line's end between them.
 */

/* Names the lane and its pool, and gives it its place. */
size_t tpi_event_lane(char *buffer, const struct tpi_lane *lane);

/*
 * A job as a slice. Its key may be any bytes, NULL: none. What is UTF-8 in it is shown as it is, other bytes as the
 * characters U+0080 to U+00FF; a longer key than 128 bytes is cut before the character that would go past them.
 */
size_t tpi_event_job(char *buffer, const struct tpi_lane *lane, const void *key, size_t key_len,
		     const struct tpi_job_times *times, int outcome);

#endif
