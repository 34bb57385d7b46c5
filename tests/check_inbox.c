/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "inbox.h"
#include "suite.h"

static struct tpi_record record_of(uintptr_t value)
{
	return (struct tpi_record){.call = {nothing_job, NULL, (void *)value, 0}};
}

static enum tpi_put put(struct tpi_inbox *inbox, uintptr_t value)
{
	struct tpi_record record = record_of(value);

	return tpi_inbox_put(inbox, &record);
}

static void start_inbox(struct tpi_inbox *inbox, uint32_t capacity)
{
	*inbox = (struct tpi_inbox){0};
	ck_assert_int_eq(tpi_inbox_init(inbox, capacity), 0);
}

static void end_inbox(struct tpi_inbox *inbox)
{
	tpi_inbox_destroy(inbox);
	tpi_inbox_retire(inbox);
}

/* What the holder of the shard's lock does, for one record. */
static uintptr_t drain_one(struct tpi_inbox *inbox)
{
	uint32_t position = inbox->drained;
	uintptr_t value;

	expect(tpi_inbox_pending(inbox));
	value = (uintptr_t)inbox->ring[position & inbox->mask].call.arg;
	inbox->drained = (position + 1) & TPI_POSITIONS;
	return value;
}

START_TEST(records_come_out_as_they_went_in)
{
	struct tpi_inbox inbox;

	start_inbox(&inbox, 4);
	ck_assert(!tpi_inbox_pending(&inbox));
	for (uintptr_t i = 0; i < 100; i += 3) {
		for (uintptr_t j = i; j < i + 3; j++)
			ck_assert_int_eq(put(&inbox, j), TPI_PUT_DONE);
		for (uintptr_t j = i; j < i + 3; j++)
			ck_assert_uint_eq(drain_one(&inbox), j);
		inbox.left += 3;
	}
	ck_assert(!tpi_inbox_pending(&inbox));
	end_inbox(&inbox);
}
END_TEST

START_TEST(the_capacity_bounds_what_has_not_left)
{
	struct tpi_inbox inbox;

	start_inbox(&inbox, 3);
	for (uintptr_t i = 0; i < 3; i++)
		ck_assert_int_eq(put(&inbox, i), TPI_PUT_DONE);
	ck_assert_int_eq(put(&inbox, 9), TPI_PUT_FULL);
	drain_one(&inbox);
	ck_assert_int_eq(put(&inbox, 9), TPI_PUT_FULL); /* it waits elsewhere now */
	inbox.left = 1;
	ck_assert_int_eq(put(&inbox, 9), TPI_PUT_DONE);
	ck_assert_int_eq(put(&inbox, 9), TPI_PUT_FULL);
	ck_assert_int_eq(tpi_inbox_admit(&inbox, false), TPI_PUT_FULL);
	ck_assert_int_eq(tpi_inbox_admit(&inbox, true), TPI_PUT_DONE);
	ck_assert_uint_eq(tpi_inbox_accepted(&inbox), 5);
	end_inbox(&inbox);
}
END_TEST

START_TEST(a_ring_smaller_than_the_queue_asks_to_be_drained)
{
	struct tpi_inbox inbox;
	uintptr_t count = 0;

	start_inbox(&inbox, 1u << 20);
	while (put(&inbox, count) == TPI_PUT_DONE)
		count++;
	ck_assert_uint_eq(count, inbox.mask + 1);
	ck_assert_int_eq(put(&inbox, count), TPI_PUT_CROWDED);
	ck_assert_uint_eq(tpi_inbox_accepted(&inbox), count);
	ck_assert_uint_eq(drain_one(&inbox), 0);
	ck_assert_int_eq(put(&inbox, count), TPI_PUT_DONE);
	ck_assert_int_eq(put(&inbox, count), TPI_PUT_CROWDED);
	end_inbox(&inbox);
}
END_TEST

START_TEST(a_closed_inbox_refuses_everything)
{
	struct tpi_inbox inbox;

	start_inbox(&inbox, 3);
	tpi_inbox_close(&inbox);
	ck_assert_int_eq(put(&inbox, 1), TPI_PUT_CLOSED);
	ck_assert_int_eq(tpi_inbox_admit(&inbox, true), TPI_PUT_CLOSED);
	ck_assert(!tpi_inbox_pending(&inbox));
	end_inbox(&inbox);
}
END_TEST

/* Positions have 30 bits: the ring goes on when they begin again. */
START_TEST(positions_wrap_around)
{
	struct tpi_inbox inbox;

	start_inbox(&inbox, 8);
	atomic_store(&inbox.word.value, (TPI_POSITIONS - 2) << 2);
	inbox.drained = inbox.drained_seen = TPI_POSITIONS - 2;
	for (uintptr_t i = 0; i < 8; i++)
		ck_assert_int_eq(put(&inbox, i), TPI_PUT_DONE);
	for (uintptr_t i = 0; i < 8; i++)
		ck_assert_uint_eq(drain_one(&inbox), i);
	ck_assert(!tpi_inbox_pending(&inbox));
	end_inbox(&inbox);
}
END_TEST

#define PRODUCERS 4
#define EACH 5000

static struct tpi_inbox shared;

static void *produce(void *arg)
{
	for (uintptr_t i = 0; i < EACH; i++)
		while (put(&shared, (uintptr_t)arg << 32 | i) != TPI_PUT_DONE)
			pause_shortly();
	return NULL;
}

START_TEST(producers_lose_nothing_and_keep_their_order)
{
	uintptr_t next[PRODUCERS] = {0};
	pthread_t threads[PRODUCERS];

	start_inbox(&shared, 64);
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		threads[i] = spawn(produce, (void *)i);
	for (unsigned i = 0; i < PRODUCERS * EACH; i++) {
		uintptr_t value;

		while (!tpi_inbox_pending(&shared))
			;
		value = (uintptr_t)shared.ring[shared.drained & shared.mask].call.arg;
		expect((value & 0xffffffff) == next[value >> 32]++);
		atomic_store_explicit(&shared.drained, (shared.drained + 1) & TPI_POSITIONS, memory_order_release);
		atomic_store_explicit(&shared.left, shared.left + 1, memory_order_release);
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert(!tpi_inbox_pending(&shared));
	ck_assert_uint_eq(tpi_inbox_accepted(&shared), PRODUCERS * EACH);
	end_inbox(&shared);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		records_come_out_as_they_went_in, the_capacity_bounds_what_has_not_left,
		a_ring_smaller_than_the_queue_asks_to_be_drained, a_closed_inbox_refuses_everything,
		positions_wrap_around, producers_lose_nothing_and_keep_their_order, NULL,
	};

	return run_suite("inbox", tests, NULL);
}
