/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <poll.h>

#include "clock.h"
#include "lock.h"
#include "notify.h"
#include "suite.h"
#include "word.h"

static struct tpi_word word;

static void *sleep_on_word(void *arg)
{
	while (atomic_load(&word.value) == 0)
		tpi_word_wait(&word, 0, TPI_NEVER);
	tally_add(arg);
	return NULL;
}

START_TEST(a_change_wakes_all_who_sleep)
{
	pthread_t threads[4];
	struct tally awake;

	tally_init(&awake);
	ck_assert_int_eq(tpi_word_init(&word, 0), 0);
	for (unsigned i = 0; i < LENGTH(threads); i++)
		threads[i] = spawn(sleep_on_word, &awake);
	atomic_store(&word.value, 1);
	tpi_word_wake(&word, TPI_WAKE_ALL);
	tally_wait(&awake, LENGTH(threads));
	for (unsigned i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	tpi_word_destroy(&word);
}
END_TEST

START_TEST(a_wait_ends_with_its_deadline_and_not_before)
{
	int64_t deadline = tpi_deadline(20 * MILLISECOND);

	ck_assert_int_eq(tpi_word_init(&word, 0), 0);
	ck_assert(!tpi_word_wait(&word, 0, 1)); /* long over */
	while (tpi_word_wait(&word, 0, deadline))
		ck_assert_int_lt(tpi_now(), deadline + DEADLINE);
	ck_assert_int_ge(tpi_now(), deadline);
	ck_assert(tpi_word_wait(&word, 5, TPI_NEVER)); /* the value is another: no sleep */
	tpi_word_destroy(&word);
}
END_TEST

START_TEST(deadlines_saturate)
{
	ck_assert_int_eq(tpi_deadline(-1), TPI_NEVER);
	ck_assert_int_eq(tpi_deadline(INT64_MIN), TPI_NEVER);
	ck_assert_int_eq(tpi_deadline(INT64_MAX), TPI_NEVER);
	ck_assert_int_gt(tpi_deadline(0), 0);
}
END_TEST

static struct tpi_lock lock;
static unsigned long guarded; /* not atomic: TSan sees a lock that does not lock */

static void *count_up(void *arg)
{
	for (unsigned i = 0; i < 20000; i++) {
		if (arg != NULL && i % 2 != 0)
			while (!tpi_lock_try(&lock))
				;
		else
			tpi_lock_take(&lock);
		guarded++;
		tpi_lock_drop(&lock);
	}
	return NULL;
}

START_TEST(a_lock_excludes)
{
	pthread_t threads[4];

	ck_assert_int_eq(tpi_lock_init(&lock), 0);
	for (unsigned i = 0; i < LENGTH(threads); i++)
		threads[i] = spawn(count_up, i == 0 ? &lock : NULL);
	for (unsigned i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(guarded, 20000 * LENGTH(threads));
	ck_assert(tpi_lock_try(&lock));
	ck_assert(!tpi_lock_try(&lock));
	tpi_lock_drop(&lock);
	tpi_lock_destroy(&lock);
}
END_TEST

START_TEST(a_notification_is_readable_once_set_and_closes)
{
	unsigned before = count_fds();
	struct tpi_notify notify = TPI_NOTIFY_CLOSED;
	struct pollfd poller = {.events = POLLIN};

	ck_assert_int_eq(tpi_notify_open(&notify), 0);
	poller.fd = notify.read_fd;
	ck_assert_int_eq(poll(&poller, 1, 0), 0);
	for (unsigned i = 0; i < 3; i++)
		tpi_notify_set(&notify);
	ck_assert_int_eq(poll(&poller, 1, 0), 1);
	tpi_notify_close(&notify);
	tpi_notify_close(&notify);
	ck_assert_uint_eq(count_fds(), before);
}
END_TEST

START_TEST(there_is_a_processor)
{
	ck_assert_uint_ge(tpi_processors(), 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_change_wakes_all_who_sleep,
		a_wait_ends_with_its_deadline_and_not_before,
		deadlines_saturate,
		a_lock_excludes,
		a_notification_is_readable_once_set_and_closes,
		there_is_a_processor,
		NULL,
	};

	return run_suite("platform", tests, NULL);
}
