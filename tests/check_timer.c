/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "rule.h"
#include "suite.h"
#include "timer.h"

#define COUNT 500

static struct tpi_timer timer[COUNT];

static unsigned draw(unsigned below)
{
	static unsigned state = 1;

	state = state * 1103515245 + 12345;
	return (state >> 16) % below;
}

/* Takes all out, and checks that none comes before an earlier one; equal ones in the order of their setting. */
static unsigned take_all(struct tpi_timers *timers)
{
	struct tpi_timer last = {0};
	unsigned taken = 0;

	for (; timers->first != NULL; taken++) {
		struct tpi_timer *first = timers->first;

		ck_assert(last.due < first->due || (last.due == first->due && last.number < first->number));
		last = *first;
		tpi_timer_cancel(timers, first);
		ck_assert_uint_eq(first->number, 0);
	}
	return taken;
}

START_TEST(timers_come_in_their_order)
{
	struct tpi_timers timers = {0};

	for (unsigned round = 0; round < 200; round++) {
		unsigned set = 0;

		for (unsigned i = 0; i < COUNT; i++) {
			timer[i] = (struct tpi_timer){0};
			tpi_timer_set(&timers, &timer[i], 1 + draw(100));
		}
		for (unsigned i = 0; i < COUNT; i++) /* some go before their time, some of these twice */
			tpi_timer_cancel(&timers, &timer[draw(COUNT)]);
		for (unsigned i = 0; i < COUNT; i++)
			set += timer[i].number != 0;
		ck_assert_uint_lt(set, COUNT);
		ck_assert_uint_eq(take_all(&timers), set);
		ck_assert_int_eq(tpi_timers_due(&timers), TPI_NEVER);
	}
}
END_TEST

START_TEST(never_is_not_set)
{
	struct tpi_timers timers = {0};
	struct tpi_timer never = {0};

	tpi_timer_set(&timers, &never, TPI_NEVER);
	ck_assert_ptr_null(timers.first);
	tpi_timer_cancel(&timers, &never);
}
END_TEST

static unsigned starts_until(struct tpi_rule *rule, int64_t end, int64_t step)
{
	unsigned starts = 0;

	for (int64_t now = 1; now <= end; now += step)
		while (tpi_rule_opens(rule, now) == 0) {
			tpi_rule_start(rule, now);
			starts++;
		}
	return starts;
}

START_TEST(a_limit_allows_its_burst_and_then_one_per_interval)
{
	struct tpi_rule rule = {0};

	tpi_rule_limit(&rule, 100, 3);
	ck_assert_uint_eq(starts_until(&rule, 1, 1), 3);
	ck_assert_int_eq(tpi_rule_rests(&rule, 1), 301);
	tpi_rule_limit(&rule, 100, 3);
	ck_assert_uint_eq(starts_until(&rule, 1000, 1), 3 + 9);
	tpi_rule_limit(&rule, 100, 3);
	ck_assert_uint_eq(starts_until(&rule, 1001, 1000), 3 + 3); /* a rest fills the burst, and no more */
}
END_TEST

START_TEST(an_endless_interval_never_opens_again)
{
	struct tpi_rule rule = {0};

	for (uint32_t burst = 1; burst < 5; burst++) {
		tpi_rule_limit(&rule, INT64_MAX - burst, burst);
		ck_assert_uint_eq(starts_until(&rule, 10, 1), burst);
		ck_assert_int_gt(tpi_rule_opens(&rule, 10), 10);
		ck_assert_int_gt(tpi_rule_rests(&rule, 10), 10);
	}
	tpi_rule_limit(&rule, INT64_MAX, UINT32_MAX);
	tpi_rule_start(&rule, 1);
	tpi_rule_start(&rule, 1);
	ck_assert_int_eq(tpi_rule_opens(&rule, 2), 0);
	ck_assert_int_eq(tpi_rule_rests(&rule, 2), TPI_NEVER);
}
END_TEST

START_TEST(rules_are_found_by_their_exact_keys)
{
	struct tpi_rules rules = {0};
	char key[16];

	for (int i = 0; i < COUNT; i++) {
		snprintf(key, sizeof(key), "%d", i);
		ck_assert_int_eq(tpi_rules_add(&rules, tpi_rule_new((uint64_t)i % 7, key, strlen(key))), 0);
	}
	for (int i = 0; i < COUNT; i++) {
		struct tpi_rule *rule;

		snprintf(key, sizeof(key), "%d", i);
		rule = tpi_rules_find(&rules, (uint64_t)i % 7, key, strlen(key));
		ck_assert_ptr_nonnull(rule);
		ck_assert_ptr_null(tpi_rules_find(&rules, (uint64_t)i % 7, key, strlen(key) + 1));
		if (i % 2)
			tpi_rules_remove(&rules, rule);
	}
	ck_assert_uint_eq(rules.count, COUNT / 2);
	ck_assert_ptr_null(tpi_rules_find(&rules, 1, "1", 1));
	tpi_rules_destroy(&rules);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		timers_come_in_their_order,
		never_is_not_set,
		a_limit_allows_its_burst_and_then_one_per_interval,
		an_endless_interval_never_opens_again,
		rules_are_found_by_their_exact_keys,
		NULL,
	};

	return run_suite("timer", tests, NULL);
}
