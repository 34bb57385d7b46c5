/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "thread.h"

#define NAME_MAX_BYTES 15

static void name_thread(pthread_t thread, const char *name, unsigned number)
{
#ifdef HAVE_PTHREAD_SETNAME_NP
	char text[NAME_MAX_BYTES + 1], suffix[12];
	int length = snprintf(suffix, sizeof(suffix), "-%u", number);

	snprintf(text, sizeof(text), "%.*s%s", NAME_MAX_BYTES - length, name, suffix);
	pthread_setname_np(thread, text);
#else
	(void)thread, (void)name, (void)number;
#endif
}

/* A thread inherits the mask of the one that makes it, so there is no moment at which it could take a signal. */
static void block_signals(sigset_t *saved)
{
	static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
	sigset_t mask;

	sigfillset(&mask);
	for (size_t i = 0; i < sizeof(synchronous) / sizeof(synchronous[0]); i++)
		sigdelset(&mask, synchronous[i]);
	pthread_sigmask(SIG_SETMASK, &mask, saved);
}

int tpi_thread_start(pthread_t *thread, void *(*main)(void *), void *arg, size_t stack_size, const char *name,
		     unsigned number)
{
	pthread_attr_t attributes;
	sigset_t saved;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return -error;
	if (stack_size != 0)
		error = pthread_attr_setstacksize(&attributes, stack_size);
	if (error == 0) {
		block_signals(&saved);
		error = pthread_create(thread, &attributes, main, arg);
		pthread_sigmask(SIG_SETMASK, &saved, NULL);
	}
	pthread_attr_destroy(&attributes);
	if (error == 0)
		name_thread(*thread, name, number);
	return -error;
}
