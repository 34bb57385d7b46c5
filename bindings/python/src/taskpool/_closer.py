# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""The thread that shuts a pool down."""

from __future__ import annotations

import errno
import threading
from typing import TYPE_CHECKING

from ._errors import check
from ._library import ffi, lib

if TYPE_CHECKING:
    from ._pool import TaskPool


class Closer(threading.Thread):
    """Shuts a pool down, so that the main thread can wait for it in Python, where Ctrl-C reaches it."""

    def __init__(self, pool: TaskPool, drain: int, cancel: int) -> None:
        super().__init__(name="taskpool-shutdown", daemon=False)
        self._pool = pool
        self._ladder = drain, cancel
        self._code = 0

    def run(self) -> None:
        self._code = lib.taskpool_shutdown(self._pool._pool, *self._ladder, ffi.NULL)

    def done(self) -> bool:
        """After its end: whether all jobs have ended."""
        return self._code != -errno.ETIMEDOUT and check(self._code) == 0
