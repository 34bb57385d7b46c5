# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Jobs of one key one at a time and in order, jobs of different keys in parallel.

>>> import taskpool
>>> with taskpool.TaskPool(workers=4) as pool:
...     first = pool.submit("user:42", pow, 2, 10)
...     second = pool.submit("user:42", pow, 2, 11)   # starts when the first has ended
...     print(first.result(), second.result())
1024 2048

TaskPool       the pool; submit, post, map, run
Future         what submit returns: a concurrent.futures.Future
KeyExecutor    pool.key(k): one key, to be waited for, canceled, paused, limited
PoolExecutor   pool.executor: jobs without a key
current        in a job: its Context
submit         to the default pool

All times are seconds, but for those in statistics, which are nanoseconds. Every call may be made from any thread.
"""

from ._context import Context, current
from ._default import default_pool, submit
from ._errors import BrokenPool, DeadlockError, JobExpired, QueueFull
from ._executor import KeyExecutor, PoolExecutor
from ._future import Future
from ._pool import TaskPool

__all__ = [
    "BrokenPool", "Context", "DeadlockError", "Future", "JobExpired", "KeyExecutor", "PoolExecutor", "QueueFull",
    "TaskPool", "current", "default_pool", "submit",
]
