/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_SINK_H
#define TPI_SINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define TPI_SINK_BYTES 65536

/*
 * A file that is written in large pieces; all zeros is a closed one. No stdio: what a FILE held at a fork would be
 * written by the child as well.
 */
struct tpi_sink {
	_Atomic bool open; /* written by whom the caller lets; read in a child, whatever was under way at the fork */
	int fd;
	int error;   /* of the first write that failed, negative; nothing is written after it */
	size_t used;
	char buffer[TPI_SINK_BYTES];
};

static inline bool tpi_sink_is_open(const struct tpi_sink *sink)
{
	return atomic_load_explicit(&sink->open, memory_order_relaxed);
}

/* Makes the file, or empties the one that is there. 0, or what open(2) says, negative. */
int tpi_sink_open(struct tpi_sink *sink, const char *path);

/* At most TPI_SINK_BYTES at once. Changes errno. */
void tpi_sink_put(struct tpi_sink *sink, const char *bytes, size_t length);

/* Writes what is left and closes. 0, or the first error since the file was opened. */
int tpi_sink_close(struct tpi_sink *sink);

/* Of the parent, in a forked child: closes and writes nothing. */
void tpi_sink_forget(struct tpi_sink *sink);

#endif
