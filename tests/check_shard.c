/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <string.h>

#include "agenda.h"
#include "crew.h"
#include "enter.h"
#include "suite.h"
#include "turn.h"

#define TURN 3

static struct tpi_shard shard;

static void start_shard(uint32_t capacity)
{
	const struct taskpool_options options = {.workers = 4, .queue_capacity = capacity, .key_turn = TURN};

	ck_assert_int_eq(tpi_shard_init(&shard, &options), 0);
}

static uint64_t tag = 7; /* one for all keys on purpose: they must be told apart by their bytes */

static void put(const char *key, uintptr_t value)
{
	struct tpi_record record = {.call = {nothing_job, NULL, (void *)value, 0}, .tag = tag};

	if (key != NULL)
		ck_assert(tpi_record_set_key(&record, key, strlen(key)));
	else
		record.flags = TPI_LOOSE;
	ck_assert_int_eq(tpi_inbox_put(&shard.inbox, &record), TPI_PUT_DONE);
}

static uintptr_t value_of(const struct tpi_turn *work)
{
	return (uintptr_t)work->call.arg;
}

static bool idlers;

static bool finish(struct tpi_turn *work)
{
	tpi_turn_end(&shard, work, -1);
	return tpi_turn_proceed(&shard, work, idlers);
}

START_TEST(a_running_key_is_not_taken_twice)
{
	struct tpi_turn first, second;

	start_shard(8);
	put("a", 1);
	put("a", 2);
	put("b", 3);
	ck_assert(tpi_turn_take(&shard, &first, true));
	ck_assert_uint_eq(value_of(&first), 1);
	ck_assert(tpi_turn_take(&shard, &second, true));
	ck_assert_uint_eq(value_of(&second), 3);
	put("a", 4);
	put("b", 5);
	ck_assert(!tpi_turn_take(&shard, &(struct tpi_turn){0}, true));
	ck_assert(finish(&first));
	ck_assert_uint_eq(value_of(&first), 2);
	ck_assert(finish(&second));
	ck_assert_uint_eq(value_of(&second), 5);
	ck_assert(finish(&first));
	ck_assert_uint_eq(value_of(&first), 4);
	ck_assert(!finish(&first));
	ck_assert(!finish(&second));
	ck_assert_uint_eq(shard.table.count, 0);
	ck_assert_uint_eq(tpi_shard_unended(&shard), 0);
	tpi_shard_destroy(&shard);
}
END_TEST

START_TEST(a_turn_ends_when_another_key_is_ready)
{
	struct tpi_turn work;

	start_shard(16);
	for (uintptr_t i = 0; i < 2 * TURN; i++)
		put("hot", i);
	ck_assert(tpi_turn_take(&shard, &work, false));
	put("cold", 100);
	for (uintptr_t i = 1; i < TURN; i++) {
		ck_assert(finish(&work));
		ck_assert_uint_eq(value_of(&work), i);
	}
	ck_assert(!finish(&work));
	ck_assert(tpi_turn_take(&shard, &work, false));
	ck_assert_uint_eq(value_of(&work), 100);
	ck_assert(!finish(&work));
	for (uintptr_t i = TURN; i < 2 * TURN; i++) {
		ck_assert(i == TURN ? tpi_turn_take(&shard, &work, false) : finish(&work));
		ck_assert_uint_eq(value_of(&work), i);
	}
	ck_assert(!finish(&work));
	tpi_shard_destroy(&shard);
}
END_TEST

START_TEST(a_key_alone_goes_on_past_its_turn)
{
	struct tpi_turn work;

	start_shard(16);
	for (uintptr_t i = 0; i < 4 * TURN; i++)
		put("only", i);
	ck_assert(tpi_turn_take(&shard, &work, false));
	for (uintptr_t i = 1; i < 4 * TURN; i++) {
		ck_assert(finish(&work));
		ck_assert_uint_eq(value_of(&work), i);
	}
	ck_assert(!finish(&work));
	tpi_shard_destroy(&shard);
}
END_TEST

