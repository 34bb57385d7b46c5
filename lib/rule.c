/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "alloc.h"
#include "rule.h"

#define FEWEST_BUCKETS 8

struct tpi_rule *tpi_rule_new(uint64_t tag, const void *key, size_t len)
{
	struct tpi_rule *rule = tpi_alloc(sizeof(*rule) + len);

	if (rule == NULL)
		return NULL;
	memset(rule, 0, sizeof(*rule));
	rule->tag = tag;
	rule->key_len = (uint16_t)len;
	memcpy(rule->key, key, len);
	return rule;
}

static struct tpi_rule **bucket_of(const struct tpi_rules *rules, uint64_t tag)
{
	return &rules->buckets[tag & rules->mask];
}

static void put(struct tpi_rules *rules, struct tpi_rule *rule)
{
	struct tpi_rule **bucket = bucket_of(rules, rule->tag);

	rule->chain = *bucket;
	*bucket = rule;
}

static bool grow(struct tpi_rules *rules)
{
	struct tpi_rules old = *rules;
	uint64_t size = old.buckets != NULL ? (old.mask + 1) * 2 : FEWEST_BUCKETS;
	struct tpi_rule **buckets = tpi_alloc_zero(size, sizeof(struct tpi_rule *));

	if (buckets == NULL)
		return false;
	rules->buckets = buckets;
	rules->mask = size - 1;
	for (uint64_t i = 0; old.buckets != NULL && i <= old.mask; i++)
		for (struct tpi_rule *rule = old.buckets[i], *next; rule != NULL; rule = next) {
			next = rule->chain;
			put(rules, rule);
		}
	tpi_release(old.buckets);
	return true;
}

int tpi_rules_add(struct tpi_rules *rules, struct tpi_rule *rule)
{
	if ((rules->buckets == NULL || rules->count > rules->mask) && !grow(rules) && rules->buckets == NULL)
		return -ENOMEM;
	put(rules, rule);
	rules->count++;
	return 0;
}

void tpi_rules_remove(struct tpi_rules *rules, struct tpi_rule *rule)
{
	struct tpi_rule **link = bucket_of(rules, rule->tag);

	while (*link != rule)
		link = &(*link)->chain;
	*link = rule->chain;
	rules->count--;
	tpi_release(rule);
}

void tpi_rules_destroy(struct tpi_rules *rules)
{
	for (uint64_t i = 0; rules->count > 0 && i <= rules->mask; i++)
		while (rules->buckets[i] != NULL)
			tpi_rules_remove(rules, rules->buckets[i]);
	tpi_release(rules->buckets);
	rules->buckets = NULL;
}

struct tpi_rule *tpi_rules_find(const struct tpi_rules *rules, uint64_t tag, const void *key, size_t len)
{
	struct tpi_rule *rule = rules->count > 0 ? *bucket_of(rules, tag) : NULL;

	while (rule != NULL && (rule->tag != tag || rule->key_len != len || memcmp(rule->key, key, len) != 0))
		rule = rule->chain;
	return rule;
}

void tpi_rule_limit(struct tpi_rule *rule, int64_t interval, uint32_t burst)
{
	rule->interval = interval;
	rule->burst = rule->tokens = burst;
	rule->since = 0;
}

static void refill(struct tpi_rule *rule, int64_t now)
{
	int64_t given = rule->interval > 0 && now > rule->since ? (now - rule->since) / rule->interval : 0;

	if (given >= rule->burst - rule->tokens) {
		rule->tokens = rule->burst;
	} else {
		rule->tokens += (uint32_t)given;
		rule->since += given * rule->interval;
	}
}

/* TPI_NEVER is the end of time. */
static int64_t after(int64_t since, int64_t interval, uint32_t count)
{
	return count > 0 && interval > (TPI_NEVER - since) / count ? TPI_NEVER : since + interval * count;
}

int64_t tpi_rule_opens(struct tpi_rule *rule, int64_t now)
{
	if (rule->interval == 0)
		return 0;
	refill(rule, now);
	return rule->tokens > 0 ? 0 : after(rule->since, rule->interval, 1);
}

void tpi_rule_start(struct tpi_rule *rule, int64_t now)
{
	if (rule->interval == 0)
		return;
	refill(rule, now);
	if (rule->tokens == rule->burst)
		rule->since = now;
	rule->tokens -= rule->tokens > 0;
}

int64_t tpi_rule_rests(struct tpi_rule *rule, int64_t now)
{
	if (rule->interval == 0)
		return 0;
	refill(rule, now);
	return rule->tokens == rule->burst ? 0 : after(rule->since, rule->interval, rule->burst - rule->tokens);
}

void tpi_delayed_add(struct taskpool_job **list, struct taskpool_job *handle)
{
	handle->delayed = true;
	handle->prev = NULL;
	handle->next = *list;
	if (*list != NULL)
		(*list)->prev = handle;
	*list = handle;
}

void tpi_delayed_remove(struct taskpool_job **list, struct taskpool_job *handle)
{
	if (handle->prev != NULL)
		handle->prev->next = handle->next;
	else
		*list = handle->next;
	if (handle->next != NULL)
		handle->next->prev = handle->prev;
	handle->delayed = false;
}
