/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <errno.h>

#include <taskpool.h>

#include "internal.h"

TPI_EXPORT const char *taskpool_strerror(int error)
{
	switch (error) {
	case 0: return "Success.";
	case -EINVAL: return "An argument is not valid.";
	case -ENAMETOOLONG: return "The key is longer than TASKPOOL_KEY_MAX bytes.";
	case -E2BIG: return "A struct asks for something that this version of the library does not know.";
	case -EAGAIN: return "There is no room, or no thread to be had, at the moment.";
	case -ETIMEDOUT: return "The time is over.";
	case -ECANCELED: return "The pool is stopping or stopped, or the job was told to stop.";
	case -EALREADY: return "That has happened already.";
	case -EDEADLK: return "The wait could never end.";
	case -EBUSY: return "The job is running; it was told to stop.";
	case -EOWNERDEAD: return "The pool belongs to the parent process; its workers do not exist in this one.";
	case -ENOMEM: return "There is not enough memory.";
	case -EMFILE: return "This process has too many open files.";
	case -ENFILE: return "The system has too many open files.";
	case -ENOTSUP: return "This version of the library does not support that.";
	default: return "An error that the library does not name.";
	}
}

TPI_EXPORT const char *taskpool_version(void)
{
	return TASKPOOL_VERSION;
}
