/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * One measurement, one process: no system inherits the heap, the threads or the caches of the one before, and one that
 * hangs or crashes loses its row only. The child, or the peer that it becomes, answers with one line on its standard
 * output: "ok" and the metrics, or "failed" and why.
 */
#include "bench.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

const char *bench_directory = ".";

_Noreturn void bench_fail(const char *what, const char *why)
{
	char line[256];
	int length = snprintf(line, sizeof(line), "failed %s: %s\n", what, why);

	/* No stdio: another thread may hold its lock. */
	_exit(write(STDOUT_FILENO, line, (size_t)length) < 0 ? 2 : 1);
}

static _Noreturn void become(const struct row *row, unsigned long jobs)
{
	char program[512], number[5][24];
	const struct cell *cell = &row->cell;

	snprintf(program, sizeof(program), "%s/%s", bench_directory, row->adapter->program);
	snprintf(number[0], sizeof(number[0]), "%u", cell->workers);
	snprintf(number[1], sizeof(number[1]), "%u", cell->keys);
	snprintf(number[2], sizeof(number[2]), "%u", cell->producers);
	snprintf(number[3], sizeof(number[3]), "%u", cell->capacity);
	snprintf(number[4], sizeof(number[4]), "%lu", jobs);
	execl(program, program, row->workload->name, number[0], number[1], number[2], number[3], number[4], (char *)NULL);
	bench_fail(program, strerror(errno));
}

static _Noreturn void measure(const struct row *row, unsigned long jobs)
{
	double metric[BENCH_METRICS] = { 0 };
	const char *why;
	char line[128];
	int length;

	if (row->adapter->program)
		become(row, jobs);
	why = row->workload->run(row->adapter, &row->cell, jobs, metric);
	if (why)
		bench_fail("check", why);
	length = snprintf(line, sizeof(line), "ok %.6g %.6g %.6g\n", metric[0], metric[1], metric[2]);
	_exit(write(STDOUT_FILENO, line, (size_t)length) < 0 ? 2 : 0);
}

/* Reads until the answer's end, the child's end, or the deadline. */
static void listen_to(int fd, int64_t deadline, char *answer, size_t size)
{
	size_t length = 0;

	while (length + 1 < size && !memchr(answer, '\n', length)) {
		struct pollfd readable = { fd, POLLIN, 0 };
		const int64_t left = (deadline - bench_now()) / 1000000;
		const int ready = left > 0 ? poll(&readable, 1, (int)left) : 0;
		ssize_t got;

		if (ready < 0 && errno == EINTR)
			continue;
		got = ready > 0 ? read(fd, answer + length, size - 1 - length) : 0;
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	answer[length] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
}

static void note(struct row *row, const char *answer, bool late)
{
	double metric[BENCH_METRICS];

	if (sscanf(answer, "ok %lf %lf %lf", &metric[0], &metric[1], &metric[2]) == BENCH_METRICS) {
		for (size_t i = 0; i < BENCH_METRICS; i++)
			row->metric[i][row->rounds] = metric[i];
		row->rounds++;
		return;
	}
	snprintf(row->failure, sizeof(row->failure), "%.95s", late ? "given up at the deadline" :
		*answer ? answer : "ended without an answer");
}

void bench_isolate(struct row *row, const struct options *options)
{
	const int64_t deadline = bench_now() + (int64_t)options->deadline * 1000000000;
	char answer[256] = "";
	int ends[2];
	pid_t child;

	fflush(NULL);
	if (pipe(ends) < 0 || (child = fork()) < 0) {
		snprintf(row->failure, sizeof(row->failure), "no process to measure in");
		return;
	}
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		measure(row, options->jobs);
	}
	close(ends[1]);
	listen_to(ends[0], deadline, answer, sizeof(answer));
	close(ends[0]);
	if (answer[0] == '\0')
		kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	note(row, answer, bench_now() >= deadline);
}
