# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""What a forked child finds of its parent's pools, and what it can do by itself; other processes; sub-interpreters."""

import asyncio
import concurrent.futures as cf
import copy
import multiprocessing
import os
import pickle
import select
import signal
import sys
import threading
import traceback
import unittest
import warnings

import taskpool
from support import ASAN, LIMIT, TestCase, run_script, wait_for, wait_until
from taskpool._jobs import jobs

LONG = bool(os.environ.get("TASKPOOL_LONG"))


def outcome(call, *args):
    """What the call returns, or the name of what it raises."""
    try:
        return call(*args)
    except BaseException as error:
        return type(error).__name__


def fork():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that there are threads is what this is about
        return os.fork()


def in_child(call):
    """What the call returns in a forked child, which then ends."""
    read, write = os.pipe()
    child = fork()
    if child == 0:
        try:
            signal.alarm(LIMIT)
            try:
                answer = True, call()
            except BaseException:
                answer = False, traceback.format_exc()
            os.write(write, pickle.dumps(answer))
        finally:
            os._exit(0)
    try:
        os.close(write)
        if not select.select([read], [], [], LIMIT)[0]:
            os.kill(child, signal.SIGKILL)
        with open(read, "rb") as file:
            answer = file.read()
    finally:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0 or not answer:
        raise AssertionError(f"the child hung, or died: {code}")
    fine, answer = pickle.loads(answer)
    if not fine:
        raise AssertionError(answer)
    return answer


@unittest.skipUnless(hasattr(os, "fork"), "no fork")
class ForkCase(TestCase):
    pass


