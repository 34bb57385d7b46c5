#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Blocking work awaited by coroutines: in order for each user, and beside each other for different users.

    aio.py      a small bank whose accounts are slow, blocking code that knows nothing of asyncio, and has no lock
"""

import asyncio
import time

import taskpool

balances: dict[str, int] = {}


def change(user: str, amount: int) -> int:
    """Reads, takes its time, and writes: two at once for one user would lose one of the changes."""
    balance = balances.get(user, 0)
    time.sleep(0.001)
    balances[user] = balance + amount
    return balances[user]


def audit(user: str) -> str:
    """Takes a minute, but looks whether anybody still wants to know."""
    context = taskpool.current()
    if context is not None and not context.sleep(60):
        return "stopped"
    return f"{user} has {balances[user]}"


async def deposits(pool: taskpool.TaskPool) -> None:
    """A hundred tasks, far more than there is room for: those that find none await some, the loop goes on."""
    users = ["ann", "bob", "carl", "dora"]
    await asyncio.gather(*(pool.run(user, change, user, 1) for _ in range(25) for user in users))
    print("balances:", ", ".join(f"{user} {balances[user]}" for user in users))


async def order(pool: taskpool.TaskPool) -> None:
    """The first of a user is the slowest, and is still the first."""
    seen: list[int] = []

    def visit(number: int) -> None:
        time.sleep(0.01 / (number + 1))
        seen.append(number)

    await asyncio.gather(*(pool.run("ann", visit, number) for number in range(5)))
    print("visits of ann:", seen)


async def no_time(pool: taskpool.TaskPool) -> None:
    """What ran out of time and had not started does not run; what runs is told to stop."""
    running = asyncio.ensure_future(pool.run("ann", audit, "ann"))
    waiting = asyncio.ensure_future(pool.run("ann", change, "ann", -1000))
    for name, task in ("waiting", waiting), ("running", running):
        try:
            await asyncio.wait_for(task, timeout=0.05)
        except asyncio.TimeoutError:
            print(f"the {name} one took too long")
    print("balance of ann:", await pool.run("ann", change, "ann", 0))


async def executors(pool: taskpool.TaskPool) -> None:
    """A key is an Executor, for what expects one; run_in_executor blocks the loop while the queue is full."""
    loop = asyncio.get_running_loop()
    print("balance of bob:", await loop.run_in_executor(pool.key("bob"), change, "bob", 10))


async def main() -> None:
    # The end of the block waits for the jobs, and blocks the loop meanwhile: here they have all been awaited.
    with taskpool.TaskPool(workers=4, queue_capacity=5, name="bank") as pool:
        await deposits(pool)
        await order(pool)
        await no_time(pool)
        await executors(pool)


if __name__ == "__main__":
    asyncio.run(main())
