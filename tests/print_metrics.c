/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Prints the metrics of a pool that has done a bit of everything; metrics.sh has them judged.
 *
 * usage: print_metrics [NAME]    of the pool
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

static void sleep_a_bit(struct taskpool_context *context, void *arg)
{
	(void)arg;
	taskpool_context_sleep(context, 3 * MILLISECOND);
}

static void work(struct taskpool *pool)
{
	static struct gate gate;
	char key[32];

	gate_init(&gate);
	expect(taskpool_submit(pool, "gate", gate_job, &gate) == 0);
	tally_wait(&gate.entered, 1);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "%u", i % 7);
		expect(taskpool_submit(pool, key, i % 50 ? nothing_job : sleep_a_bit, NULL) == 0);
	}
	while (submit_timed(pool, "gate", nothing_job, NULL, 0) == 0)
		;
	expect(taskpool_wait(pool, 0) == -ETIMEDOUT);
	gate_open(&gate);
}

int main(int argc, char **argv)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct taskpool *pool;
	char *text;
	int length;

	options.workers = 3;
	options.name = argc > 1 ? argv[1] : NULL;
	expect(taskpool_new_with(&pool, &options) == 0 && taskpool_start(pool) == 0);
	work(pool);
	length = taskpool_metrics(pool, NULL, 0) + 1000; /* some more in case that numbers grow meanwhile */
	expect(length > 1000);
	text = malloc((size_t)length);
	expect(text != NULL && taskpool_metrics(pool, text, (size_t)length) < length);
	taskpool_free(pool);
	fputs(text, stdout);
	free(text);
	return 0;
}
