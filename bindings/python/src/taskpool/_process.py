# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""What happens to pools when the interpreter exits, or forks."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from . import _context
from ._jobs import job_of, jobs
from ._library import lib

if TYPE_CHECKING:
    from ._pool import TaskPool

pools: weakref.WeakSet[TaskPool] = weakref.WeakSet()
_exiting = False
_lock = threading.RLock()  # a signal handler may come meanwhile


def enroll(pool: TaskPool) -> None:
    """Before the start of a pool."""
    with _lock:
        if _exiting:
            raise RuntimeError("cannot start a pool after interpreter shutdown")
        pools.add(pool)


def _exit() -> None:
    """Drains all pools, as the standard library does. Ctrl-C cancels what waits."""
    global _exiting
    with _lock:
        _exiting = True
    try:
        for pool in list(pools):
            pool.shutdown()
    except KeyboardInterrupt:
        for pool in list(pools):
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in list(pools):
            pool.stop()
        raise
    while lib.taskpool_py_attached() > 0:  # of pools that were collected by their own last job
        time.sleep(0.001)


def _forked() -> None:
    """In the child, where no other thread is."""
    global _exiting, _lock
    _exiting, _lock = False, threading.RLock()
    lib.taskpool_py_forked()
    _context.forked()
    for pool in list(pools):
        pool._forked()
    pools.clear()
    for entry in list(jobs.values()):
        job_of(entry)._break()
    jobs.clear()


# Before the threads of the program are joined, and like them before the interpreter's end, where it can be had.
_at_exit: Any = getattr(threading, "_register_atexit", atexit.register)
_at_exit(_exit)
os.register_at_fork(after_in_child=_forked)
