/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include "waiter.h"

int tpi_gathering_init(struct tpi_gathering *gathering)
{
	atomic_init(&gathering->open, 1);
	return tpi_word_init(&gathering->done, 0);
}

void tpi_gathering_destroy(struct tpi_gathering *gathering)
{
	tpi_word_destroy(&gathering->done);
}

void tpi_gathering_part(struct tpi_gathering *gathering)
{
	/* Every part's work is visible to the one that finds itself the last. */
	if (atomic_fetch_sub_explicit(&gathering->open, 1, memory_order_acq_rel) != 1)
		return;
	/* Pairs with the load in tpi_gathering_over. */
	atomic_store_explicit(&gathering->done.value, 1, memory_order_release);
	tpi_word_wake(&gathering->done, TPI_WAKE_ALL);
}

bool tpi_gathering_wait(struct tpi_gathering *gathering, int64_t deadline)
{
	bool in_time = true;

	while (!tpi_gathering_over(gathering)) {
		if (!in_time)
			return false;
		in_time = tpi_word_wait(&gathering->done, 0, deadline);
	}
	return true;
}
