/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_ROOM_H
#define TPI_ROOM_H

#include <stdint.h>

#include "inbox.h"

/* A job that a thread is about to submit. */
struct tpi_submission {
	struct taskpool *pool;
	const struct taskpool_task *task;
	struct tpi_record record;
	struct taskpool_job *handle; /* NULL: it needs none */
	unsigned shard; /* the key's home; without a key, where it was last tried */
	bool held;      /* with a reference on the pool: the end of a replaced job was called, and may have freed it */
};

/* Tries once: DONE, FULL, CLOSED or NO_MEMORY. A job without a key finds full only what is full everywhere. */
enum tpi_put tpi_submission_try(struct tpi_submission *submission);

/* Waits for room and submits; FULL: not by the deadline. */
enum tpi_put tpi_room_wait(struct tpi_submission *submission, int64_t deadline);

#endif
