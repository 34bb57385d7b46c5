# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""The jobs that have not ended, by number, and what the library calls for them."""

from __future__ import annotations

import itertools
from concurrent.futures._base import CANCELLED_AND_NOTIFIED, FINISHED, PENDING, RUNNING
from typing import TYPE_CHECKING, Any, Optional

from ._context import contexts, release_context
from ._errors import JobExpired
from ._future import ending, keep_interrupt
from ._library import ffi, lib, settle

if TYPE_CHECKING:
    from ._pool import TaskPool

# The only references to jobs that are not the callers'. One that waits is (future or Post, fn, args, kwargs, pool), one
# that runs the future or Post alone. No number is used twice.
jobs: dict[int, Any] = {}
next_number = itertools.count(1).__next__


class Post:
    """Stands for the future of a job that was posted."""

    __slots__ = ("_pool", "_key", "_state")
    _monitor = False  # the end is told to somebody

    def __init__(self, pool: TaskPool, key: Optional[bytes]) -> None:
        self._pool = pool
        self._key = key

    def _settle(self, state: str, result: Any = None, exception: Optional[BaseException] = None) -> None:
        if exception is None or isinstance(exception, JobExpired):
            return
        report = self._pool.on_error
        try:
            if report is not None:
                report(exception, self._key)
        except BaseException as error:
            lib.taskpool_py_unraisable(id(error))
        if report is None:
            lib.taskpool_py_unraisable(id(exception))

    def _break(self) -> None:
        pass


def job_of(entry: Any) -> Any:
    """The future or Post of an entry of the table."""
    return entry[0] if isinstance(entry, tuple) else entry


def _lost(kind: Any, exception: BaseException, traceback: Any) -> Optional[int]:
    """A callback failed itself: no memory, or a signal handler raised something while the main thread ended a job."""
    if traceback is None:
        return None
    frame = traceback.tb_frame
    entry = jobs.pop(frame.f_locals["number"], None)
    if entry is not None:
        if frame.f_code.co_name == "taskpool_py_run":
            job_of(entry)._settle(FINISHED, None, exception)
            release_context()
        else:
            job_of(entry)._settle(CANCELLED_AND_NOTIFIED)
    keep_interrupt(exception)
    return 0


@ffi.def_extern(error=-1, onerror=_lost)
def taskpool_py_run(number: int) -> int:
    """Runs the job, on a worker. When its end is told nothing here refers to what it was called with.

    Returns 0; below, after an error of its own, the library's handle is left to who may have it.
    """
    try:
        job, fn, args, kwargs, pool = jobs[number]
    except KeyError:  # its submit was interrupted
        return 0
    jobs[number] = job
    job._state = RUNNING
    try:
        result = fn(*args, **kwargs) if kwargs else fn(*args)
    except BaseException as error:
        fn = args = kwargs = None
        job._settle(FINISHED, None, error)
        job = pool = None  # the traceback holds this frame
    else:
        fn = args = kwargs = None
        if job._monitor is not None or not settle(job, FINISHED, result, None):
            job._settle(FINISHED, result)
    jobs.pop(number, None)
    if contexts:
        release_context()
    return 0


@ffi.def_extern(error=-1, onerror=_lost)
def taskpool_py_end(number: int, outcome: int) -> int:
    """It will not run. Returns as taskpool_py_run does."""
    try:
        job = jobs[number] = jobs[number][0]
    except KeyError:
        return 0
    job._state = PENDING
    ending.depth = getattr(ending, "depth", 0) + 1
    try:
        if outcome == lib.TASKPOOL_EXPIRED:
            job._settle(FINISHED, None, JobExpired("the job had not started in time"))
        else:
            job._settle(CANCELLED_AND_NOTIFIED)
    finally:
        ending.depth -= 1
    jobs.pop(number, None)
    return 0
