# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""What a pool tells of itself."""

from __future__ import annotations

from typing import Any

from ._errors import check
from ._library import ffi, lib


class Looks:
    """The part of TaskPool that only looks."""

    _pool: Any
    _retries: int

    def stats(self) -> dict[str, Any]:
        """Counts since the pool was made; they stay readable after a shutdown.

        Returns:
            A dict: submitted, ran, canceled, expired, replaced (0), queued, running; rejected, stolen, overflow,
            blocked (each part of a wait, see docs/python.md), blocked_time (nanoseconds), peak_queued, keys_active;
            wait_time and run_time, lists whose number i counts the jobs that waited, or ran, 2**i nanoseconds or
            more and less than 2**(i + 1).

        >>> import taskpool
        >>> with taskpool.TaskPool(workers=2) as pool:
        ...     pool.post("ann", int)
        >>> pool.stats()["ran"]
        1
        """
        stats = ffi.new("struct taskpool_stats *")
        stats.size = ffi.sizeof(stats[0])
        check(lib.taskpool_stats(self._pool, stats))
        names = (name for name, _ in ffi.typeof(stats[0]).fields if name != "size")
        counts = {name: getattr(stats, name) for name in names}
        for name in ("wait_time", "run_time"):
            counts[name] = list(counts[name])
        counts["rejected"] -= self._retries
        return counts

    def hot_keys(self, count: int = 10) -> list[tuple[bytes, int]]:
        """The keys with the most jobs waiting; visits every key that has work.

        Args:
            count: How many at most.

        Returns:
            A list of (key, jobs waiting), the longest queue first; of a key its first 64 bytes.
        """
        if count < 0:
            raise ValueError("count must not be negative")
        keys = ffi.new("struct taskpool_hot_key[]", count)
        for key in keys:
            key.size = ffi.sizeof(key)
        found = check(lib.taskpool_hot_keys(self._pool, keys, count))
        return [(bytes(key.key)[: key.key_len], key.queued) for key in keys[0:found]]

    def metrics(self) -> str:
        """The statistics as OpenMetrics text, for Prometheus; times in seconds."""
        size = 0
        while True:
            buffer = ffi.new("char[]", size + 1)
            length = check(lib.taskpool_metrics(self._pool, buffer, size + 1))
            if length <= size:
                return ffi.string(buffer).decode()
            size = length + 256
