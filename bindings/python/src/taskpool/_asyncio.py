# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Jobs that coroutines await: their ends reach the event loop in batches, and a full queue is awaited too."""

from __future__ import annotations

import asyncio
import errno
import weakref
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, Optional, TypeVar

from ._errors import QueueFull, error_of
from ._future import LAZY, Future
from ._jobs import jobs, next_number
from ._library import submit_now

if TYPE_CHECKING:
    from ._pool import TaskPool

T = TypeVar("T")

# A queue that is full is tried again when a job that was awaited has ended, and after this many seconds.
RETRY = 0.01
# Keys that are refused one after the other before the others have to wait as well.
REFUSALS = 32


class Awaited(Future[T]):
    """Tells its end to the loop that `waiter` belongs to."""

    _monitor: Any = False if LAZY else True

    def __init__(self, bridge: _Bridge, waiter: asyncio.Future[None]) -> None:
        super().__init__()
        self._job = 0
        self._bridge: Optional[_Bridge] = bridge
        self._waiter = waiter

    def _settle(self, state: str, result: Any = None, exception: Optional[BaseException] = None) -> None:
        super()._settle(state, result, exception)
        if self._bridge is not None:
            self._bridge.tell(self)

    def _break(self) -> None:
        self._bridge = None  # the loop is the parent's
        super()._break()


class _Entry:
    """A job that waits for room; `room` is done when it found some, or must not be submitted any more."""

    def __init__(self, pool: TaskPool, key: Optional[bytes], delay: int, ttl: int, job: tuple[Any, ...]) -> None:
        self.pool = pool
        self.key = key
        self.times = delay, ttl
        self.job = job
        self.number = next_number()
        self.room: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def enter(self) -> bool:
        """False: there is no room yet."""
        if self.room.done():
            return True
        jobs[self.number] = self.job
        if self.times == (0, 0):
            code = submit_now(self.pool._address, self.key, self.number, True)
        else:
            code = self.pool._try(self.key, self.number, 0, *self.times, True)
        if code >= 0:
            self.job[0]._job = code
            self.room.set_result(None)
            return True
        del jobs[self.number]
        if code != -errno.EAGAIN:
            self.room.set_exception(error_of(code))
            return True
        self.pool._tried_again()
        return False

    def give_up(self) -> None:
        if not self.room.done():
            self.pool._tried_again(-1)
            self.room.set_exception(QueueFull("the queue is full"))


class _Bridge:
    """What an event loop knows of jobs. `tell` may be called on any thread, all else on the loop's."""

    def __init__(self) -> None:
        self._ended: deque[Awaited[Any]] = deque()
        self._scheduled = False
        # Those that wait for room: first come, first served among those of a key, the keys in turn.
        self._lanes: OrderedDict[Any, deque[_Entry]] = OrderedDict()
        self._timer: Optional[asyncio.TimerHandle] = None

    def tell(self, future: Awaited[Any]) -> None:
        self._ended.append(future)
        if not self._scheduled:
            self._scheduled = True
            try:
                future._waiter.get_loop().call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop is closed: nobody awaits anything any more
                self._ended.clear()
                self._scheduled = False
            except BaseException:  # Ctrl-C: the next one does it
                self._scheduled = False
                raise

    def _deliver(self) -> None:
        self._scheduled = False
        for _ in range(len(self._ended)):
            waiter = self._ended.popleft()._waiter
            if not waiter.done():
                waiter.set_result(None)
        if self._lanes:
            self._admit()

    def enter(self, entry: _Entry) -> None:
        """At once if there is room, and nobody of the key waits for some."""
        ident = entry.pool, entry.key
        lane = self._lanes.get(ident)
        if lane is None:
            if entry.enter():
                return
            lane = self._lanes[ident] = deque()
        lane.append(entry)
        self._arm()

    def _admit(self) -> None:
        refused = 0
        try:
            while self._lanes and refused < min(REFUSALS, len(self._lanes)):
                ident, lane = next(iter(self._lanes.items()))
                self._lanes.move_to_end(ident)
                if not lane[0].enter():
                    refused += 1
                    continue
                refused = 0
                lane.popleft()
                if not lane:
                    del self._lanes[ident]
        finally:
            self._arm()

    def _arm(self) -> None:
        if self._lanes and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(RETRY, self._retry)

    def _retry(self) -> None:
        self._timer = None
        self._admit()


# Loops that take no attribute, and so could only be kept here, are never forgotten while somebody waits for room.
_bridges: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Bridge] = weakref.WeakKeyDictionary()


def _bridge_of(loop: Any) -> _Bridge:
    """It lives as long as the loop."""
    try:
        bridge: _Bridge = loop._taskpool_bridge
    except AttributeError:
        bridge = _bridges.get(loop) or _Bridge()
        try:
            loop._taskpool_bridge = bridge
        except AttributeError:
            _bridges[loop] = bridge
    return bridge


async def run(
    pool: TaskPool,
    key: Optional[bytes],
    call: tuple[Any, ...],
    delay: int,
    ttl: int,
    timeout: Optional[float],
) -> Any:
    """Submits the job, and awaits room for it and its end."""
    loop = asyncio.get_running_loop()
    bridge = _bridge_of(loop)
    future: Awaited[Any] = Awaited(bridge, loop.create_future())
    try:
        await _enter(bridge, _Entry(pool, key, delay, ttl, (future, *call, pool)), timeout)
        del call
        await future._waiter
        if future.cancelled():
            raise asyncio.CancelledError
        if future._exception is not None:
            raise future._exception
        return future._result
    except asyncio.CancelledError:
        future.cancel()
        raise
    finally:
        del future  # the traceback of what is raised holds this frame


async def _enter(bridge: _Bridge, entry: _Entry, timeout: Optional[float]) -> None:
    timer = None
    try:
        bridge.enter(entry)
        if timeout is not None and not entry.room.done():
            timer = asyncio.get_running_loop().call_later(timeout, entry.give_up)
        await entry.room
    finally:
        if timer is not None:
            timer.cancel()
        entry.room.cancel()  # if it did not come to that: nobody waits for it any more
        entry.job = ()
        del entry  # the traceback of what is raised holds this frame, and the entry what is raised
