/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What handles, delays, ttls and limits cost: processor time of the whole process per operation, so that a loaded
 * machine disturbs little. Each figure is the least of some repetitions.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <taskpool.h>

#define JOBS 100000
#define KEYS 10000
#define REPETITIONS 5
#define HOUR INT64_C(3600000000000)

static struct taskpool *pool;
static int repetitions;
static struct taskpool_job *handles[JOBS];
static unsigned jobs = JOBS;

static void nothing(struct taskpool_context *context, void *arg)
{
	(void)context, (void)arg;
}

static void must(int result)
{
	if (result < 0) {
		fprintf(stderr, "features: %s\n", taskpool_strerror(result));
		exit(1);
	}
}

static int64_t processor_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void start_pool(void)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;

	options.workers = 1;
	options.queue_capacity = 2 * JOBS;
	must(taskpool_new_with(&pool, &options));
	must(taskpool_start(pool));
}

static void submit(unsigned i, unsigned keys, int64_t delay, int64_t ttl, struct taskpool_job **job)
{
	struct taskpool_task task = TASKPOOL_TASK_INIT;
	char key[16];

	task.key = key;
	task.key_len = (size_t)snprintf(key, sizeof(key), "%u", i % keys);
	task.run = nothing;
	task.delay = delay;
	task.ttl = ttl;
	must(taskpool_submit_task(pool, &task, job));
}

/* Each does JOBS operations on a started pool. What comes before begin() is not counted. */
static int64_t begun;

static void begin(void)
{
	begun = processor_time();
}

static void plain(void)
{
	begin();
	for (unsigned i = 0; i < jobs; i++)
		submit(i, 64, 0, 0, NULL);
	must(taskpool_wait(pool, TASKPOOL_FOREVER));
}

static void with_handle(void)
{
	begin();
	for (unsigned i = 0; i < jobs; i++) {
		submit(i, 64, 0, 0, &handles[0]);
		taskpool_job_unref(handles[0]);
	}
	must(taskpool_wait(pool, TASKPOOL_FOREVER));
}

static void with_ttl(void)
{
	begin();
	for (unsigned i = 0; i < jobs; i++)
		submit(i, 64, 0, HOUR, NULL);
	must(taskpool_wait(pool, TASKPOOL_FOREVER));
}

static void delay_all(int64_t delay)
{
	for (unsigned i = 0; i < jobs; i++)
		submit(i, KEYS, delay + (i * 7919u) % jobs, 0, &handles[i]);
}

static void unref_all(void)
{
	for (unsigned i = 0; i < jobs; i++)
		taskpool_job_unref(handles[i]);
}

static void submit_delayed(void)
{
	begin();
	delay_all(HOUR);
	unref_all();
}

static void cancel_delayed(void)
{
	delay_all(HOUR);
	begin();
	for (unsigned i = 0; i < jobs; i++)
		must(taskpool_job_cancel(handles[(i * 7919u) % jobs]));
	unref_all();
}

static void run_delayed(void)
{
	delay_all(200000000);
	begin();
	must(taskpool_wait(pool, TASKPOOL_FOREVER));
	unref_all();
}

static void plain_beside_delayed(void)
{
	delay_all(HOUR);
	begin();
	for (unsigned i = 0; i < jobs; i++)
		must(taskpool_submit(pool, "plain", nothing, NULL));
	must(taskpool_key_wait(pool, "plain", 5, TASKPOOL_FOREVER));
	unref_all();
}

/* 10,000 keys, each with 10 jobs that may start every two milliseconds. */
static void limited(void)
{
	char key[16];

	for (unsigned i = 0; i < KEYS; i++) {
		size_t length = (size_t)snprintf(key, sizeof(key), "%u", i);

		must(taskpool_key_limit(pool, key, length, 2000000, 1));
	}
	begin();
	for (unsigned i = 0; i < jobs; i++)
		submit(i, KEYS, 0, 0, NULL);
	must(taskpool_wait(pool, TASKPOOL_FOREVER));
}

static void pause_and_resume(void)
{
	begin();
	for (unsigned i = 0; i < jobs; i++) {
		must(taskpool_key_pause(pool, "key", 3));
		must(taskpool_key_resume(pool, "key", 3));
	}
}

static void measure(const char *name, void (*operation)(void))
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < repetitions; i++) {
		int64_t took;

		start_pool();
		operation();
		took = processor_time() - begun;
		least = took < least ? took : least;
		taskpool_free(pool);
	}
	printf("%-58s %6.0f\n", name, (double)least / jobs);
}

/* usage: features [--small]: once, and few, to see that it works */
int main(int argc, char **argv)
{
	(void)argv;
	repetitions = argc > 1 ? 1 : REPETITIONS;
	jobs = argc > 1 ? JOBS / 50 : JOBS;
	printf("%-58s %6s\n", "processor time, submitter and worker together", "ns");
	measure("a plain job, 64 keys", plain);
	measure("a job with a handle", with_handle);
	measure("a job with a ttl", with_ttl);
	measure("submit of a delayed job, up to 100,000 pending", submit_delayed);
	measure("cancel of a delayed job, of 100,000 in any order", cancel_delayed);
	measure("a delayed job that becomes due, and runs, of 100,000", run_delayed);
	measure("a plain job beside 100,000 delayed ones", plain_beside_delayed);
	measure("a job of one of 10,000 limited keys", limited);
	measure("pause and resume of an idle key", pause_and_resume);
	return 0;
}
