/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Threads submit, one thread runs. The pool is a handle of an event loop, as it would be in libuv (uv_poll_t), GLib or
 * libevent; the loop below stands for theirs. All jobs run on the thread of the loop, so they may touch what belongs to
 * it: a window, an interpreter, or, here, counters without a lock.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <taskpool.h>

/* ---- An event loop: descriptors, and what to call when they are readable ---- */

struct loop;

struct handle {
	int fd;
	void (*readable)(struct loop *loop, struct handle *handle);
};

struct loop {
	struct handle *handles[8];
	nfds_t count;
};

static void loop_add(struct loop *loop, struct handle *handle)
{
	loop->handles[loop->count++] = handle;
}

static void loop_remove(struct loop *loop, const struct handle *handle)
{
	nfds_t i = 0;

	while (loop->handles[i] != handle)
		i++;
	loop->handles[i] = loop->handles[--loop->count];
}

/* Turns until no handle is left. A handle may remove itself: those that take its place were called before. */
static void loop_run(struct loop *loop)
{
	struct pollfd fds[8];

	while (loop->count > 0) {
		for (nfds_t i = 0; i < loop->count; i++)
			fds[i] = (struct pollfd){ .fd = loop->handles[i]->fd, .events = POLLIN };
		if (poll(fds, loop->count, -1) < 1)
			continue;
		for (nfds_t i = loop->count; i-- > 0;)
			if (fds[i].revents)
				loop->handles[i]->readable(loop, loop->handles[i]);
	}
}

/* ---- The program: two sensors, each a thread, whose readings are shown on the loop's thread ---- */

#define READINGS 1000

static struct sensor {
	const char *name;
	struct reading { struct sensor *sensor; int number; } readings[READINGS];
	pthread_t thread;
	int shown;
} sensors[] = { { .name = "temperature" }, { .name = "pressure" } };

static struct taskpool *pool;
static pthread_t window; /* the thread to which `shown` belongs */
static int done[2];      /* a pipe: a byte from each sensor that is done */
static int mistakes;

static void show(struct taskpool_context *context, void *arg)
{
	const struct reading *reading = arg;

	(void)context;
	if (!pthread_equal(pthread_self(), window) || reading->number != reading->sensor->shown++)
		mistakes++;
}

/* Waits for room when the loop is slower. */
static void *measure(void *arg)
{
	struct sensor *sensor = arg;

	for (int i = 0; i < READINGS; i++) {
		sensor->readings[i] = (struct reading){ sensor, i };
		taskpool_submit(pool, sensor->name, show, &sensor->readings[i]);
	}
	if (write(done[1], "", 1) != 1)
		abort();
	return NULL;
}

/* Some jobs per turn, lest other handles wait for all of them. */
static void jobs_ready(struct loop *loop, struct handle *handle)
{
	taskpool_run(pool, 16, 0);
	if (loop->count == 1 && taskpool_wait(pool, 0) == 0) /* the last handle, and nothing left to run */
		loop_remove(loop, handle);
}

static void show_end(struct taskpool_context *context, void *arg)
{
	(void)context;
	(void)arg;
	puts("both sensors are done");
}

static void sensor_done(struct loop *loop, struct handle *handle)
{
	static int count;
	char byte;

	if (read(handle->fd, &byte, 1) == 1 && ++count == 2) {
		loop_remove(loop, handle);
		taskpool_submit(pool, NULL, show_end, NULL);
	}
}

int main(void)
{
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	struct handle jobs = { .readable = jobs_ready }, ends = { .readable = sensor_done };
	struct loop loop = { .count = 0 };

	options.flags = TASKPOOL_MANUAL;
	if (pipe(done) < 0 || taskpool_new_with(&pool, &options) < 0 || taskpool_start(pool) < 0)
		return 1;
	jobs.fd = taskpool_fd(pool);
	if (jobs.fd < 0) {
		printf("no descriptor: %s\n", taskpool_strerror(jobs.fd));
		taskpool_free(pool);
		return jobs.fd == -ENOTSUP ? 77 : 1;
	}
	ends.fd = done[0];
	loop_add(&loop, &jobs);
	loop_add(&loop, &ends);
	window = pthread_self();
	for (int i = 0; i < 2; i++)
		if (pthread_create(&sensors[i].thread, NULL, measure, &sensors[i]) != 0)
			return 1;
	loop_run(&loop);
	for (int i = 0; i < 2; i++)
		pthread_join(sensors[i].thread, NULL);
	printf("%d and %d readings, %d mistakes\n", sensors[0].shown, sensors[1].shown, mistakes);
	taskpool_free(pool);
	return mistakes == 0 && sensors[0].shown + sensors[1].shown == 2 * READINGS ? 0 : 1;
}
