#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Lines of many threads, written to many files, without a lock: the path of a file is the key of its writes.

    writer.py [FOLDER]      four threads write to eight files, there or in a temporary folder, which are then read
"""

import functools
import os
import sys
import tempfile
import threading
from typing import Optional, TextIO

import taskpool

THREADS, FILES, LINES = 4, 8, 500


class Writer:
    """``write`` returns before the line is written; it waits only where 100 lines wait for one file."""

    def __init__(self) -> None:
        self._pool = taskpool.TaskPool(workers=4, queue_capacity=1000, name="writer", key_capacity=100)
        self._pool.on_error = self._failed
        self._files: dict[str, TextIO] = {}  # the entry of a path is touched by the jobs of that path only
        self.errors: list[tuple[str, BaseException]] = []

    def write(self, path: str, line: str) -> None:
        self._pool.post(path, self._write, path, line)

    def flush(self, path: str, timeout: Optional[float] = None) -> bool:
        """Has all lines that were given before written out. False: ``timeout`` seconds were over."""
        self._pool.post(path, self._flush, path)
        return self._pool.key(path).wait(timeout)

    def close(self) -> None:
        self._pool.wait()
        for path in list(self._files):
            self._pool.post(path, self._close, path)
        self._pool.shutdown()

    def _write(self, path: str, line: str) -> None:
        if path not in self._files:
            self._files[path] = open(path, "a", encoding="utf-8")
        self._files[path].write(line + "\n")

    def _flush(self, path: str) -> None:
        if path in self._files:
            self._files[path].flush()

    def _close(self, path: str) -> None:
        self._files.pop(path).close()

    def _failed(self, error: BaseException, key: Optional[bytes]) -> None:
        self.errors.append(((key or b"").decode(), error))  # for instance a full disk


def produce(writer: Writer, paths: list[str], name: str) -> None:
    for number in range(LINES):
        for path in paths:
            writer.write(path, f"{name} {number}")


def lines_of(path: str, name: str) -> list[int]:
    with open(path, encoding="utf-8") as file:
        return [int(line.split()[1]) for line in file if line.startswith(name)]


def demo(folder: str) -> bool:
    paths = [os.path.join(folder, f"log-{number}.txt") for number in range(FILES)]
    names = [f"thread-{number}" for number in range(THREADS)]
    writer = Writer()
    threads = [threading.Thread(target=functools.partial(produce, writer, paths, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for path in paths:
        writer.flush(path)
    if writer.errors:
        print("{}: {}".format(*writer.errors[0]))
        writer.close()
        return False
    good = sum(lines_of(path, name) == list(range(LINES)) for path in paths for name in names)
    print(f"{FILES} files of {THREADS * LINES} lines; of {FILES * THREADS} sequences {good} are complete and in order")
    writer.close()
    return good == FILES * THREADS


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(not demo(sys.argv[1]))
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(not demo(folder))
