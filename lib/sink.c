/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "sink.h"

/* What keeps a thread from being canceled or killed by what it does to the file: its caller holds a lock. */
struct shield {
	sigset_t mask;
	int cancelable;
};

static void shield(struct shield *shield)
{
	sigset_t fatal;

	sigemptyset(&fatal);
	sigaddset(&fatal, SIGPIPE);
	sigaddset(&fatal, SIGXFSZ);
	pthread_sigmask(SIG_BLOCK, &fatal, &shield->mask);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &shield->cancelable);
}

/* A pipe without a reader, or a file as large as it may be, is an error like any other: its signal goes no further. */
static void swallow(int number)
{
	sigset_t set;

	sigpending(&set);
	if (!sigismember(&set, number))
		return;
	sigemptyset(&set);
	sigaddset(&set, number);
	sigwait(&set, &number);
}

static void unshield(const struct shield *shield, int error)
{
	if (error == -EPIPE)
		swallow(SIGPIPE);
	if (error == -EFBIG)
		swallow(SIGXFSZ);
	pthread_sigmask(SIG_SETMASK, &shield->mask, NULL);
	pthread_setcancelstate(shield->cancelable, NULL);
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written == 0)
			return -EIO;
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
	}
	return 0;
}

static void flush(struct tpi_sink *sink)
{
	struct shield how;

	if (sink->error == 0) {
		shield(&how);
		sink->error = write_all(sink->fd, sink->buffer, sink->used);
		unshield(&how, sink->error);
	}
	sink->used = 0;
}

int tpi_sink_open(struct tpi_sink *sink, const char *path)
{
	struct shield how;
	int fd, error;

	shield(&how);
	do
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	while (fd < 0 && errno == EINTR);
	error = fd < 0 ? -errno : 0;
	unshield(&how, error);
	if (error != 0)
		return error;
	sink->fd = fd;
	sink->error = 0;
	sink->used = 0;
	/* Release: a child whose fork comes in between must not see the mark before the descriptor. */
	atomic_store_explicit(&sink->open, true, memory_order_release);
	return 0;
}

void tpi_sink_put(struct tpi_sink *sink, const char *bytes, size_t length)
{
	assert(tpi_sink_is_open(sink) && length <= TPI_SINK_BYTES);
	if (length > TPI_SINK_BYTES - sink->used)
		flush(sink);
	memcpy(sink->buffer + sink->used, bytes, length);
	sink->used += length;
}

int tpi_sink_close(struct tpi_sink *sink)
{
	struct shield how;

	flush(sink);
	/* First, so that a child of a fork in between leaves the descriptor alone, whosever it is by then. */
	atomic_store_explicit(&sink->open, false, memory_order_relaxed);
	shield(&how);
	if (close(sink->fd) < 0 && errno != EINTR && sink->error == 0)
		sink->error = -errno;
	unshield(&how, 0);
	return sink->error;
}

void tpi_sink_forget(struct tpi_sink *sink)
{
	if (tpi_sink_is_open(sink))
		close(sink->fd);
	atomic_store_explicit(&sink->open, false, memory_order_relaxed);
}
