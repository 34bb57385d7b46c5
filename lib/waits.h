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
 * enlisted here, for all pools of the process together; in a TASKPOOL_STRICT pool also one that waits with a timeout. A
 * wait is able to end if nothing that it waits for
 *
 *   - is in the hands of a thread whose own wait is not able to end,
 *   - stands in a key's order behind something in such hands, unless its ttl frees it, or
 *   - needs a worker where all that could come are such threads. (To run in a PINNED pool it needs its home worker, to
 *     expire any.)
 *
 * The waits that are able are found as the least fixed point: first those that need none of the others, then those that
 * need only these, and so on. What runs and does not wait is taken to end some day; a paused key to be resumed, a pool
 * that was not started to be started. For a thread of a strict pool, that is all. For the others each wait that has
 * a timeout is able from the start, as if it were not enlisted.
 *
 * Only the new wait's own answer counts. If it is not able, it alone is refused, and those that were enlisted before go
 * on. If it is, all will go on once timeouts have passed: what is able without that is able with it. That all can go on
 * without holds only if none but strict threads wait. Another one may close a circle that a timeout will break; what
 * stands behind that circle is refused to strict threads until then.
 *
 * The lock of waits is held over the look, while shards are looked at one after the other. That they move on meanwhile
 * does no harm: what is in the hands of a thread that is not able stays there, and nobody enlists or delists.
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
	struct tpi_frame *frames; /* NULL: it is not enlisted */
	enum tpi_wait_kind kind;
	int64_t timeout;
	struct taskpool *pool;
	struct tpi_shard *shard;    /* KEY */
	struct tpi_waiter *waiters; /* KEY: one; POOL: one for each shard */
	struct taskpool_job *job;   /* JOB */
	bool able;
};

/* Whether this thread may be refused to wait so long: for ever, or in a strict pool at all. */
bool tpi_wait_refusable(int64_t timeout);

/*
 * Before a wait. False: it could never end, and is not enlisted. Nor is one that cannot be refused, or of a thread with
 * empty hands, for which nobody waits.
 */
bool tpi_wait_enlist(struct tpi_wait *wait);

/* After it, enlisted or not. */
void tpi_wait_delist(struct tpi_wait *wait);

#endif