/* A searcher that looks while jobs without a key are left must never see `ready` at 0. */
START_TEST(jobs_without_a_key_stay_on_offer_while_one_runs)
{
	struct tpi_turn work[3];

	start_shard(8);
	for (uintptr_t i = 0; i < 3; i++)
		put(NULL, i);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(i == 0 || tpi_shard_promising(&shard));
		ck_assert(tpi_turn_take(&shard, &work[i], false));
		ck_assert_uint_eq(value_of(&work[i]), i);
	}
	ck_assert(!tpi_shard_promising(&shard));
	for (unsigned i = 0; i < 3; i++)
		ck_assert(!finish(&work[i]));
	tpi_shard_destroy(&shard);
}
END_TEST

START_TEST(an_announcement_lasts_until_the_key_is_let_go)
{
	struct tpi_turn work;

	start_shard(8);
	put("a", 1);
	ck_assert(!tpi_shard_announces(&shard, 7));
	ck_assert(tpi_turn_take(&shard, &work, true));
	ck_assert(tpi_shard_announces(&shard, 7));
	put("a", 2); /* such a submit wakes nobody: proceed must find it */
	ck_assert(finish(&work));
	ck_assert_uint_eq(value_of(&work), 2);
	ck_assert(tpi_shard_announces(&shard, 7));
	ck_assert(!finish(&work));
	ck_assert(!tpi_shard_announces(&shard, 7));
	tpi_shard_destroy(&shard);
}
END_TEST

static void put_tagged(const char *key, uintptr_t value, uint64_t its_tag)
{
	tag = its_tag;
	put(key, value);
}

/*
 * The submitter of "q" stands before its offer. "k" was submitted after it, and woke nobody since "k" was announced: it
 * counts on that offer, which the announcement of "q" would call off.
 */
START_TEST(a_key_is_not_announced_while_others_count_on_its_offer)
{
	struct tpi_turn turn;

	start_shard(8);
	put_tagged("k", 1, 5);
	ck_assert(tpi_turn_take(&shard, &turn, true));
	ck_assert(tpi_shard_announces(&shard, 5));
	put_tagged("q", 2, 6);
	tpi_shard_drain(&shard);
	put_tagged("k", 3, 5);
	tpi_turn_end(&shard, &turn, -1);
	if (!tpi_turn_proceed(&shard, &turn, true))
		ck_assert(tpi_turn_take(&shard, &turn, true));
	ck_assert(value_of(&turn) == 2);
	ck_assert(!tpi_shard_announces(&shard, 6));
	ck_assert(tpi_shard_promising(&shard));
	tpi_shard_destroy(&shard);
}
END_TEST

START_TEST(a_key_that_runs_on_is_announced_once_somebody_idles)
{
	struct tpi_turn work;

	start_shard(8);
	for (uintptr_t i = 0; i < 2 * TURN; i++)
		put("a", i);
	ck_assert(tpi_turn_take(&shard, &work, false));
	ck_assert(!tpi_shard_announces(&shard, 7));
	idlers = true;
	for (unsigned i = 1; i < 2 * TURN; i++)
		ck_assert(finish(&work));
	ck_assert(tpi_shard_announces(&shard, 7));
	ck_assert(!finish(&work));
	ck_assert(!tpi_shard_announces(&shard, 7));
	tpi_shard_destroy(&shard);
}
END_TEST

START_TEST(a_waiter_counts_the_jobs_of_its_moment)
{
	struct tpi_gathering gathering;
	struct tpi_waiter waiter = {.gathering = &gathering};
	struct tpi_turn work;

	start_shard(8);
	ck_assert_int_eq(tpi_gathering_init(&gathering), 0);
	put("a", 1);
	ck_assert(tpi_turn_take(&shard, &work, false));
	put("a", 2);
	tpi_shard_drain(&shard);
	tpi_shard_watch(&shard, &waiter, tpi_shard_unended(&shard));
	tpi_gathering_part(&gathering);
	put("a", 3);
	ck_assert_uint_eq(waiter.remaining, 2);
	ck_assert(finish(&work));
	ck_assert(!tpi_gathering_wait(&gathering, 1));
	ck_assert(finish(&work));
	ck_assert(tpi_gathering_wait(&gathering, 1)); /* 3 runs, and does not matter */
	ck_assert(!finish(&work));
	tpi_shard_unwatch(&shard, &waiter);
	tpi_gathering_destroy(&gathering);
	tpi_shard_destroy(&shard);
}
END_TEST

