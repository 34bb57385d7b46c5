/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_AGENDA_H
#define TPI_AGENDA_H

#include "shard.h"

/*
 * What may start in a shard, and when. All under its lock.
 */

/*
 * The strand has changed: puts it into the ready list, holds it, or lets go of it if nothing is left. Not while it
 * runs.
 */
void tpi_shard_place(struct tpi_shard *shard, struct tpi_strand *strand);

/* The rule has changed: forgets it if it says nothing any more. */
void tpi_shard_settle_rule(struct tpi_shard *shard, struct tpi_rule *rule);

/* The rule of the spare one's key: that, if there is none yet (and *spare becomes NULL). NULL: no memory. */
struct tpi_rule *tpi_shard_rule(struct tpi_shard *shard, struct tpi_rule **spare);

/* The list of the strand's delayed jobs; those of a key have a rule. */
struct taskpool_job **tpi_shard_delayed(struct tpi_shard *shard, const struct tpi_strand *strand);

/* Delayed jobs that are due by then take their places. */
void tpi_shard_admit_delayed(struct tpi_shard *shard, int64_t now);

/* Sees to everything that has come up to this moment, in its order: submits, delays, limits. Not to ttls. */
void tpi_shard_refresh(struct tpi_shard *shard);

/* A job with a ttl that is over; NULL: there is none. */
struct taskpool_job *tpi_shard_expired(struct tpi_shard *shard);

void tpi_shard_set_timer(struct tpi_shard *shard, struct tpi_timers *timers, struct tpi_timer *timer, int64_t due);
void tpi_shard_cancel_timer(struct tpi_shard *shard, struct tpi_timers *timers, struct tpi_timer *timer);

/* Publishes when the next timer is due; whether that is sooner than before. */
bool tpi_shard_retime(struct tpi_shard *shard);

#endif