class Child(ForkCase):
    """Of a fork while a job runs and others wait."""

    def setUp(self):
        self.pool = self.make_pool(2, queue_capacity=20)
        self.finished = self.pool.submit("key", int, "7")
        self.failed = self.pool.submit("key", int, "x")
        self.canceled = self.pool.submit("key", int, _delay=1000)
        self.canceled.cancel()
        cf.wait([self.finished, self.failed, self.canceled])
        self.pool.wait()
        self.gate, self.running = self.occupy(self.pool.submit, "key")
        self.waiting = [self.pool.submit("key", int, str(i)) for i in range(5)]
        self.delayed = self.pool.submit("key", int, "8", _delay=0.001)

    def tearDown(self):
        """The parent is undisturbed."""
        self.gate.open()
        self.assertEqual(self.running.result(LIMIT), "opened")
        self.assertEqual([future.result(LIMIT) for future in self.waiting], list(range(5)))
        self.assertEqual(self.delayed.result(LIMIT), 8)
        self.assertEqual(self.pool.submit("key", int, "9").result(LIMIT), 9)
        self.assertTrue(self.pool.wait(LIMIT))

    def test_every_call_of_the_pool_is_refused_at_once(self):
        def calls():
            pool = self.pool
            key, executor = pool.key("key"), pool.executor
            return {name: outcome(call) for name, call in {
                "submit": lambda: pool.submit("key", int),
                "submit without key": lambda: pool.submit(None, int),
                "submit with options": lambda: pool.submit("key", int, _timeout=1, _delay=1, _ttl=1),
                "submit without patience": lambda: pool.submit("key", int, _timeout=0),
                "post": lambda: pool.post("key", int),
                "map": lambda: list(pool.map(int, "1234")),
                "run": lambda: asyncio.run(pool.run("key", int)),
                "wait": lambda: pool.wait(),
                "wait with timeout": lambda: pool.wait(LIMIT),
                "wait without patience": lambda: pool.wait(0),
                "stats": lambda: pool.stats(),
                "hot_keys": lambda: pool.hot_keys(),
                "metrics": lambda: pool.metrics(),
                "key.submit": lambda: key.submit(int),
                "key.map": lambda: list(key.map(int, "1234")),
                "key.wait": lambda: key.wait(),
                "key.wait with timeout": lambda: key.wait(LIMIT),
                "key.cancel": lambda: key.cancel(),
                "key.pause": lambda: key.pause(),
                "key.resume": lambda: key.resume(),
                "key.limit": lambda: key.limit(1),
                "key.stats": lambda: key.stats(),
                "executor.submit": lambda: executor.submit(int),
                "executor.map": lambda: list(executor.map(int, "1234")),
            }.items()}

        answers = in_child(calls)
        self.assertEqual({name for name, answer in answers.items() if answer != "BrokenPool"}, set())

    def test_the_end_of_the_pool_is_refused_or_nothing(self):
        for end in (lambda: self.pool.shutdown(), lambda: self.pool.shutdown(wait=False), lambda: self.pool.stop(),
                    lambda: self.pool.shutdown(cancel_futures=True), lambda: self.pool.__exit__(None, None, None),
                    lambda: self.pool.key("key").shutdown(), lambda: self.pool.executor.shutdown(),
                    lambda: self.pool.shutdown(wait=False, cancel_futures=True)):
            self.assertIn(in_child(lambda: outcome(end)), ("BrokenPool", True, False, None))

    def test_the_pool_can_be_told_and_dropped(self):
        def drop():
            text = repr(self.pool)
            del self.pool
            return text

        self.assertEqual(in_child(drop), "<TaskPool workers=2>")

    def test_a_broken_pool_is_a_broken_executor(self):
        self.assertTrue(issubclass(taskpool.BrokenPool, cf.BrokenExecutor))
        self.assertTrue(in_child(lambda: isinstance(self.waiting[0].exception(), cf.BrokenExecutor)))

    def test_futures_that_were_not_done_are_broken(self):
        def ask():
            return [(outcome(future.result), outcome(future.result, 0), outcome(future.result, LIMIT),
                     type(future.exception()).__name__, future.done(), future.cancel(), future.cancelled())
                    for future in (self.running, self.delayed, *self.waiting)]

        self.assertEqual(set(in_child(ask)), {("BrokenPool",) * 4 + (True, False, False)})

    def test_futures_that_were_not_done_can_be_waited_for(self):
        def ask():
            futures, called = [self.running, self.delayed, *self.waiting], []
            for future in futures:
                future.add_done_callback(called.append)
            return len(called), len(cf.wait(futures).done), len(list(cf.as_completed(futures)))

        self.assertEqual(in_child(ask), (7, 7, 7))

    def test_futures_that_were_done_keep_what_they_had(self):
        def ask():
            return (self.finished.result(), outcome(self.failed.result), type(self.failed.exception()).__name__,
                    outcome(self.canceled.result), self.canceled.cancelled())

        self.assertEqual(in_child(ask), (7, "ValueError", "ValueError", "CancelledError", True))

    def test_futures_whose_callbacks_are_running_keep_what_they_had(self):
        calling, called = threading.Event(), threading.Event()
        self.addCleanup(called.set)
        gate, future = self.occupy(self.pool.submit, "other")
        future.add_done_callback(lambda future: (calling.set(), wait_for(called)))
        gate.open()
        wait_for(calling)
        self.assertEqual(future.result(), "opened")
        self.assertEqual(in_child(lambda: outcome(future.result)), "opened")
        called.set()

    def test_futures_that_others_wait_for_are_broken(self):
        waiting = [*self.waiting, self.running]
        calls = [future.result for future in waiting] + [future.exception for future in waiting]
        threads = [self.start_thread(call) for call in calls]
        threads.append(self.start_thread(cf.wait, waiting))
        threads.append(self.start_thread(lambda: list(cf.as_completed(waiting))))
        wait_until(lambda: all(future._waiters and len(future._condition._waiters) == 2 for future in waiting))
        self.assertEqual(in_child(lambda: {outcome(future.result) for future in waiting}), {"BrokenPool"})
        self.gate.open()
        for thread in threads:
            self.join(thread)

    def test_futures_whose_conditions_are_held_are_broken(self):
        def hold(future):
            with future._condition:
                held.wait(LIMIT)
                held.wait(LIMIT)

        held = threading.Barrier(len(self.waiting) + 1)
        threads = [self.start_thread(hold, future) for future in self.waiting]
        held.wait(LIMIT)
        self.assertEqual(in_child(lambda: {outcome(future.result) for future in self.waiting}), {"BrokenPool"})
        held.wait(LIMIT)
        for thread in threads:
            self.join(thread)

    def test_a_new_pool_works(self):
        def work():
            with taskpool.TaskPool(2) as pool:
                futures = [pool.submit("key", int, str(i)) for i in range(10)]
                key = pool.key("key")
                answers = [future.result() for future in futures], key.wait(), pool.wait(), list(pool.map(int, "12"))
            return answers, asyncio.run(run()), outcome(pool.submit, "key", int)

        async def run():
            pool = taskpool.TaskPool(1)
            return await pool.run("key", int, "7")

        self.assertEqual(in_child(work), ((list(range(10)), True, True, [1, 2]), 7, "RuntimeError"))

    def test_the_child_has_a_default_pool_of_its_own(self):
        def work():
            return (taskpool.default_pool() is before, outcome(before.submit, "key", int),
                    taskpool.submit("key", int, "7").result())

        before = taskpool.default_pool()
        self.assertEqual(in_child(work), (False, "BrokenPool", 7))
        self.assertIs(taskpool.default_pool(), before)
        self.assertEqual(taskpool.submit("key", int, "8").result(), 8)

    def test_the_table_is_empty(self):
        self.assertEqual(in_child(lambda: len(jobs)), 0)
        self.assertGreaterEqual(len(jobs), 7)

    def test_a_grandchild_has_broken_pools_too(self):
        def work():
            pool = taskpool.TaskPool(1)
            pool.submit("key", int).result()
            return (in_child(lambda: (outcome(pool.submit, "key", int), outcome(self.pool.submit, "key", int),
                                      taskpool.submit("key", int, "7").result())),
                    pool.submit("key", int, "8").result())

        self.assertEqual(in_child(work), (("BrokenPool", "BrokenPool", 7), 8))

    def test_waits_of_the_parent_go_on(self):
        threads = [self.start_thread(call) for call in (self.pool.wait, self.pool.key("key").wait)]
        blocked = [self.start_thread(self.pool.submit, "key", int) for _ in range(20)]
        wait_until(lambda: self.pool.stats()["blocked"] > 0)
        for _ in range(10):
            in_child(lambda: None)
        self.gate.open()
        for thread in threads + blocked:
            self.join(thread)


