/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <string.h>

#include "growable.h"
#include "internal.h"
#include "pool.h"
#include "stats.h"

static void add_shard(struct taskpool *pool, struct taskpool_stats *sum, struct tpi_shard *shard)
{
	uint64_t accepted, left;

	tpi_lock_take(&shard->lock);
	tpi_shard_drain(shard);
	accepted = tpi_inbox_accepted(&shard->inbox);
	left = atomic_load_explicit(&shard->inbox.left, memory_order_relaxed);
	sum->submitted += accepted;
	sum->queued += accepted - left;
	sum->ran += shard->ended[TASKPOOL_RAN];
	sum->canceled += shard->ended[TASKPOOL_CANCELED];
	sum->expired += shard->ended[TASKPOOL_EXPIRED];
	sum->replaced += shard->ended[TASKPOOL_REPLACED];
	sum->overflow += shard->overflow;
	sum->peak_queued += shard->peak;
	sum->keys_active += shard->table.count;
	tpi_crew_release(&pool->crew, shard);
}

static void sum_shards(struct taskpool *pool, struct taskpool_stats *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < pool->options.workers; i++)
		add_shard(pool, sum, &pool->shards[i]);
	sum->running = sum->submitted - sum->queued - sum->ran - sum->canceled - sum->expired - sum->replaced;
}

TPI_EXPORT int taskpool_stats(struct taskpool *pool, struct taskpool_stats *stats)
{
	struct taskpool_stats sum;
	int error = tpi_pool_check(pool);

	if (error != 0)
		return error;
	if (stats == NULL)
		return -EINVAL;
	sum_shards(pool, &sum);
	for (unsigned i = 0; i < pool->options.workers; i++) {
		const struct tpi_meter *meter = &pool->workers[i].meter;

		sum.stolen += atomic_load_explicit(&meter->stolen, memory_order_relaxed);
		tpi_meter_sum(meter, sum.wait_time, sum.run_time);
	}
	sum.rejected = atomic_load_explicit(&pool->rejected, memory_order_relaxed);
	sum.blocked = atomic_load_explicit(&pool->blocked, memory_order_relaxed);
	sum.blocked_time = (int64_t)atomic_load_explicit(&pool->blocked_time, memory_order_relaxed);
	return tpi_growable_write(stats, &sum, sizeof(sum));
}

void tpi_stats_report(struct taskpool *pool, struct taskpool_report *report)
{
	struct taskpool_stats sum;
	struct taskpool_report known;

	sum_shards(pool, &sum);
	known = (struct taskpool_report){sizeof(known), sum.ran, sum.canceled, sum.expired, sum.replaced, sum.running};
	tpi_growable_write(report, &known, sizeof(known));
}

void tpi_stats_sums(struct taskpool *pool, uint64_t *wait_ns, uint64_t *run_ns)
{
	*wait_ns = *run_ns = 0;
	for (unsigned i = 0; i < pool->options.workers; i++) {
		const struct tpi_meter *meter = &pool->workers[i].meter;

		*wait_ns += atomic_load_explicit(&meter->wait_sum, memory_order_relaxed);
		*run_ns += atomic_load_explicit(&meter->run_sum, memory_order_relaxed);
	}
}

TPI_EXPORT int taskpool_worker_stats(struct taskpool *pool, unsigned worker, struct taskpool_worker_stats *stats)
{
	struct taskpool_worker_stats known = {sizeof(known), 0, 0, 0};
	struct tpi_shard *shard;
	int error = tpi_pool_check(pool);

	if (error != 0)
		return error;
	if (stats == NULL || worker >= pool->options.workers)
		return -EINVAL;
	known.ran = atomic_load_explicit(&pool->workers[worker].meter.ran, memory_order_relaxed);
	known.stolen = atomic_load_explicit(&pool->workers[worker].meter.stolen, memory_order_relaxed);
	shard = &pool->shards[worker];
	tpi_lock_take(&shard->lock);
	known.queued = tpi_inbox_accepted(&shard->inbox);
	known.queued -= atomic_load_explicit(&shard->inbox.left, memory_order_relaxed);
	tpi_lock_drop(&shard->lock);
	return tpi_growable_write(stats, &known, sizeof(known));
}
