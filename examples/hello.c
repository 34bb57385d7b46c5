/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <stdio.h>
#include <taskpool.h>

struct note { const char *user, *text; };

static void notify(struct taskpool_context *context, void *arg)
{
	const struct note *note = arg;

	printf("worker %u to %s: %s\n", taskpool_context_worker(context), note->user, note->text);
}

int main(void)
{
	static struct note notes[] = { { "ann", "order received" }, { "bob", "welcome" }, { "ann", "order paid" },
		{ "bob", "your password was changed" }, { "ann", "order sent" } };
	struct taskpool *pool;

	if (taskpool_new(&pool, 4) < 0 || taskpool_start(pool) < 0)
		return 1;
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		taskpool_submit(pool, notes[i].user, notify, &notes[i]); /* in order per user */
	taskpool_wait(pool, TASKPOOL_FOREVER);
	taskpool_free(pool);
	return 0;
}
