# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Many jobs at once."""

from __future__ import annotations

import errno
import itertools
import time
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Optional

from ._errors import SHUTDOWN, error_of
from ._future import Future, new_future
from ._jobs import jobs, next_number
from ._library import ffi, lib
from ._options import Key, key_of
from ._time import SLICE

if TYPE_CHECKING:
    from ._pool import TaskPool


def _submit_many(
    pool: TaskPool, fn: Callable[..., Any], items: list[tuple[Any, ...]], keys: list[Optional[bytes]],
    futures: list[Future[Any]],
) -> None:
    """Submits in order, waiting for room. Those that were accepted have a handle, also after an exception."""
    numbers = [next_number() for _ in futures]
    lengths = [-1 if key is None else len(key) for key in keys]
    done = 0
    try:
        jobs.update((number, (future, fn, args, None, pool)) for number, future, args in zip(numbers, futures, items))
        while done < len(futures):
            handles = ffi.new("intptr_t[]", len(futures) - done)
            try:
                error = lib.taskpool_py_submit_many(
                    pool._pool, len(handles), numbers[done:], b"".join(key or b"" for key in keys[done:]),
                    lengths[done:], SLICE, handles,
                )
            finally:
                for future, handle in zip(futures[done:], itertools.takewhile(bool, handles)):
                    done += 1
                    future._job = handle
            if error == -errno.ETIMEDOUT:
                pool._tried_again()
            elif error < 0:
                raise error_of(error)
            if pool._closed and done < len(futures):
                raise RuntimeError(SHUTDOWN)
    finally:
        for number in numbers[done:]:
            jobs.pop(number, None)


def _next(futures: list[Future[Any]], deadline: Optional[float]) -> Any:
    result = futures[-1].result(None if deadline is None else deadline - time.monotonic())
    futures.pop()
    return result


def _results(futures: list[Future[Any]], deadline: Optional[float]) -> Iterator[Any]:
    futures.reverse()
    try:
        while futures:
            yield _next(futures, deadline)
    finally:
        futures.reverse()  # the last one first, so that none starts because the one before it is told to stop
        while futures:
            futures.pop().cancel()


def map_jobs(
    pool: TaskPool,
    fn: Callable[..., Any],
    iterables: tuple[Iterable[Any], ...],
    key: Optional[Callable[..., Key]],
    chunksize: int,
    timeout: Optional[float],
) -> Iterator[Any]:
    deadline = None if timeout is None else time.monotonic() + timeout
    futures: list[Future[Any]] = []
    items = zip(*iterables)
    try:
        while chunk := list(itertools.islice(items, chunksize)):
            keys = [None if key is None else key_of(key(*args)) for args in chunk]
            fresh = [new_future() for _ in chunk]
            futures += fresh
            _submit_many(pool, fn, chunk, keys, fresh)
    except BaseException:
        while futures:
            futures.pop().cancel()
        raise
    return _results(futures, deadline)
