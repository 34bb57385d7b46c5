/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_RULE_H
#define TPI_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "handle.h"
#include "job.h"
#include "strand.h"
#include "timer.h"

/*
 * What there is to know of a key beyond its queue: that it is paused or limited, when it may start again, which of its
 * jobs are delayed. Few keys have one; it may be there without a strand, and stays only while it says something. The
 * shard's lock guards all of it.
 *
 * The limit is a token bucket: each start takes one of `tokens`, each interval gives one back, up to `burst`.
 */
struct tpi_rule {
	struct tpi_rule *chain;     /* the next one in its bucket */
	struct tpi_strand *strand;  /* NULL: the key is idle */
	struct taskpool_job *delayed;
	uint64_t tag;
	uint32_t pauses;
	bool limited;               /* interval and burst are its own, not the pool's */
	uint32_t burst;
	uint32_t tokens;            /* as they were at `since` */
	int64_t interval;           /* 0: no limit */
	int64_t since;
	struct tpi_timer timer;     /* when it may start again, or may be forgotten */
	uint16_t key_len;
	unsigned char key[];
};

struct tpi_rules {
	struct tpi_rule **buckets;
	uint64_t mask;
	uint64_t count;
};

/* A rule that says nothing yet. NULL: no memory. */
struct tpi_rule *tpi_rule_new(uint64_t tag, const void *key, size_t len);

/* Without memory for more buckets the old ones do. */
int tpi_rules_add(struct tpi_rules *rules, struct tpi_rule *rule);
void tpi_rules_remove(struct tpi_rules *rules, struct tpi_rule *rule);
void tpi_rules_destroy(struct tpi_rules *rules);

struct tpi_rule *tpi_rules_find(const struct tpi_rules *rules, uint64_t tag, const void *key, size_t len);

static inline struct tpi_rule *tpi_rules_of(const struct tpi_rules *rules, const struct tpi_strand *strand)
{
	return tpi_rules_find(rules, strand->tag, tpi_strand_key(strand), strand->key_len);
}

/* Gives the key a limit, and a full burst. */
void tpi_rule_limit(struct tpi_rule *rule, int64_t interval, uint32_t burst);

/* When the key may start a job, as far as its limit is concerned: 0 for now, or a later time. */
int64_t tpi_rule_opens(struct tpi_rule *rule, int64_t now);

/* A job of the key starts at this time. */
void tpi_rule_start(struct tpi_rule *rule, int64_t now);

/* When the key will have its full burst: 0 for now, or a later time. */
int64_t tpi_rule_rests(struct tpi_rule *rule, int64_t now);

/* The delayed jobs, in no order. */
void tpi_delayed_add(struct taskpool_job **list, struct taskpool_job *handle);
void tpi_delayed_remove(struct taskpool_job **list, struct taskpool_job *handle);

#endif
