/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_SELF_H
#define TPI_SELF_H

#include <stdbool.h>

#include <taskpool.h>

struct tpi_eviction;
struct tpi_turn;

/*
 * What a thread is doing for pools, the innermost first: a worker has one frame for its life, a thread that calls
 * `end` of jobs which it cancels has one for that time.
 */
struct tpi_frame {
	struct tpi_frame *outer;
	const struct taskpool *pool;
	struct taskpool_context *context; /* of the job whose run is on; NULL otherwise */
	/* What it has in hand: a worker its turn, the other one its eviction; the same for the frame's life. */
	const struct tpi_turn *turn;
	const struct tpi_eviction *eviction;
};

void tpi_frame_push(struct tpi_frame *frame, const struct taskpool *pool);
void tpi_frame_pop(struct tpi_frame *frame);

/* The pool is freed in a forked child, and this thread's frames for it with it. */
void tpi_frames_forget(const struct taskpool *pool);

/* Whether this thread works for the pool: a wait for the pool would be a wait for itself. */
bool tpi_inside(const struct taskpool *pool);

/* Whether the frame (NULL: no) is one of this thread. */
bool tpi_frame_mine(const struct tpi_frame *frame);

/* The innermost frame of this thread; NULL: it works for no pool. */
struct tpi_frame *tpi_frame_top(void);

#endif