class Inside(ForkCase):
    """A fork in a job, and in a callback."""

    def test_a_child_of_a_job_has_broken_pools_and_can_have_new_ones(self):
        def work():
            before = outcome(pool.submit, "key", int), outcome(later.result), outcome(pool.wait), outcome(pool.stop)
            with taskpool.TaskPool(2) as new:
                return before, new.submit("key", int, "7").result(), new.submit("key", int, "8").result(LIMIT), new.wait()

        pool = self.make_pool(2)
        gate, _ = self.occupy(pool.submit, "key")
        future, later = pool.submit("key", in_child, work), pool.submit("key", int, "9")
        gate.open()
        before, *after = future.result()
        self.assertEqual(set(before[:3]), {"BrokenPool"})
        self.assertIn(before[3], ("BrokenPool", None))
        self.assertEqual((after, later.result()), ([7, 8, True], 9))

    def test_the_context_of_the_job_is_of_no_use_in_the_child(self):
        def job():
            context = taskpool.current()
            return in_child(lambda: (outcome(lambda: context.canceled), outcome(context.sleep, 0))), context.canceled

        pool = self.make_pool(2)
        self.assertEqual(pool.submit("key", job).result(), (("RuntimeError",) * 2, False))

    def test_a_child_that_returns_from_the_job_ends(self):
        def job():
            child = fork()
            if child == 0:
                signal.alarm(LIMIT)
                return None
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

        pool = self.make_pool(2)
        self.assertEqual(pool.submit("key", job).result(), 0)
        self.assertEqual(pool.submit("key", int, "7").result(), 7)

    def test_threads_of_a_child_go_on_when_the_worker_that_forked_has_left(self):
        def leave():
            """Once the thread that forked, which is the first of the child, has ended."""
            while True:
                with open(f"/proc/self/task/{os.getpid()}/stat", encoding="ascii", errors="replace") as file:
                    if file.read().rpartition(") ")[2][0] == "Z":
                        os._exit(taskpool.submit("key", int, "7").result())

        def job():
            child = fork()
            if child == 0:
                signal.alarm(LIMIT)
                threading.Thread(target=leave).start()
                return None
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

        pool = self.make_pool(2)
        self.assertEqual(pool.submit("key", job).result(), 7)

    def test_a_child_of_a_callback_on_a_worker_has_a_result(self):
        pool = self.make_pool(2)
        gate, future = self.occupy(pool.submit, "key")
        answers = []
        future.add_done_callback(lambda future: answers.append(in_child(
            lambda: (outcome(future.result), taskpool.submit("key", int, "7").result()))))
        gate.open()
        self.assertTrue(pool.wait(LIMIT))
        self.assertEqual(answers, [("opened", 7)])

    def test_a_child_of_a_callback_of_a_cancel_finds_it_canceled(self):
        pool = self.make_pool(2)
        gate, _ = self.occupy(pool.submit, "key")
        future = pool.submit("key", int)
        answers = []
        future.add_done_callback(lambda future: answers.append(in_child(
            lambda: (outcome(future.result), taskpool.submit("key", int, "7").result()))))
        self.assertTrue(future.cancel())
        gate.open()
        self.assertEqual(answers, [("CancelledError", 7)])


