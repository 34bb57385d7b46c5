/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "growable.h"
#include "internal.h"
#include "options.h"

static const struct taskpool_options default_options = TASKPOOL_OPTIONS_INIT;
static const struct taskpool_task default_task = TASKPOOL_TASK_INIT;

TPI_EXPORT void taskpool_options_init(struct taskpool_options *options, size_t size)
{
	if (options == NULL || size < sizeof(size_t))
		return;
	options->size = size;
	tpi_growable_write(options, &default_options, sizeof(default_options));
}

TPI_EXPORT void taskpool_task_init(struct taskpool_task *task, size_t size)
{
	if (task == NULL || size < sizeof(size_t))
		return;
	task->size = size;
	tpi_growable_write(task, &default_task, sizeof(default_task));
}

static void fill_in(struct taskpool_options *options)
{
	long least = sysconf(_SC_THREAD_STACK_MIN);

	if (options->workers == 0)
		options->workers = 8;
	if (options->queue_capacity == 0)
		options->queue_capacity = 100;
	if (options->key_capacity == 0)
		options->key_capacity = UINT_MAX;
	if (options->key_turn == 0)
		options->key_turn = 16;
	if (options->key_burst == 0)
		options->key_burst = 1;
	if (options->name == NULL)
		options->name = "taskpool";
	if (options->stack_size != 0 && least > 0 && options->stack_size < (size_t)least)
		options->stack_size = (size_t)least;
}

int tpi_options_read(struct taskpool_options *options, const struct taskpool_options *caller)
{
	int error = 0;

	*options = default_options;
	if (caller != NULL)
		error = tpi_growable_read(options, sizeof(*options), caller);
	if (error != 0)
		return error;
	if (options->workers > TPI_WORKERS_MAX || options->queue_capacity > TPI_CAPACITY_MAX)
		return -EINVAL;
	if (options->placement > TASKPOOL_PINNED || options->hash > TASKPOOL_HASH_SIPHASH)
		return -EINVAL;
	if (options->key_interval < 0 || options->flags & ~(unsigned)(TASKPOOL_MANUAL | TASKPOOL_STRICT))
		return -EINVAL;
	fill_in(options);
	return 0;
}

int tpi_task_read(struct taskpool_task *task, const struct taskpool_task *caller)
{
	int error;

	if (caller == NULL)
		return -EINVAL;
	*task = default_task;
	error = tpi_growable_read(task, sizeof(*task), caller);
	if (error != 0)
		return error;
	if (task->run == NULL || task->flags & ~(unsigned)TASKPOOL_REPLACE || task->delay < 0 || task->ttl < 0)
		return -EINVAL;
	if (task->key == NULL && (task->key_len != 0 || task->flags & TASKPOOL_REPLACE))
		return -EINVAL;
	if (task->key_len > TASKPOOL_KEY_MAX)
		return -ENAMETOOLONG;
	return 0;
}
