# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""The future of a job: a concurrent.futures.Future that costs little until somebody waits for it."""

from __future__ import annotations

import concurrent.futures as cf
import functools
import threading
from concurrent.futures._base import CANCELLED, CANCELLED_AND_NOTIFIED, FINISHED, PENDING, RUNNING
from typing import Any, Callable, Optional, cast, TypeVar

from ._errors import FORKED, BrokenPool
from ._library import hold, lib, settle
from ._time import in_main_thread, timeout_of, wait_sliced

T = TypeVar("T")

# Most futures end before anybody waits for them: then the condition and the lists of callbacks, which are the larger
# part of what a Future costs, are never made. That relies on the fields which the standard library gives a Future.
LAZY = set(vars(cf.Future())) == {
    "_condition", "_state", "_result", "_exception", "_waiters", "_done_callbacks"
}

# What the end of a job needs of Python's stack, without the callbacks of others, and with something to spare.
FRAMES = 40

# Whether this thread is ending jobs, as opposed to running one.
ending = threading.local()


def inside() -> bool:
    """Whether this thread has jobs in its hands."""
    return bool(lib.taskpool_current()) or getattr(ending, "depth", 0) > 0


def keep_interrupt(error: BaseException) -> bool:
    """What a signal handler raises while the main thread ends a job, such as Ctrl-C, must not get lost, nor keep the
    job from its end: see ``end_jobs``. A callback's own errors do not get here, but for those that are no Exceptions.
    """
    if not isinstance(error, (KeyboardInterrupt, Exception)) or not in_main_thread():
        return False
    ending.interrupt = error
    return True


def _descend(frames: int) -> None:
    if frames > 0:
        _descend(frames - 1)


def end_jobs(call: Callable[..., int], *args: Any) -> int:
    """Calls what may end jobs on this thread.

    Raises:
        RecursionError: Before any has ended: it would keep them from being told.
    """
    _descend(FRAMES)
    code = call(*args)
    error = getattr(ending, "interrupt", None)
    if error is not None:
        ending.interrupt = None
        raise error
    return code


