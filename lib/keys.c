/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <limits.h>

#include "agenda.h"
#include "alloc.h"
#include "clock.h"
#include "evict.h"
#include "internal.h"
#include "key.h"

int tpi_key_enter(struct tpi_key *key, struct taskpool *pool, const void *bytes, size_t len)
{
	int error = tpi_pool_check(pool);

	if (error != 0)
		return error;
	if (bytes == NULL)
		return -EINVAL;
	if (len > TASKPOOL_KEY_MAX)
		return -ENAMETOOLONG;
	key->pool = pool;
	key->bytes = bytes;
	key->len = len;
	key->shard = &pool->shards[tpi_pool_home(pool, bytes, len, &key->tag)];
	tpi_lock_take(&key->shard->lock);
	tpi_shard_refresh(key->shard);
	key->strand = tpi_table_find(&key->shard->table, key->tag, bytes, len);
	return 0;
}

int tpi_key_leave(struct tpi_key *key, int result)
{
	tpi_crew_release(&key->pool->crew, key->shard);
	return result;
}

static struct tpi_rule *rule_of(const struct tpi_key *key)
{
	return tpi_rules_find(&key->shard->rules, key->tag, key->bytes, key->len);
}

/* After its rule has changed: the key may start, may not any more, or has nothing special any more. */
static void reconsider(struct tpi_key *key, struct tpi_rule *rule)
{
	tpi_shard_settle_rule(key->shard, rule);
	if (key->strand != NULL)
		tpi_shard_place(key->shard, key->strand);
	key->shard->news = true;
}

TPI_EXPORT int taskpool_key_cancel(struct taskpool *pool, const void *bytes, size_t len)
{
	struct tpi_eviction eviction;
	struct tpi_key key;
	bool found = false;
	int error = tpi_key_enter(&key, pool, bytes, len);

	if (error != 0)
		return error;
	if (key.strand != NULL && key.strand->state == TPI_STRAND_RUNNING)
		tpi_context_cancel(key.strand->runner->context);
	if (key.strand != NULL)
		found = tpi_evict_strand(&eviction, key.shard, key.strand, TASKPOOL_CANCELED);
	if (found)
		tpi_pool_hold(pool);
	tpi_key_leave(&key, 0);
	if (!found)
		return 0;
	if (!tpi_evict_end(&eviction, &pool->crew, pool))
		return -EOWNERDEAD;
	tpi_pool_drop(pool);
	return eviction.ended < INT_MAX ? (int)eviction.ended : INT_MAX;
}

/* Enters with a rule of the key, made if there is none. */
static int enter_with_rule(struct tpi_key *key, struct taskpool *pool, const void *bytes, size_t len,
			   struct tpi_rule **rule)
{
	struct tpi_rule *spare;
	uint64_t tag;
	int error = tpi_key_enter(key, pool, bytes, len);

	if (error != 0)
		return error;
	*rule = rule_of(key);
	if (*rule != NULL)
		return 0;
	tag = key->tag;
	tpi_key_leave(key, 0);
	spare = tpi_rule_new(tag, bytes, len);
	if (spare == NULL)
		return -ENOMEM;
	error = tpi_key_enter(key, pool, bytes, len);
	if (error == 0) {
		*rule = tpi_shard_rule(key->shard, &spare);
		if (*rule == NULL)
			error = tpi_key_leave(key, -ENOMEM);
	}
	tpi_release(spare);
	return error;
}

TPI_EXPORT int taskpool_key_pause(struct taskpool *pool, const void *bytes, size_t len)
{
	struct tpi_rule *rule;
	struct tpi_key key;
	int error = enter_with_rule(&key, pool, bytes, len, &rule);

	if (error != 0)
		return error;
	if (rule->pauses == UINT32_MAX)
		return tpi_key_leave(&key, -EINVAL);
	rule->pauses++;
	reconsider(&key, rule);
	return tpi_key_leave(&key, 0);
}

TPI_EXPORT int taskpool_key_resume(struct taskpool *pool, const void *bytes, size_t len)
{
	struct tpi_rule *rule;
	struct tpi_key key;
	int error = tpi_key_enter(&key, pool, bytes, len);

	if (error != 0)
		return error;
	rule = rule_of(&key);
	if (rule == NULL || rule->pauses == 0)
		return tpi_key_leave(&key, -EINVAL);
	rule->pauses--;
	reconsider(&key, rule);
	return tpi_key_leave(&key, 0);
}

/* Back to the pool's limit; if it was not at rest, as if a job had just started. */
static void lift(struct tpi_key *key, struct tpi_rule *rule)
{
	int64_t now = tpi_now();
	bool rests = tpi_rule_rests(rule, now) == 0;

	rule->limited = false;
	tpi_rule_limit(rule, key->shard->interval, key->shard->burst);
	if (!rests)
		tpi_rule_start(rule, now);
	reconsider(key, rule);
}

TPI_EXPORT int taskpool_key_limit(struct taskpool *pool, const void *bytes, size_t len, int64_t interval,
				  unsigned burst)
{
	struct tpi_rule *rule;
	struct tpi_key key;
	int error = tpi_pool_check(pool);

	if (error != 0)
		return error;
	if (interval < 0)
		return -EINVAL;
	if (interval == 0) {
		error = tpi_key_enter(&key, pool, bytes, len);
		if (error != 0)
			return error;
		rule = rule_of(&key);
		if (rule != NULL && rule->limited)
			lift(&key, rule);
		return tpi_key_leave(&key, 0);
	}
	error = enter_with_rule(&key, pool, bytes, len, &rule);
	if (error != 0)
		return error;
	rule->limited = true;
	tpi_rule_limit(rule, interval, burst != 0 ? burst : 1);
	reconsider(&key, rule);
	return tpi_key_leave(&key, 0);
}
