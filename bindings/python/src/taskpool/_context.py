# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""What a job can ask about itself while it runs."""

from __future__ import annotations

import errno
from _thread import get_ident
from typing import Any, Optional

from ._errors import check
from ._library import ffi, lib
from ._time import nanoseconds

# By thread: those that were asked for and whose job runs.
contexts: dict[int, Context] = {}


class Context:
    """What a job can ask about itself: ``taskpool.current()``. Of use on the job's thread, until the job returns.

    Attributes:
        key: The job's key, bytes; None without one.
        worker: The number of the worker, from 0.
    """

    __slots__ = ("_pointer", "_thread", "key", "worker")

    #: The job's key; None without one.
    key: Optional[bytes]
    #: The number of the worker, from 0.
    worker: int

    def __init__(self, pointer: Any) -> None:
        length = ffi.new("size_t *")
        key = lib.taskpool_context_key(pointer, length)
        self._pointer = pointer
        self._thread = get_ident()
        self.key = ffi.buffer(key, length[0])[:] if key else None
        self.worker = lib.taskpool_context_worker(pointer)

    def _live(self) -> Any:
        if self._pointer is None:
            raise RuntimeError("the job has ended")
        if self._thread != get_ident():
            raise RuntimeError("a context belongs to the thread of its job")
        return self._pointer

    @property
    def canceled(self) -> bool:
        """Whether the job was told to stop: by its future, its key, or a stop of the pool.

        Raises:
            RuntimeError: The job has ended, or this is another thread.
        """
        return bool(lib.taskpool_context_canceled(self._live()))

    def sleep(self, seconds: float) -> bool:
        """Sleeps, and holds the worker.

        Args:
            seconds: How long.

        Returns:
            True; False as soon as the job is told to stop.

        Raises:
            ValueError: seconds is negative.
            RuntimeError: The job has ended, or this is another thread.
        """
        code = lib.taskpool_context_sleep(self._live(), nanoseconds(seconds, "seconds"))
        return code != -errno.ECANCELED and check(code) == 0


def current() -> Optional[Context]:
    """The context of the job that this thread runs.

    Returns:
        A Context; None outside of jobs, and in callbacks of a job that ends without having run.
    """
    pointer = lib.taskpool_current()
    if not pointer:
        return None
    context = contexts.get(get_ident())
    if context is None:
        context = contexts[get_ident()] = Context(pointer)
    return context


def release_context() -> None:
    """At the end of each job."""
    if contexts:
        context = contexts.pop(get_ident(), None)
        if context is not None:
            context._pointer = None


def forked() -> None:
    """In a child: the contexts are the parent's."""
    for context in contexts.values():
        context._pointer = None
    contexts.clear()
