/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * A program of somebody else: it has the installed library and nothing of this tree. installed.sh builds it.
 */
#include <stdio.h>
#include <string.h>

#include <taskpool.h>

static void add(struct taskpool_context *context, void *arg)
{
	(void)context;
	++*(int *)arg; /* one key: no lock needed */
}

int main(void)
{
	struct taskpool *pool;
	int sum = 0;

	if (strcmp(taskpool_version(), TASKPOOL_VERSION) != 0)
		return 1;
	if (taskpool_new(&pool, 2) != 0 || taskpool_start(pool) != 0)
		return 1;
	for (int i = 0; i < 1000; i++)
		if (taskpool_submit(pool, "key", add, &sum) != 0)
			return 1;
	if (taskpool_wait(pool, TASKPOOL_FOREVER) != 0)
		return 1;
	taskpool_free(pool);
	printf("%d\n", sum);
	return sum == 1000 ? 0 : 1;
}
