# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Executors of the standard library's kind that submit to a pool, under one key or none."""

from __future__ import annotations

import concurrent.futures as cf
from concurrent.futures._base import PENDING
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar

from ._errors import SHUTDOWN, check
from ._future import Future, end_jobs, new_future
from ._jobs import job_of, jobs
from ._library import ffi, lib
from ._options import count_of
from ._time import NONE, nanoseconds, timeout_of, wait_sliced

if TYPE_CHECKING:
    from ._pool import TaskPool

T = TypeVar("T")


class PoolExecutor(cf.Executor):
    """A concurrent.futures.Executor that submits jobs without a key: ``pool.executor``."""

    def __init__(self, pool: TaskPool, key: Optional[bytes] = None) -> None:
        self._pool = pool
        self._key = key
        self._closed = False

    def submit(  # type: ignore[override]
        self,
        fn: Callable[..., T],
        /,
        *args: Any,
        _delay: float = NONE,
        _ttl: float = NONE,
        _timeout: Optional[float] = None,
        **kwargs: Any,
    ) -> Future[T]:
        """As ``TaskPool.submit``, under the key of this executor.

        Raises:
            RuntimeError: This object, or the pool, was shut down.
            QueueFull, BrokenPool, TypeError, ValueError, MemoryError: As ``TaskPool.submit``.
        """
        if self._closed:
            raise RuntimeError(SHUTDOWN)
        future = new_future()
        future._owner = self
        self._pool._enter(future, self._key, fn, args, kwargs, _delay, _ttl, _timeout)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Closes this object: further submits to it are refused. The pool, and other objects of the key, go on.

        Args:
            wait: Wait for the jobs that were submitted to this object, or of a KeyExecutor for all jobs of its key.
            cancel_futures: Cancel those of this object that wait.

        Raises:
            DeadlockError: In a job that this waits for.
        """
        self._closed = True
        mine = [job for job in map(job_of, list(jobs.values())) if isinstance(job, Future) and job._owner is self]
        if cancel_futures:
            for future in mine:
                if future._state == PENDING:
                    future.cancel()
        if wait:
            self._wait_for(mine)

    def __reduce__(self) -> Any:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")

    def _wait_for(self, futures: list[Future[Any]]) -> None:
        for future in futures:
            if not future.done():
                try:
                    future.exception()
                except cf.CancelledError:
                    pass


class KeyExecutor(PoolExecutor):
    """One key of a pool, as a concurrent.futures.Executor: ``pool.key(k)``. Its jobs run one at a time and in order.

    >>> import taskpool
    >>> with taskpool.TaskPool(workers=2) as pool:
    ...     user = pool.key("ann")
    ...     user.pause()
    ...     futures = [user.submit(print, number) for number in range(3)]
    ...     print(user.stats()["queued"], user.cancel())
    ...     user.resume()
    3 3
    """

    _key: bytes

    def _wait_for(self, futures: list[Future[Any]]) -> None:
        self.wait()

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits until every job of the key that was accepted before the call has end_jobs, whoever submitted it.

        Args:
            timeout: Seconds. None: no limit.

        Returns:
            True, also if the pool does not know the key; False when the time was over.

        Raises:
            DeadlockError: Inside a job, unless the timeout is 0: the wait could never end, as that of a job for its
                own key.
            BrokenPool: In a child, after a fork.
        """
        ns = timeout_of(timeout)
        return wait_sliced(lambda part: lib.taskpool_key_wait(self._pool._pool, self._key, len(self._key), part), ns)

    def cancel(self) -> int:
        """Ends the jobs of the key that wait or are delayed, and tells the one that runs to stop.

        Callbacks of their futures run in this call.

        Returns:
            How many it ended.
        """
        return check(end_jobs(lib.taskpool_key_cancel, self._pool._pool, self._key, len(self._key)))

    def pause(self) -> None:
        """Lets no job of the key start until ``resume`` was called as often. The one that runs goes on.

        While it is paused it holds no worker; its jobs still expire, and can be canceled. A shutdown without ``drain``
        waits for them.
        """
        check(lib.taskpool_key_pause(self._pool._pool, self._key, len(self._key)))

    def resume(self) -> None:
        """Takes one ``pause`` back.

        Raises:
            ValueError: The key is not paused.
        """
        check(lib.taskpool_key_resume(self._pool._pool, self._key, len(self._key)))

    def limit(self, interval: float, burst: int = 1) -> None:
        """From now on starts of the key's jobs are ``interval`` seconds apart; a new limit begins with a full burst.

        Args:
            interval: Seconds. 0: back to the pool's key_interval.
            burst: How many may start at once after a rest.

        Raises:
            ValueError: interval is negative.
        """
        ns = nanoseconds(interval, "interval")
        check(lib.taskpool_key_limit(self._pool._pool, self._key, len(self._key), ns, count_of("burst", burst)))

    def stats(self) -> dict[str, int]:
        """What the key has to do now.

        Returns:
            A dict: queued, with the delayed ones; running, 0 or 1; oldest_wait, nanoseconds since the submission of
            the oldest that is queued, 0 if none is.
        """
        stats = ffi.new("struct taskpool_key_stats *")
        stats.size = ffi.sizeof(stats[0])
        check(lib.taskpool_key_stats(self._pool._pool, self._key, len(self._key), stats))
        return {"queued": stats.queued, "running": stats.running, "oldest_wait": stats.oldest_wait}
