/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "timer.h"

static bool comes_before(const struct tpi_timer *a, const struct tpi_timer *b)
{
	return a->due != b->due ? a->due < b->due : a->number < b->number;
}

/* Both are roots, or NULL. */
static struct tpi_timer *merge(struct tpi_timer *a, struct tpi_timer *b)
{
	struct tpi_timer *root = a, *child = b;

	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	if (comes_before(b, a)) {
		root = b;
		child = a;
	}
	child->before = root;
	child->next = root->child;
	if (root->child != NULL)
		root->child->before = child;
	root->child = child;
	return root;
}

/* Merges siblings in pairs from the left, then the pairs from the right: that is what bounds the cost. */
static struct tpi_timer *merge_siblings(struct tpi_timer *sibling)
{
	struct tpi_timer *pairs = NULL, *root = NULL;

	while (sibling != NULL) {
		struct tpi_timer *other = sibling->next, *rest = other != NULL ? other->next : NULL, *pair;

		sibling->next = sibling->before = NULL;
		if (other != NULL)
			other->next = other->before = NULL;
		pair = merge(sibling, other);
		pair->next = pairs;
		pairs = pair;
		sibling = rest;
	}
	while (pairs != NULL) {
		struct tpi_timer *rest = pairs->next;

		pairs->next = NULL;
		root = merge(root, pairs);
		pairs = rest;
	}
	return root;
}

void tpi_timer_set(struct tpi_timers *timers, struct tpi_timer *timer, int64_t due)
{
	if (due == TPI_NEVER)
		return;
	*timer = (struct tpi_timer){.due = due, .number = ++timers->last_number};
	timers->first = merge(timers->first, timer);
}

void tpi_timer_cancel(struct tpi_timers *timers, struct tpi_timer *timer)
{
	struct tpi_timer *orphans;

	if (timer->number == 0)
		return;
	orphans = merge_siblings(timer->child);
	if (timer->before == NULL) {
		timers->first = orphans;
	} else {
		if (timer->before->child == timer)
			timer->before->child = timer->next;
		else
			timer->before->next = timer->next;
		if (timer->next != NULL)
			timer->next->before = timer->before;
		timers->first = merge(timers->first, orphans);
	}
	timer->number = 0;
}
