# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""The process's own pool."""

from __future__ import annotations

import os
import threading
from typing import Any, Callable, Optional, TypeVar

from ._future import Future
from ._options import Key
from ._pool import TaskPool
from ._time import NONE

T = TypeVar("T")

_pool: Optional[TaskPool] = None
_lock = threading.RLock()


def default_pool() -> TaskPool:
    """The pool that ``taskpool.submit`` uses: 8 workers, made on first use. A forked child gets one of its own.

    Once stopped it stays so; at exit it is drained as any other.

    Raises:
        RuntimeError: No thread could be started, or this is a sub-interpreter.
    """
    global _pool
    with _lock:
        if _pool is None:
            _pool = TaskPool()
        return _pool


def submit(
    key: Key,
    fn: Callable[..., T],
    /,
    *args: Any,
    _delay: float = NONE,
    _ttl: float = NONE,
    _timeout: Optional[float] = None,
    **kwargs: Any,
) -> Future[T]:
    """Submits to the default pool: as ``default_pool().submit``, with the same options.

    >>> import taskpool
    >>> taskpool.submit("ann", divmod, 17, 5).result()
    (3, 2)
    """
    return default_pool().submit(key, fn, *args, _delay=_delay, _ttl=_ttl, _timeout=_timeout, **kwargs)


def _forked() -> None:
    global _pool, _lock
    _pool = None
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_forked)
