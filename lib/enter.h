/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_ENTER_H
#define TPI_ENTER_H

#include <stdbool.h>
#include <stdint.h>

#include "evict.h"
#include "handle.h"
#include "inbox.h"
#include "rule.h"
#include "shard.h"

/*
 * The way into a shard by its lock, for what the ring cannot do: a job past the bound, with a handle, a delay or a ttl,
 * one that may replace another, or whose key has a bound or a limit.
 */
struct tpi_entry {
	struct tpi_record *record;
	struct taskpool_job *handle;   /* NULL: it has none */
	uint32_t key_capacity;
	bool past_bound;
	bool replace;                  /* TASKPOOL_REPLACE */
	bool replaced;                 /* out: the eviction holds a job to be ended */
	struct tpi_eviction *eviction; /* the caller's */
	/* Memory that may be needed, prepared without the lock. */
	struct tpi_job *job;
	struct tpi_strand *strand;
	struct tpi_rule *rule;
};

/* False: no memory. Else what is left over is released by the other. */
bool tpi_entry_prepare(struct tpi_entry *entry, bool past_bound, bool ruled);
void tpi_entry_release(struct tpi_entry *entry);

/* Under the shard's lock: DONE, FULL, CLOSED or NO_MEMORY. */
enum tpi_put tpi_shard_enter(struct tpi_shard *shard, struct tpi_entry *entry);

#endif