static struct tpi_strand *strand_named(const char *key)
{
	return tpi_table_find(&shard.table, 7, key, strlen(key));
}

/* With all locks, as the library does it. */
static unsigned evict(struct tpi_crew *crew, struct tpi_strand *strand)
{
	struct tpi_eviction eviction;

	tpi_lock_take(&shard.lock);
	ck_assert(tpi_evict_strand(&eviction, &shard, strand, TASKPOOL_CANCELED));
	tpi_crew_release(crew, &shard);
	ck_assert(tpi_evict_end(&eviction, crew, NULL));
	return eviction.ended;
}

START_TEST(a_halted_shard_starts_nothing_and_gives_up_all_that_waits)
{
	struct tpi_turn work;
	struct tpi_crew crew = {0};

	start_shard(8);
	ck_assert_int_eq(tpi_crew_init(&crew, &shard, 1, false), 0);
	put("a", 0);
	ck_assert(tpi_turn_take(&shard, &work, false));
	put("a", 1);
	put("a", 2);
	put("b", 3);
	put(NULL, 4);
	shard.halted = true;
	ck_assert(!tpi_turn_take(&shard, &(struct tpi_turn){0}, true));
	ck_assert_uint_eq(evict(&crew, strand_named("a")), 2);
	ck_assert_uint_eq(evict(&crew, strand_named("b")), 1);
	ck_assert_uint_eq(evict(&crew, &shard.loose), 1);
	ck_assert_uint_eq(shard.table.count, 1); /* the running one's */
	ck_assert(!finish(&work));
	ck_assert_uint_eq(shard.table.count, 0);
	ck_assert_uint_eq(tpi_shard_unended(&shard), 0);
	tpi_crew_destroy(&crew, false);
	tpi_shard_destroy(&shard);
}
END_TEST

static enum tpi_put enter(struct tpi_record *record, bool past_bound)
{
	struct tpi_entry entry = {.record = record, .key_capacity = UINT_MAX};
	enum tpi_put result;

	ck_assert(tpi_entry_prepare(&entry, past_bound, false));
	result = tpi_shard_enter(&shard, &entry);
	tpi_entry_release(&entry);
	return result;
}

START_TEST(what_comes_past_the_bound_keeps_its_place)
{
	struct tpi_record record = {.call = {nothing_job, NULL, (void *)3, 0}, .tag = 7};
	struct tpi_turn work;

	start_shard(2);
	put("a", 1);
	put("a", 2);
	ck_assert(tpi_record_set_key(&record, "a", 1));
	ck_assert_int_eq(enter(&record, false), TPI_PUT_FULL);
	ck_assert_int_eq(enter(&record, true), TPI_PUT_DONE);
	ck_assert_uint_eq(shard.overflow, 1);
	ck_assert(tpi_turn_take(&shard, &work, false));
	for (uintptr_t i = 2; i <= 3; i++) {
		ck_assert(finish(&work));
		ck_assert_uint_eq(value_of(&work), i);
	}
	ck_assert(!finish(&work));
	tpi_shard_destroy(&shard);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_running_key_is_not_taken_twice,
		a_turn_ends_when_another_key_is_ready,
		a_key_alone_goes_on_past_its_turn,
		jobs_without_a_key_stay_on_offer_while_one_runs,
		an_announcement_lasts_until_the_key_is_let_go,
		a_key_is_not_announced_while_others_count_on_its_offer,
		a_key_that_runs_on_is_announced_once_somebody_idles,
		a_waiter_counts_the_jobs_of_its_moment,
		a_halted_shard_starts_nothing_and_gives_up_all_that_waits,
		what_comes_past_the_bound_keeps_its_place,
		NULL,
	};

	return run_suite("shard", tests, NULL);
}
