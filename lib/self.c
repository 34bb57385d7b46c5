/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stddef.h>

#include "internal.h"
#include "self.h"

static _Thread_local struct tpi_frame *top;

void tpi_frame_push(struct tpi_frame *frame, const struct taskpool *pool)
{
	frame->outer = top;
	frame->pool = pool;
	frame->context = NULL;
	top = frame;
}

void tpi_frame_pop(struct tpi_frame *frame)
{
	if (top == frame) /* else a forked child has freed the pool, and forgotten its frames */
		top = frame->outer;
}

void tpi_frames_forget(const struct taskpool *pool)
{
	struct tpi_frame **link = &top;

	while (*link != NULL)
		if ((*link)->pool == pool)
			*link = (*link)->outer;
		else
			link = &(*link)->outer;
}

bool tpi_inside(const struct taskpool *pool)
{
	const struct tpi_frame *frame = top;

	while (frame != NULL && frame->pool != pool)
		frame = frame->outer;
	return frame != NULL;
}

bool tpi_frame_mine(const struct tpi_frame *frame)
{
	const struct tpi_frame *mine = top;

	while (mine != NULL && mine != frame)
		mine = mine->outer;
	return mine != NULL;
}

struct tpi_frame *tpi_frame_top(void)
{
	return top;
}

TPI_EXPORT struct taskpool_context *taskpool_current(void)
{
	return top != NULL ? top->context : NULL;
}
