/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The header alone, as C++17. Compiled, never run.
 */
#include <taskpool.h>

extern const struct taskpool_options header_options;
extern const struct taskpool_task header_task;
const struct taskpool_options header_options = TASKPOOL_OPTIONS_INIT;
const struct taskpool_task header_task = TASKPOOL_TASK_INIT;

/* Callbacks and calls have C linkage here too. */
static void run(struct taskpool_context *context, void *arg)
{
	static_cast<bool *>(arg)[0] = taskpool_context_canceled(context);
}

int header_submit(struct taskpool *pool, bool *canceled);

int header_submit(struct taskpool *pool, bool *canceled)
{
	struct taskpool_task task = TASKPOOL_TASK_INIT;

	task.run = run;
	task.arg = canceled;
	return taskpool_submit_task(pool, &task, nullptr);
}
