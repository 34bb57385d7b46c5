/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_WAITS_H
#define TPI_WAITS_H

#include <stdbool.h>
#include <stdint.h>

#include "handle.h"
#include "pool.h"
#include "self.h"
#include "waiter.h"

/*
 * Waits that could never end. A thread that has jobs in its hands (see struct tpi_frame) and waits without a timeout is
 * enlisted here, for all pools of the process together. A wait is able to end if nothing that it waits for
 *
 *   - is in the hands of a thread whose own wait is not able to end,
 *   - stands in a key's order behind something in such hands, unless its ttl frees it, or
 *   - needs a worker where all that could come are such threads. (To run in a PINNED pool it needs its home worker, to
 *     expire any.)
 *
 * The waits that are able are found as the least fixed point: first those that need none of the others, then those that
 * need only these, and so on. What runs and does not wait is taken to end some day; a paused key to be resumed, a pool
 * that was not started to be started. So if the new wait is able, all are; if it is not, it alone is refused, and those
 * that were enlisted before go on.
 *
 * The lock of waits is held over the look, while shards are looked at one after the other. That they move on meanwhile
 * does no harm: what is in the hands of a thread that is not able stays there, and nobody enlists.
 */
enum tpi_wait_kind {
	TPI_WAIT_KEY,
	TPI_WAIT_JOB,
	TPI_WAIT_POOL, /* for all its jobs of now */
	TPI_WAIT_DRAIN, /* the same, once no more come in */
	TPI_WAIT_STOP, /* for those that run or are being ended: the others will be canceled */
};

struct tpi_wait {
	struct tpi_wait *next;
	struct tpi_frame *frames;
	enum tpi_wait_kind kind;
	struct taskpool *pool;
	struct tpi_shard *shard;    /* KEY */
	struct tpi_waiter *waiters; /* KEY: one; POOL: one for each shard */
	struct taskpool_job *job;   /* JOB */
	bool able;
};

/*
 * Before a wait without a timeout. False: it could never end, and is not enlisted. Threads with empty hands need not
 * ask: nobody waits for them.
 */
bool tpi_wait_enlist(struct tpi_wait *wait);
void tpi_wait_delist(struct tpi_wait *wait);

#endif
