/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>

#include "clock.h"
#include "context.h"
#include "internal.h"

int tpi_context_init(struct taskpool_context *context, struct taskpool *pool, unsigned worker)
{
	int error;

	*context = (struct taskpool_context){.pool = pool, .worker = worker, .notify = TPI_NOTIFY_CLOSED};
	error = tpi_word_init(&context->canceled, 0);
	if (error != 0)
		return error;
	error = tpi_lock_init(&context->lock);
	if (error != 0)
		tpi_word_destroy(&context->canceled);
	return error;
}

void tpi_context_destroy(struct taskpool_context *context)
{
	tpi_lock_destroy(&context->lock);
	tpi_word_destroy(&context->canceled);
}

void tpi_context_begin(struct taskpool_context *context, const struct tpi_strand *strand)
{
	context->strand = strand;
}

void tpi_context_end(struct taskpool_context *context)
{
	context->strand = NULL;
	if (context->notify.read_fd < 0)
		return;
	tpi_lock_take(&context->lock);
	tpi_notify_close(&context->notify);
	tpi_lock_drop(&context->lock);
}

void tpi_context_cancel(struct taskpool_context *context)
{
	tpi_lock_take(&context->lock);
	/* Pairs with the load in taskpool_context_canceled. */
	atomic_store_explicit(&context->canceled.value, 1, memory_order_release);
	if (context->notify.read_fd >= 0)
		tpi_notify_set(&context->notify);
	tpi_lock_drop(&context->lock);
	tpi_word_wake(&context->canceled, TPI_WAKE_ALL);
}

TPI_EXPORT bool taskpool_context_canceled(const struct taskpool_context *context)
{
	/* Pairs with the store in tpi_context_cancel: the job sees what was done before it was told to stop. */
	return context != NULL && atomic_load_explicit(&context->canceled.value, memory_order_acquire) != 0;
}

TPI_EXPORT int taskpool_context_sleep(struct taskpool_context *context, int64_t duration)
{
	int64_t deadline;
	bool in_time = true;

	if (context == NULL || duration < 0)
		return -EINVAL;
	deadline = tpi_deadline(duration);
	while (!taskpool_context_canceled(context)) {
		if (!in_time || tpi_now() >= deadline)
			return 0;
		in_time = tpi_word_wait(&context->canceled, 0, deadline);
	}
	return -ECANCELED;
}

TPI_EXPORT int taskpool_context_fd(struct taskpool_context *context)
{
	int result;

	if (context == NULL)
		return -EINVAL;
	tpi_lock_take(&context->lock);
	result = context->notify.read_fd;
	if (result < 0) {
		result = tpi_notify_open(&context->notify);
		if (result == 0) {
			result = context->notify.read_fd;
			if (taskpool_context_canceled(context))
				tpi_notify_set(&context->notify);
		}
	}
	tpi_lock_drop(&context->lock);
	return result;
}

TPI_EXPORT const void *taskpool_context_key(const struct taskpool_context *context, size_t *len)
{
	const struct tpi_strand *strand = context != NULL ? context->strand : NULL;
	bool keyed = strand != NULL && !(strand->flags & TPI_STRAND_LOOSE);

	if (len != NULL)
		*len = keyed ? strand->key_len : 0;
	return keyed ? tpi_strand_key(strand) : NULL;
}

TPI_EXPORT struct taskpool *taskpool_context_pool(const struct taskpool_context *context)
{
	return context != NULL ? context->pool : NULL;
}

TPI_EXPORT unsigned taskpool_context_worker(const struct taskpool_context *context)
{
	return context != NULL ? context->worker : 0;
}

TPI_EXPORT void *taskpool_context_worker_data(const struct taskpool_context *context)
{
	return context != NULL ? context->data : NULL;
}
