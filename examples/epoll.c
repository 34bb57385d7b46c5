/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * A pool without threads in a loop of epoll(7). The loop's thread runs the jobs, so nothing here needs a lock. A timer
 * takes orders; each is a job, and asks for a second one when the meal will be ready. The pool's descriptor is readable
 * while a job is ready, also when a delay is over: no thread waits for a meal.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <taskpool.h>

#define MILLISECOND 1000000
#define ORDERS 6

static int served;

static void say(const struct taskpool_context *context, const char *text)
{
	size_t len;
	const char *table = taskpool_context_key(context, &len);

	printf("%.*s %s\n", (int)len, table, text);
}

static void serve(struct taskpool_context *context, void *arg)
{
	(void)arg;
	say(context, "eats");
	served++;
}

static void order(struct taskpool_context *context, void *arg)
{
	struct taskpool_task meal = TASKPOOL_TASK_INIT;

	(void)arg;
	say(context, "orders");
	meal.key = taskpool_context_key(context, &meal.key_len);
	meal.run = serve;
	meal.delay = 25 * MILLISECOND;
	taskpool_submit_task(taskpool_context_pool(context), &meal, NULL);
}

/* An order for each time that the timer has rung; returns how many were taken by now. */
static int take_orders(struct taskpool *pool, int timer, int taken)
{
	static const char *const tables[] = { "table 1", "table 2", "table 3" };
	uint64_t rings;

	if (read(timer, &rings, sizeof(rings)) != sizeof(rings))
		return taken;
	for (; rings > 0 && taken < ORDERS; rings--)
		taskpool_submit(pool, tables[taken++ % 3], order, NULL);
	return taken;
}

/* Turns until all orders were taken and each job has ended, delayed ones too. */
static void loop(struct taskpool *pool, int epoll, int timer)
{
	struct epoll_event event;
	int taken = 0;

	while (taken < ORDERS || taskpool_wait(pool, 0) == -ETIMEDOUT) {
		if (epoll_wait(epoll, &event, 1, -1) < 1)
			continue;
		if (event.data.fd == timer)
			taken = take_orders(pool, timer, taken);
		else
			taskpool_run(pool, 0, 0);
	}
}

static int watch(int epoll, int fd)
{
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.fd = fd });
}

int main(void)
{
	const struct itimerspec every = { { 0, 10 * MILLISECOND }, { 0, 10 * MILLISECOND } };
	struct taskpool_options options = TASKPOOL_OPTIONS_INIT;
	int epoll = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), fd;
	struct taskpool *pool;

	options.flags = TASKPOOL_MANUAL;
	if (taskpool_new_with(&pool, &options) < 0 || taskpool_start(pool) < 0)
		return 1;
	fd = taskpool_fd(pool);
	if (fd < 0)
		printf("no descriptor: %s\n", taskpool_strerror(fd));
	else if (timerfd_settime(timer, 0, &every, NULL) < 0 || watch(epoll, timer) < 0 || watch(epoll, fd) < 0)
		perror("epoll");
	else
		loop(pool, epoll, timer);
	taskpool_free(pool);
	close(timer);
	close(epoll);
	return fd == -ENOTSUP ? 77 : served == ORDERS ? 0 : 1;
}
