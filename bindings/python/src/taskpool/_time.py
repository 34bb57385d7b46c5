# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Seconds of Python and nanoseconds of the library; waits that Ctrl-C can interrupt."""

from __future__ import annotations

import errno
import threading
import time
from typing import Any, Callable, Optional

from ._errors import check

FOREVER = -1
SLICE = 50_000_000
#: The default of options that are durations. Being this very object tells that none was given.
NONE = 0.0


def nanoseconds(seconds: float, name: str) -> int:
    """A duration."""
    if not seconds >= 0:
        raise ValueError(f"{name} must not be negative: {seconds!r}")
    return int(min(seconds, 2**33) * 1_000_000_000)


def timeout_of(seconds: Optional[float], name: str = "timeout") -> int:
    """A timeout; None waits for ever."""
    return FOREVER if seconds is None else nanoseconds(seconds, name)


def in_main_thread() -> bool:
    """Not by current_thread(), which would remember each worker that asks for ever."""
    return threading.get_ident() == threading.main_thread().ident


def slice_of(timeout: int) -> int:
    """How long to stay in the library at once: the main thread must come back, since it handles the signals."""
    if not in_main_thread():
        return timeout
    return SLICE if timeout < 0 else min(timeout, SLICE)


def wait_sliced(call: Callable[[int], Any], timeout: int) -> bool:
    """Waits by ``call(timeout)``; False when the time is over."""
    deadline = time.monotonic_ns() + timeout
    while True:
        code = call(slice_of(timeout))
        if timeout == 0 and code == -errno.EDEADLK:
            return False
        if code != -errno.ETIMEDOUT:
            return check(code) >= 0
        if timeout >= 0:
            timeout = deadline - time.monotonic_ns()
            if timeout <= 0:
                return False