class Exit(ForkCase):
    def check_script(self, text, *lines, code=0):
        result = run_script(text)
        self.assertEqual((result.stdout.splitlines(), result.stderr, result.returncode), (list(lines), "", code))

    def test_the_pools_of_a_child_drain_as_it_exits(self):
        self.check_script("""
import os, sys, threading, time, taskpool
import support  # for the fork
pool = taskpool.TaskPool(2)
gate = threading.Event()
first = pool.submit("key", gate.wait)
rest = pool.submit("key", os.write, 1, b"parent\\n")
taskpool.submit("key", time.sleep, 0).result()
child = os.fork()
if child == 0:
    mine = taskpool.TaskPool(1)
    for each in mine, taskpool.default_pool():
        each.post("key", time.sleep, 0.05)
        each.post("key", os.write, 1, b"child\\n")
    sys.exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
gate.set()
""", "child", "child", "3", "parent")

    @unittest.skipIf(ASAN, "the allocator may be locked in the child")
    def test_a_child_exits_whatever_other_threads_were_doing(self):
        count = 400 if LONG else 60
        self.check_script(f"""
import concurrent.futures, os, signal, sys, threading, taskpool
def hammer(i):
    while not over:
        futures = [pool.submit(f"key {{j % 5}}", int, "7") for j in range(20)]
        futures[i].cancel()
        for future in futures:
            try:
                future.result()
            except concurrent.futures.CancelledError:
                pass
        pool.key("key 1").cancel()
        taskpool.default_pool().post(None, int)
over = []
pool = taskpool.TaskPool(4)
threads = [threading.Thread(target=hammer, args=[i]) for i in range(4)]
for thread in threads:
    thread.start()
children = {{}}
for i in range({count}):
    child = os.fork()
    if child == 0:
        signal.alarm({LIMIT})
        try:
            pool.submit("key", int)
        except taskpool.BrokenPool:
            pass
        mine = taskpool.TaskPool(2) if i % 3 else taskpool.default_pool()
        assert mine.submit("key", int, "3").result() == 3
        mine.post("key", int)
        if i % 4:
            os._exit(5)
        sys.exit(5)
    children[child] = i
    if len(children) == 4:
        child, status = os.wait()
        if os.waitstatus_to_exitcode(status) != 5:
            print("child", children[child], status)
        del children[child]
over.append(1)
for thread in threads:
    thread.join()
for child in children:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
pool.wait()
taskpool.default_pool().wait()
print(len(taskpool._jobs.jobs))
""", "0")


def use_pools(number):
    """For other processes."""
    with taskpool.TaskPool(2) as pool:
        return sum(pool.map(int, str(number))) + taskpool.submit("key", int, "1000").result()


def use_pools_and_tell(number, connection):
    connection.send(use_pools(number))
    taskpool.default_pool().post("key", connection.send, "drained")


