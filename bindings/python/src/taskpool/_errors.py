# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""The exceptions, and which error of the library becomes which."""

from __future__ import annotations

import concurrent.futures
import errno
import os
import queue
from typing import Any

from ._library import ffi, lib

SHUTDOWN = "cannot schedule new futures after shutdown"
FORKED = "the pool was left behind in the parent process"


class QueueFull(queue.Full):
    """No room for the job until ``_timeout`` was over. The job was not accepted. A queue.Full."""


class DeadlockError(RuntimeError):
    """A wait that could never end: for what waits for this job, or what no worker is left to run. A RuntimeError."""


class BrokenPool(concurrent.futures.BrokenExecutor):
    """The pool was made before a fork, and this is the child: its workers are in the parent. A BrokenExecutor."""


class JobExpired(TimeoutError):
    """The job did not run: it had not started when its ``_ttl`` was over. A TimeoutError."""


for _kind in (QueueFull, DeadlockError, BrokenPool, JobExpired):
    _kind.__module__ = "taskpool"  # as people import and read it


def error_of(code: int) -> BaseException:
    """The exception for what a call of the library returned."""
    text = ffi.string(lib.taskpool_strerror(code)).decode()
    if code == -errno.ECANCELED:
        return RuntimeError(SHUTDOWN)
    if code == -errno.EOWNERDEAD:
        return BrokenPool(FORKED)
    if code == -errno.EDEADLK:
        return DeadlockError(text)
    if code == -errno.ENOMEM:
        return MemoryError(text)
    if code in (-errno.EINVAL, -errno.ENAMETOOLONG):
        return ValueError(text)
    return OSError(-code, os.strerror(-code))


def check(code: Any) -> int:
    if code < 0:
        raise error_of(code)
    return int(code)