class Future(cf.Future[T]):
    """What becomes of a job: a concurrent.futures.Future in every respect, made by ``submit``.

    Not to be made, nor given a result, by others. Holds the result, or the exception with its traceback.
    """

    _state: str = PENDING
    _result: Optional[T] = None
    _exception: Optional[BaseException] = None
    # The condition once it was needed. Before: None, or False where the end is to be told to somebody else.
    _monitor: Any = None if LAZY else True
    # The library's handle, which is valid until the end; 0: the submit has not returned; below: no pool's.
    _job: int = 0
    # The executor that submitted it.
    _owner: object = None

    def __init__(self) -> None:
        if not LAZY:
            super().__init__()
        self._job = -1

    if LAZY:

        @property
        def _condition(self) -> threading.Condition:
            if self._monitor:
                return self._monitor  # type: ignore[no-any-return]
            fields = self.__dict__  # each line is one step for other threads
            fields.setdefault("_waiters", [])
            fields.setdefault("_done_callbacks", [])
            return fields.setdefault("_monitor", threading.Condition())  # type: ignore[no-any-return]

        def running(self) -> bool:
            """Whether the job runs."""
            return self._state == RUNNING

        def cancelled(self) -> bool:
            """Whether the job ended without having run: it was canceled, or the pool stopped."""
            return self._state in (CANCELLED, CANCELLED_AND_NOTIFIED)

        def done(self) -> bool:
            """Whether the job has ended: run, canceled, or expired."""
            return self._state in (FINISHED, CANCELLED, CANCELLED_AND_NOTIFIED)

    def cancel(self) -> bool:
        """Ends the job if it waits or is delayed. A job that runs goes on, and is told to stop.

        It learns that from ``current().canceled``. Callbacks of the future run in this call.

        Returns:
            True: the job will not run, or was canceled before. False: it runs, or has ended.
        """
        if self._job < 0:
            return super().cancel()
        job = hold(self)
        if job > 0:
            try:
                end_jobs(lib.taskpool_py_cancel, job)
            finally:
                lib.taskpool_py_release(job)
        return self.cancelled()

    def result(self, timeout: Optional[float] = None) -> T:
        """Waits for the end of the job. Ctrl-C interrupts that.

        Args:
            timeout: Seconds. None: no limit.

        Returns:
            What the function returned.

        Raises:
            Whatever the function raised.
            concurrent.futures.TimeoutError: The time was over; the job goes on.
            concurrent.futures.CancelledError: The job was canceled before it ran.
            JobExpired: Its _ttl was over before it started.
            DeadlockError: Inside a job, unless the timeout is 0: the wait could never end.
            BrokenPool: In a child, after a fork, of a job that had not ended.
        """
        try:
            timeout = self._wait_inside(timeout)
            if self._state == FINISHED and self._exception is None:
                return self._result  # type: ignore[return-value]
            return super().result(timeout)
        finally:
            del self  # what is raised refers to this frame, and the future to what is raised

    def exception(self, timeout: Optional[float] = None) -> Optional[BaseException]:
        """Waits as ``result`` does.

        Args:
            timeout: Seconds. None: no limit.

        Returns:
            What the job raised, JobExpired if it expired; None if it returned.

        Raises:
            concurrent.futures.TimeoutError, concurrent.futures.CancelledError, DeadlockError: As ``result``.
        """
        timeout = self._wait_inside(timeout)
        return super().exception(timeout)

    def _wait_inside(self, timeout: Optional[float]) -> Optional[float]:
        """In a job: waits as the library does, which knows who waits for whom. Returns the timeout for what is left."""
        if timeout is not None and timeout > threading.TIMEOUT_MAX:
            timeout = None
        if self.done() or (timeout is not None and timeout <= 0) or not inside():
            return timeout
        job = hold(self)
        if job == 0:
            return timeout
        try:
            if not wait_sliced(lambda part: lib.taskpool_py_wait(job, part), timeout_of(timeout)):
                raise cf.TimeoutError
        finally:
            lib.taskpool_py_release(job)
        return timeout

    def _settle(self, state: str, result: Any = None, exception: Optional[BaseException] = None) -> None:
        """The end, once."""
        if not settle(self, state, result, exception) and not self.done():
            self._tell(state, result, exception)

    def _tell(self, state: str, result: Any, exception: Optional[BaseException]) -> None:
        """Whatever a signal handler raises meanwhile: whoever waits is told, and nobody uses the handle any more."""
        for _ in range(10):
            try:
                if state == CANCELLED_AND_NOTIFIED:
                    self._tell_canceled()
                elif exception is not None:
                    super().set_exception(exception)
                else:
                    super().set_result(result)
            except BaseException as error:  # from a callback; what are not Exceptions get here
                if not keep_interrupt(error):
                    lib.taskpool_py_unraisable(id(error))
            if self._state in (FINISHED, CANCELLED_AND_NOTIFIED):
                return
        self._state = state

    def _tell_canceled(self) -> None:
        try:
            super().cancel()
        finally:
            if self._state == CANCELLED:
                super().set_running_or_notify_cancel()

    def _break(self) -> None:
        """In a forked child: nobody will run the job, and whoever held the condition is not there."""
        if LAZY:
            self.__dict__.pop("_monitor", None)
        else:
            setattr(self, "_condition", threading.Condition())
        if not self.done():
            self._settle(FINISHED, None, BrokenPool(FORKED))

    def __reduce__(self) -> Any:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")


def _pooled_future() -> Future[Any]:
    future: Future[Any] = Future()
    future._job = 0
    return future


#: A Future for a job that is about to be submitted. The short way leaves out __init__.
new_future = cast("Callable[[], Future[Any]]", functools.partial(object.__new__, Future) if LAZY else _pooled_future)
