# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""The pool."""

from __future__ import annotations

import errno
import operator
import time
import weakref
from types import TracebackType
from typing import Any, Callable, Iterable, Iterator, Optional, TypeVar

from . import _asyncio, _process
from ._batch import map_jobs
from ._closer import Closer
from ._errors import SHUTDOWN, QueueFull, check, error_of
from ._executor import KeyExecutor, PoolExecutor
from ._future import Future, end_jobs, inside, new_future
from ._jobs import Post, jobs, next_number
from ._library import ffi, lib, submit_now
from ._looks import Looks
from ._options import Key, check_call, key_of, options_of, some_key_of
from ._time import FOREVER, NONE, in_main_thread, nanoseconds, slice_of, timeout_of, wait_sliced

T = TypeVar("T")
_NO_ROOM = (-errno.EAGAIN, -errno.ETIMEDOUT)


class TaskPool(Looks):
    """Runs jobs on a fixed number of threads: those of one key one at a time and in order, those of different keys in
    parallel.

    A key is a str, which stands for its UTF-8 bytes, or bytes, up to 65535 of them; None is no key, and no order. As a
    context manager it is shut down at the end of the block, when all its jobs have ended.

    Args:
        workers: Threads, which start at once. None: 8.
        queue_capacity: Jobs that may wait per worker; then submits wait for room. None: 100.
        name: The threads are NAME-0, NAME-1 and so on to the system, cut to 15 bytes. None: "taskpool".
        placement: "floating": an idle worker takes jobs of others; "pinned": all jobs of a key run on one thread.
        key_capacity: Jobs that may wait per key. None: no bound of its own.
        key_turn: Jobs of one key before other keys of that worker get their turn. None: 16.
        key_interval: Least time between two starts of a key, in seconds. 0: none.
        key_burst: Starts allowed at once under key_interval. None: 1.
        hash: Picks a key's home worker: "fnv1a", or "siphash", which cannot be foreseen by who chooses the keys.
        stack_size: Bytes of a worker's stack, at least. None: the system's default.

    Raises:
        ValueError: A number or word out of range.
        RuntimeError: No thread could be started, or this is a sub-interpreter.
        MemoryError
    """

    #: Called as ``on_error(exception, key)`` on the worker for what a posted job raised; None: sys.unraisablehook.
    on_error: Optional[Callable[[BaseException, Optional[bytes]], object]] = None

    def __init__(
        self,
        workers: Optional[int] = None,
        queue_capacity: Optional[int] = None,
        name: Optional[str] = None,
        placement: str = "floating",
        *,
        key_capacity: Optional[int] = None,
        key_turn: Optional[int] = None,
        key_interval: float = 0,
        key_burst: Optional[int] = None,
        hash: str = "fnv1a",
        stack_size: Optional[int] = None,
    ) -> None:
        counts = {"workers": workers, "queue_capacity": queue_capacity, "key_capacity": key_capacity,
                  "key_turn": key_turn, "key_burst": key_burst, "stack_size": stack_size}
        options, _kept = options_of(name, placement, hash, key_interval, counts)
        pointer = ffi.new("struct taskpool **")
        check(lib.taskpool_new_with(pointer, options))
        self._pool = pointer[0]
        self._address = int(ffi.cast("intptr_t", self._pool))
        self._free = weakref.finalize(self, lib.taskpool_free, self._pool)
        self._free.atexit = False
        self._closed = False
        self._retries = 0
        _process.enroll(self)
        if lib.taskpool_start(self._pool) < 0:
            raise RuntimeError("can't start new thread")

    def submit(
        self,
        key: Key,
        fn: Callable[..., T],
        /,
        *args: Any,
        _delay: float = NONE,
        _ttl: float = NONE,
        _timeout: Optional[float] = None,
        **kwargs: Any,
    ) -> Future[T]:
        """Has ``fn(*args, **kwargs)`` called on a worker, after all jobs of the key that were submitted before.

        Waits while the queue is full, but never inside a job of this pool. The pool holds ``fn`` and the arguments
        until the job has been run or has ended without.

        Args:
            key: The key; None: no order.
            fn: What to call.
            _delay: Seconds until the job takes its place in the order of its key; later ones overtake it.
            _ttl: The job expires if it has not started that many seconds after its submission. 0: never.
            _timeout: Seconds to wait for room, 0: not at all. None: as long as it takes.

        Returns:
            A Future of what ``fn`` returns or raises, SystemExit and KeyboardInterrupt too.

        Raises:
            QueueFull: There was no room until _timeout was over.
            RuntimeError: The pool was shut down, perhaps while this waited.
            BrokenPool: In a child, after a fork.
            TypeError, ValueError: An argument is not valid; a word with an underscore is no option.
            MemoryError

        After an exception the job was not accepted and will not run; but for Ctrl-C, which may come in between.

        >>> with TaskPool(workers=2) as pool:
        ...     pool.submit("ann", divmod, 17, 5).result()
        (3, 2)
        """
        future = new_future()
        self._enter(future, key, fn, args, kwargs, _delay, _ttl, _timeout)
        return future

    def post(
        self,
        key: Key,
        fn: Callable[..., Any],
        /,
        *args: Any,
        _delay: float = NONE,
        _ttl: float = NONE,
        _timeout: Optional[float] = None,
        **kwargs: Any,
    ) -> None:
        """As ``submit``, without a future.

        What ``fn`` raises goes to ``on_error``. Nobody is told if the job is canceled or expires.

        >>> seen = []
        >>> with TaskPool(workers=2) as pool:
        ...     for number in range(5):
        ...         pool.post("ann", seen.append, number)
        >>> seen
        [0, 1, 2, 3, 4]
        """
        self._enter(Post(self, key_of(key)), key, fn, args, kwargs, _delay, _ttl, _timeout, False)

    def map(
        self,
        fn: Callable[..., T],
        /,
        *iterables: Iterable[Any],
        key: Optional[Callable[..., Key]] = None,
        chunksize: int = 1,
        timeout: Optional[float] = None,
    ) -> Iterator[T]:
        """As the built-in ``map``, in parallel: one job per item, all of them submitted before this returns.

        Waits for room where the queue is full. If an item raises, or the iterator is closed after its first result,
        the items that wait are canceled.

        Args:
            fn: Called with an item of each iterable.
            key: Called with the same, on this thread, for the key of the item. None: the items have no key.
            chunksize: Items that are submitted at once; each is a job of its own all the same.
            timeout: Seconds from this call until the last result. None: no limit.

        Returns:
            An iterator over the results, in the order of the items.

        Raises:
            TimeoutError: concurrent.futures', from the iterator: the timeout was over.
            RuntimeError, BrokenPool, TypeError, ValueError, MemoryError: As ``submit``; all items that wait are
                canceled.

        >>> with TaskPool(workers=2) as pool:
        ...     list(pool.map(pow, [2, 3, 4], [5, 2, 3], key=lambda base, _: "even" if base % 2 == 0 else "odd"))
        [32, 9, 64]
        """
        check_call(fn, {})
        if operator.index(chunksize) < 1:
            raise ValueError("chunksize must be at least 1")
        timeout_of(timeout)
        if self._closed:
            raise RuntimeError(SHUTDOWN)
        return map_jobs(self, fn, iterables, key, chunksize, timeout)

    async def run(
        self,
        key: Key,
        fn: Callable[..., T],
        /,
        *args: Any,
        _delay: float = NONE,
        _ttl: float = NONE,
        _timeout: Optional[float] = None,
        **kwargs: Any,
    ) -> T:
        """As ``submit``, for coroutines: ``await pool.run(key, fn, ...)`` is what ``fn`` returns.

        Never blocks the event loop: where the queue is full it awaits room. When the awaiting task is canceled a
        waiting job is canceled and a running one told to stop; the await ends at once. The job takes its place when
        the coroutine first runs.

        Args:
            key, fn, _delay, _ttl: As ``submit``.
            _timeout: Seconds to await room. None: as long as it takes.

        Raises:
            Whatever ``fn`` raises.
            QueueFull, JobExpired
            asyncio.CancelledError: The awaiting task, or the job, was canceled, or the pool stopped before it ran.
            RuntimeError, BrokenPool, TypeError, ValueError, MemoryError: As ``submit``.

        >>> import asyncio
        >>> with TaskPool(workers=2) as pool:
        ...     asyncio.run(pool.run("ann", divmod, 17, 5))
        (3, 2)
        """
        check_call(fn, kwargs)
        timeout_of(_timeout, "_timeout")
        delay, ttl = nanoseconds(_delay, "_delay"), nanoseconds(_ttl, "_ttl")
        if self._closed:
            raise RuntimeError(SHUTDOWN)
        result: T = await _asyncio.run(self, key_of(key), (fn, args, kwargs), delay, ttl, _timeout)
        return result

    def key(self, key: Key) -> KeyExecutor:
        """One key of the pool, as an Executor. Costs nothing; may be called as often as needed.

        Args:
            key: str or bytes.

        Raises:
            TypeError: None, or another type.
            ValueError: Longer than 65535 bytes.
        """
        return KeyExecutor(self, some_key_of(key))

    @property
    def executor(self) -> PoolExecutor:
        """An Executor whose jobs have no key; a new one each time."""
        return PoolExecutor(self)

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits until every job accepted before the call has ended, delayed ones and those of paused keys too.

        Args:
            timeout: Seconds. None: no limit.

        Returns:
            True; False when the time was over.

        Raises:
            DeadlockError: In a job of this pool.
            BrokenPool: In a child, after a fork.
        """
        return wait_sliced(lambda part: lib.taskpool_wait(self._pool, part), timeout_of(timeout))

    def shutdown(
        self,
        wait: bool = True,
        cancel_futures: bool = False,
        drain: Optional[float] = None,
        cancel: Optional[float] = None,
    ) -> bool:
        """Refuses new jobs, from inside jobs too, runs those there are, and ends the threads. May be called again.

        Delayed jobs are waited for, and so are those of paused keys, if need be for ever: ``drain`` bounds that. Ctrl-C
        interrupts the wait, not the shutdown.

        Args:
            wait: False: return at once; the accepted jobs still run.
            cancel_futures: Cancel what waits, and tell what runs to stop, instead of draining.
            drain: Seconds to run jobs; then cancels those that wait and tells those that run to stop. None: no limit.
            cancel: Seconds to wait after that. None: no limit.

        Returns:
            True: all jobs have ended. False: some still run, or ``wait`` is False.

        Raises:
            DeadlockError: In a job of this pool, with ``wait``.
            BrokenPool: In a child, after a fork.

        >>> pool = TaskPool(workers=2)
        >>> paused = pool.key("ann")
        >>> paused.pause()
        >>> future = paused.submit(print, "never")
        >>> pool.shutdown(drain=0.01)
        True
        >>> future.cancelled()
        True
        """
        ladder = 0 if cancel_futures else timeout_of(drain, "drain"), timeout_of(cancel, "cancel")
        if not wait:
            if ladder[0] == 0:
                check(end_jobs(lib.taskpool_request_stop, self._pool))
            else:
                Closer(self, *ladder).start()
                self._closed = True
            return False
        if ladder[0] == 0 or inside() or not in_main_thread():
            return self._shutdown(*ladder)
        closer = Closer(self, *ladder)
        try:
            closer.start()
        except RuntimeError:  # no thread is to be had
            return self._shutdown(*ladder)
        self._closed = True
        closer.join()
        return closer.done()

    def stop(self) -> None:
        """Refuses new jobs, cancels those that wait, tells those that run to stop, and waits for them without limit.

        Raises:
            DeadlockError: In a job of this pool.
            BrokenPool: In a child, after a fork.
        """
        self._shutdown(0, FOREVER)

    def _shutdown(self, drain: int, cancel: int) -> bool:
        return wait_sliced(lambda part: end_jobs(lib.taskpool_shutdown, self._pool, drain, part, ffi.NULL), cancel)

    def __enter__(self) -> TaskPool:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.shutdown()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} workers={lib.taskpool_workers(self._pool)}>"

    def __reduce__(self) -> Any:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")

    def _enter(
        self,
        job: Any,
        key: Key,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        delay: float,
        ttl: float,
        timeout: Optional[float],
        handle: bool = True,
    ) -> None:
        """Submits a job. Where the queue is full it waits."""
        if kwargs or not callable(fn):
            check_call(fn, kwargs)
        data = key.encode() if isinstance(key, str) else key_of(key)
        times = None
        if delay is not NONE or ttl is not NONE or timeout is not None:
            times = nanoseconds(delay, "_delay"), nanoseconds(ttl, "_ttl"), timeout_of(timeout, "_timeout")
        if self._closed:
            raise RuntimeError(SHUTDOWN)
        number = next_number()
        jobs[number] = job, fn, args, kwargs, self
        try:
            code = -errno.ETIMEDOUT if times is not None else submit_now(self._address, data, number, handle)
            if code == -errno.EAGAIN:
                self._tried_again()
            if code in _NO_ROOM:
                code = self._insist(data, number, handle, *(times or (0, 0, FOREVER)))
            if code < 0:
                raise error_of(code)
        except BaseException:
            jobs.pop(number, None)
            raise
        if handle:
            job._job = code

    def _insist(self, key: Optional[bytes], number: int, handle: bool, delay: int, ttl: int, left: int) -> int:
        """Submits, and waits for room where that is needed: what the library says, if not that there is none."""
        deadline = time.monotonic_ns() + left
        while (code := self._try(key, number, slice_of(left), delay, ttl, handle)) in _NO_ROOM:
            if left >= 0:
                left = deadline - time.monotonic_ns()
                if left <= 0:
                    raise QueueFull("the queue is full")
            if self._closed:
                raise RuntimeError(SHUTDOWN)
            self._tried_again()
        return code

    def _try(self, key: Optional[bytes], number: int, timeout: int, delay: int, ttl: int, handle: bool) -> int:
        """One call of the library: the handle, or a negative error."""
        length = -1 if key is None else len(key)
        code: int = lib.taskpool_py_submit(self._pool, key or b"", length, number, timeout, delay, ttl, handle)
        return code

    def _tried_again(self, times: int = 1) -> None:
        """The library counts each try as refused, stats() does not. Threads that meet here may count too few."""
        self._retries += times

    def _forked(self) -> None:
        """In a child: what the library says of a pool that was left behind is what callers shall hear."""
        self._closed = False