class Multiprocessing(ForkCase):
    def check_process(self):
        pool = self.make_pool(2)
        gate, future = self.occupy(pool.submit, "key")
        context = multiprocessing.get_context("fork")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            receive, send = context.Pipe(False)
            process = context.Process(target=use_pools_and_tell, args=(1234, send))
            process.start()
        send.close()
        self.addCleanup(receive.close)
        self.addCleanup(process.close)
        self.assertEqual(receive.poll(LIMIT) and receive.recv(), 1010)
        self.assertEqual(receive.poll(LIMIT) and receive.recv(), "drained")
        process.join(LIMIT)
        self.assertEqual(process.exitcode, 0)
        gate.open()
        self.assertEqual(future.result(), "opened")

    def test_a_forked_process_has_pools_of_its_own(self):
        self.check_process()

    def test_a_spawned_process_has_pools_of_its_own(self):
        """In a program of its own, since what is spawned imports the main module."""
        result = run_script("""
import multiprocessing, threading, taskpool, test_fork
pool = taskpool.TaskPool(2)
gate = threading.Event()
future = pool.submit("key", gate.wait)
context = multiprocessing.get_context("spawn")
receive, send = context.Pipe(False)
process = context.Process(target=test_fork.use_pools_and_tell, args=(1234, send))
process.start()
send.close()
print(receive.recv(), receive.recv())
process.join()
gate.set()
print(process.exitcode, future.result())
""")
        self.assertEqual((result.stdout.splitlines(), result.stderr, result.returncode),
                         (["1010 drained", "0 True"], "", 0))

    def test_a_pool_of_processes_works_beside_a_pool_and_with_pools_inside(self):
        pool = self.make_pool(2)
        gate, future = self.occupy(pool.submit, "key")
        taskpool.submit("key", int).result()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            with multiprocessing.get_context("fork").Pool(2) as processes:
                answer = processes.map_async(use_pools, [12, 34, 56, 78])
                self.assertEqual(answer.get(LIMIT), [1003, 1007, 1011, 1015])
                processes.close()
                processes.join()
        gate.open()
        self.assertEqual(future.result(), "opened")

    def test_a_job_may_start_a_process(self):
        pool = self.make_pool(2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            future = pool.submit("key", self.check_process)
            future.result(LIMIT)


class Pickle(TestCase):
    def test_neither_pools_nor_futures_nor_executors_can_be_pickled(self):
        for each in self.make_all():
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                with self.subTest(type(each).__name__), self.assertRaises(TypeError):
                    pickle.dumps(each, protocol)

    def test_neither_pools_nor_futures_can_be_copied(self):
        for each in self.make_all()[:-2]:
            for call in (copy.copy, copy.deepcopy):
                with self.subTest(type(each).__name__, call=call.__name__), self.assertRaises(TypeError):
                    call(each)

    def make_all(self):
        pool = self.make_pool(1)
        done = pool.submit("key", int)
        done.result()
        running = self.occupy(pool.submit, "key")[1]
        return pool, done, running, pool.submit("key", int), taskpool.Future(), pool.key("key"), pool.executor

    def test_the_exceptions_can_be_pickled(self):
        for kind in (taskpool.BrokenPool, taskpool.DeadlockError, taskpool.JobExpired, taskpool.QueueFull):
            error = pickle.loads(pickle.dumps(kind("why")))
            self.assertEqual((type(error), error.args), (kind, ("why",)))


class SubInterpreter(TestCase):
    TEXT = """
import os, taskpool
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
pool = taskpool.TaskPool(2)
pool.submit("key", int).result()
sub = interpreters.create()
interpreters.run_string(sub, '''
import os
try:
    import taskpool
    for call in taskpool.TaskPool, taskpool.default_pool, lambda: taskpool.submit("key", int):
        try:
            call()
        except RuntimeError as error:
            os.write(1, b"refused\\\\n" if "sub-interpreter" in str(error) else b"for another reason\\\\n")
except RuntimeError as error:  # the import may be refused, too
    os.write(1, b"refused\\\\n" * 3 if "sub-interpreter" in str(error) else b"for another reason\\\\n")
except ImportError as error:
    os.write(1, b"without a clear word\\\\n")
''')
print(pool.submit("key", int, "7").result(), flush=True)
interpreters.destroy(sub)
print(pool.submit("key", int, "8").result(), flush=True)
print(taskpool.submit("key", int, "9").result(), flush=True)
pool.submit("key", print, "drained")
"""

    @unittest.skipUnless(sys.implementation.name == "cpython", "needs CPython")
    def test_a_sub_interpreter_is_refused_and_the_main_one_goes_on(self):
        result = run_script(self.TEXT)
        self.assertEqual((result.stdout.split(), result.stderr, result.returncode),
                         (["refused"] * 3 + ["7", "8", "9", "drained"], "", 0))


if __name__ == "__main__":
    unittest.main()
