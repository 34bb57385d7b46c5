/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_SELF_H
#define TPI_SELF_H

#include <stdbool.h>

#include <taskpool.h>

/*
 * What a thread is doing for pools, the innermost first: a worker has one frame for its life, a thread that calls
 * `end` of jobs which it cancels has one for that time.
 */
struct tpi_frame {
	struct tpi_frame *outer;
	const struct taskpool *pool;
	struct taskpool_context *context; /* of the job whose run is on; NULL otherwise */
};

void tpi_frame_push(struct tpi_frame *frame, const struct taskpool *pool);
void tpi_frame_pop(struct tpi_frame *frame);

/* The pool is freed in a forked child, and this thread's frames for it with it. */
void tpi_frames_forget(const struct taskpool *pool);

/* Whether this thread works for the pool: a wait for the pool would be a wait for itself. */
bool tpi_inside(const struct taskpool *pool);

#endif
