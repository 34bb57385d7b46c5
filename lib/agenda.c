/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "agenda.h"
#include "ready.h"
#include "util.h"

/* An idle key whose limit has passed is forgotten at a multiple of this, so that many go at once. */
#define FORGET_NS (1 << 26)

void tpi_shard_set_timer(struct tpi_shard *shard, struct tpi_timers *timers, struct tpi_timer *timer, int64_t due)
{
	tpi_timer_cancel(timers, timer);
	tpi_timer_set(timers, timer, due);
	shard->stirred = true;
}

void tpi_shard_cancel_timer(struct tpi_shard *shard, struct tpi_timers *timers, struct tpi_timer *timer)
{
	if (timer->number == 0)
		return;
	tpi_timer_cancel(timers, timer);
	shard->stirred = true;
}

bool tpi_shard_retime(struct tpi_shard *shard)
{
	int64_t old = atomic_load_explicit(&shard->next_due, memory_order_relaxed);
	int64_t due = tpi_timers_due(&shard->entries), other = tpi_timers_due(&shard->openings);

	due = other < due ? other : due;
	other = tpi_timers_due(&shard->expiries);
	due = other < due ? other : due;
	shard->stirred = false;
	/* Whoever relies on it goes through the crew's lock: see sooner in crew.c. */
	atomic_store_explicit(&shard->next_due, due, memory_order_relaxed);
	return due < old;
}

/* Whether the key may start a job now; if only time is missing, the timer is set. */
static bool allowed(struct tpi_shard *shard, const struct tpi_strand *strand)
{
	struct tpi_rule *rule = tpi_rules_of(&shard->rules, strand);
	int64_t opens;

	if (rule->pauses > 0)
		return false;
	opens = rule->interval > 0 ? tpi_rule_opens(rule, tpi_now()) : 0;
	if (opens == 0)
		return true;
	tpi_shard_set_timer(shard, &shard->openings, &rule->timer, opens);
	return false;
}

static void drop_strand(struct tpi_shard *shard, struct tpi_strand *strand)
{
	if (strand->ruled) {
		struct tpi_rule *rule = tpi_rules_of(&shard->rules, strand);

		rule->strand = NULL;
		tpi_shard_settle_rule(shard, rule);
	}
	tpi_table_remove(&shard->table, strand);
}

void tpi_shard_place(struct tpi_shard *shard, struct tpi_strand *strand)
{
	if (strand->state == TPI_STRAND_RUNNING)
		return;
	if (tpi_strand_open(strand) && (!strand->ruled || allowed(shard, strand))) {
		if (strand->state != TPI_STRAND_READY)
			tpi_make_ready(shard, strand);
		return;
	}
	if (strand->state == TPI_STRAND_READY)
		tpi_unmake_ready(shard, strand);
	strand->state = TPI_STRAND_HELD;
	if (strand->flags & TPI_STRAND_LOOSE)
		strand->state = TPI_STRAND_IDLE;
	else if (strand->last == NULL && strand->waiting == 0)
		drop_strand(shard, strand);
}

void tpi_shard_settle_rule(struct tpi_shard *shard, struct tpi_rule *rule)
{
	struct tpi_strand *strand = rule->strand;
	int64_t rests;

	if (rule->pauses > 0 || rule->limited || rule->delayed != NULL || (strand != NULL && shard->interval > 0))
		return;
	rests = tpi_rule_rests(rule, tpi_now());
	if (rests > 0) {
		if (strand == NULL)
			tpi_shard_set_timer(shard, &shard->openings, &rule->timer, rests | (FORGET_NS - 1));
		return;
	}
	if (strand != NULL)
		strand->ruled = 0;
	tpi_shard_cancel_timer(shard, &shard->openings, &rule->timer);
	tpi_rules_remove(&shard->rules, rule);
}

struct tpi_rule *tpi_shard_rule(struct tpi_shard *shard, struct tpi_rule **spare)
{
	struct tpi_rule *fresh = *spare;
	struct tpi_rule *rule = tpi_rules_find(&shard->rules, fresh->tag, fresh->key, fresh->key_len);

	if (rule != NULL)
		return rule;
	if (tpi_rules_add(&shard->rules, fresh) != 0)
		return NULL;
	*spare = NULL;
	tpi_rule_limit(fresh, shard->interval, shard->burst);
	fresh->strand = tpi_table_find(&shard->table, fresh->tag, fresh->key, fresh->key_len);
	if (fresh->strand != NULL)
		fresh->strand->ruled = 1;
	return fresh;
}

struct taskpool_job **tpi_shard_delayed(struct tpi_shard *shard, const struct tpi_strand *strand)
{
	if (strand->flags & TPI_STRAND_LOOSE)
		return &shard->delayed;
	return &tpi_rules_of(&shard->rules, strand)->delayed;
}

static void take_place(struct tpi_shard *shard, struct taskpool_job *handle)
{
	struct tpi_strand *strand = handle->strand;

	tpi_shard_cancel_timer(shard, &shard->entries, &handle->entry);
	tpi_delayed_remove(tpi_shard_delayed(shard, strand), handle);
	tpi_strand_append(strand, handle->job);
	if (strand->ruled)
		tpi_shard_settle_rule(shard, tpi_rules_of(&shard->rules, strand));
	tpi_shard_place(shard, strand);
	shard->news = true;
}

void tpi_shard_admit_delayed(struct tpi_shard *shard, int64_t now)
{
	while (tpi_timers_due(&shard->entries) <= now)
		take_place(shard, TPI_CONTAINER(shard->entries.first, struct taskpool_job, entry));
}

static void open_limited(struct tpi_shard *shard, int64_t now)
{
	while (tpi_timers_due(&shard->openings) <= now) {
		struct tpi_rule *rule = TPI_CONTAINER(shard->openings.first, struct tpi_rule, timer);

		tpi_shard_cancel_timer(shard, &shard->openings, &rule->timer);
		if (rule->strand == NULL) {
			tpi_shard_settle_rule(shard, rule);
		} else {
			tpi_shard_place(shard, rule->strand);
			shard->news = true;
		}
	}
}

void tpi_shard_refresh(struct tpi_shard *shard)
{
	/* Before the drain: what was submitted before this moment is in the ring by now. */
	int64_t now = shard->entries.first != NULL || shard->openings.first != NULL ? tpi_now() : 0;

	tpi_shard_drain(shard);
	if (now == 0)
		return;
	tpi_shard_admit_delayed(shard, now);
	open_limited(shard, now);
}

struct taskpool_job *tpi_shard_expired(struct tpi_shard *shard)
{
	if (shard->expiries.first == NULL || shard->expiries.first->due > tpi_now())
		return NULL;
	return TPI_CONTAINER(shard->expiries.first, struct taskpool_job, expiry);
}
