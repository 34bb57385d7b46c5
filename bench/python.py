#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Measures the Python package beside ThreadPoolExecutor, both with 8 workers, in one process and in turns.

Each figure is the time per job in microseconds: the median of all rounds, the least and the greatest. The ratio is the
median over the rounds of the executor's time by the package's of that round: above 1 the package is faster.
"""

import argparse
import asyncio
import json
import platform
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import taskpool

WORKERS = 8
KEYS = 10_000

# A thread that is woken takes a varying time, by the mood of the system: what waits for that is measured in turns of
# that many parts.
PARTS = 20


def nothing():
    pass


def one(_):
    pass


class Measured:
    """What is measured; each method returns the seconds that `count` jobs took."""

    def __init__(self, count):
        self.count = count
        self.few = max(count // 10 // PARTS, 1)
        self.keys = [f"user:{i}" for i in range(KEYS)]
        self.same = ["user:1"] * KEYS
        self.pool = taskpool.TaskPool(WORKERS, queue_capacity=max(2 * count, 1000))
        self.narrow = taskpool.TaskPool(WORKERS)
        self.executor = ThreadPoolExecutor(WORKERS)

    def key(self, i):
        return self.keys[i % KEYS]

    def one_key(self, i):
        return self.same[i % KEYS]

    def close(self):
        self.pool.shutdown()
        self.narrow.shutdown()
        self.executor.shutdown()

    def submits(self, submit):
        """Submit, run, and a future that is asked for its result."""
        begin = time.perf_counter()
        for future in [submit(i) for i in range(self.count)]:
            future.result()
        return time.perf_counter() - begin

    def drain(self, submit, block):
        """The queue is full already: from the moment at which the workers may begin."""
        gate = threading.Event()
        held = threading.Semaphore(0)

        def hold():
            held.release()
            gate.wait()

        for _ in range(WORKERS):
            block(hold)
        for _ in range(WORKERS):
            held.acquire()
        futures = [submit(i) for i in range(self.count)]
        begin = time.perf_counter()
        gate.set()
        for future in futures:
            future.result()
        return time.perf_counter() - begin

    def round_trips(self, submit):
        begin = time.perf_counter()
        for i in range(self.few):
            submit(i).result()
        return (time.perf_counter() - begin) * self.count / self.few

    def map(self):
        begin = time.perf_counter()
        for _ in self.pool.map(one, range(self.count), key=self.key, chunksize=64):
            pass
        return time.perf_counter() - begin

    def posts(self):
        begin = time.perf_counter()
        for i in range(self.count):
            self.pool.post(self.key(i), nothing)
        self.pool.wait()
        return time.perf_counter() - begin

    def awaits(self, start):
        async def gather():
            begin = time.perf_counter()
            await asyncio.gather(*(start(asyncio.get_running_loop(), i) for i in range(self.few)))
            return (time.perf_counter() - begin) * self.count / self.few

        return asyncio.run(gather())

    def rows(self):
        """Name, what it is compared with, and how to measure it."""
        pool, narrow, executor = self.pool, self.narrow, self.executor
        fast, drained = "ThreadPoolExecutor: submit, run, future", "ThreadPoolExecutor: drain a full queue"
        trip, loop = "ThreadPoolExecutor: round trip", "ThreadPoolExecutor: asyncio, run_in_executor"
        return [
            (fast, fast, lambda: self.submits(lambda i: executor.submit(nothing))),
            ("submit, run, future: 1 key", fast, lambda: self.submits(lambda i: pool.submit(self.one_key(i), nothing))),
            ("... 10,000 keys", fast, lambda: self.submits(lambda i: pool.submit(self.key(i), nothing))),
            ("... no key", fast, lambda: self.submits(lambda i: pool.submit(None, nothing))),
            ("... 10,000 keys, capacity 100", fast, lambda: self.submits(lambda i: narrow.submit(self.key(i), nothing))),
            ("map, chunks of 64, 10,000 keys", fast, self.map),
            ("post, 10,000 keys", fast, self.posts),
            (drained, drained, lambda: self.drain(lambda i: executor.submit(nothing), executor.submit)),
            ("drain a full queue, 1 key", drained, lambda: self.drain(
                lambda i: pool.submit(self.one_key(i), nothing), lambda hold: pool.submit(None, hold))),
            ("drain a full queue, 10,000 keys", drained, lambda: self.drain(
                lambda i: pool.submit(self.key(i), nothing), lambda hold: pool.submit(None, hold))),
            (trip, trip, lambda: self.round_trips(lambda i: executor.submit(nothing))),
            ("round trip, 1 key", trip, lambda: self.round_trips(lambda i: pool.submit(self.one_key(i), nothing))),
            ("round trip, 10,000 keys", trip, lambda: self.round_trips(lambda i: pool.submit(self.key(i), nothing))),
            (loop, loop, lambda: self.awaits(lambda loop, i: loop.run_in_executor(executor, nothing))),
            ("asyncio, run_in_executor", loop, lambda: self.awaits(
                lambda loop, i: loop.run_in_executor(pool.executor, nothing))),
            ("asyncio, pool.run, 10,000 keys", loop, lambda: self.awaits(lambda loop, i: pool.run(self.key(i), nothing))),
        ]


def measure_all(rows):
    """One round: the seconds of each row, which take turns with those they are compared with."""
    seconds = dict.fromkeys((name for name, _, _ in rows), 0.0)
    for peer in dict.fromkeys(peer for _, peer, _ in rows):
        parts = PARTS if "round trip" in peer or "asyncio" in peer else 1
        for _ in range(parts):
            for name, other, measure in rows:
                if other == peer:
                    seconds[name] += measure() / parts
    return seconds


def report(rows, times, count):
    print(f"{'us per job':46}{'median':>9}{'min':>9}{'max':>9}{'ratio':>8}")
    table = []
    for name, peer, _ in rows:
        mine = [t / count * 1e6 for t in times[name]]
        ratio = statistics.median(p / t for p, t in zip(times[peer], times[name]))
        row = {"name": name, "median": statistics.median(mine), "min": min(mine), "max": max(mine), "ratio": ratio}
        table.append(row)
        last = "" if name == peer else f"{ratio:8.2f}"
        print(f"{name:46}{row['median']:9.2f}{row['min']:9.2f}{row['max']:9.2f}{last}")
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--jobs", type=int, default=20_000, help="of each kind in a round")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--small", action="store_true", help="only see whether it works")
    options = parser.parse_args()
    if options.small:
        options.rounds, options.jobs = 1, 200
    print(f"Python {platform.python_version()}, {platform.machine()}, {options.rounds} rounds of {options.jobs} jobs\n")
    measured = Measured(options.jobs)
    rows = measured.rows()
    times = {name: [] for name, _, _ in rows}
    for _ in range(options.rounds):
        for name, seconds in measure_all(rows).items():
            times[name].append(seconds)
    measured.close()
    table = report(rows, times, options.jobs)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"python": platform.python_version(), "rounds": options.rounds, "jobs": options.jobs,
                       "rows": table}, file, indent=1)


if __name__ == "__main__":
    main()
