# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Ctrl-C reaches who waits, and nothing is lost by it; handlers of signals may use the pool.

    python3 test_signals.py --measure [TRIES]       prints how long each kind of wait takes to react
"""

import concurrent.futures as cf
import itertools
import random
import signal
import sys
import threading
import time
import unittest

import taskpool
from support import LIMIT, Script, TestCase, run_script, wait_until
from taskpool._jobs import jobs

#: What can be waited in: each makes a program of a pool of one worker with room for one, which stands in `gate`.
WAITS = {
    "submit": "pool.submit('key', ran.append, 1)",
    "post": "pool.post('key', ran.append, 1)",
    "map": "list(pool.map(ran.append, [1, 1], key=lambda item: 'key'))",
    "map in chunks": "list(pool.map(ran.append, [1, 1, 1], key=lambda item: 'key', chunksize=3))",
    "results of map": "list(pool.map(lambda item: 1, [1], key=lambda item: 'other key'))",
    "pool.wait": "pool.wait()",
    "pool.wait with a timeout": "pool.wait(600)",
    "key.wait": "key.wait()",
    "key.wait with a timeout": "key.wait(600)",
    "key.shutdown": "key.shutdown()",
    "result": "running.result()",
    "result with a timeout": "running.result(600)",
    "exception": "running.exception()",
    "shutdown": "pool.shutdown()",
    "shutdown with times": "pool.shutdown(drain=600, cancel=600)",
    "shutdown that cancels": "pool.shutdown(cancel_futures=True)",
    "stop": "pool.stop()",
    "with": "pool.__exit__(None, None, None)",
    "run": "asyncio.run(pool.run('key', ran.append, 1))",
}

#: These submit to a full queue: what was not accepted must not run.
FULL = ("submit", "post", "map", "map in chunks", "run")

PROGRAM = """
import asyncio, signal, sys, threading, time
import taskpool
signal.signal(signal.SIGINT, signal.default_int_handler)
pool = taskpool.TaskPool(1, queue_capacity=1)
key = pool.key("key")
ran, started, gate = [], threading.Event(), threading.Event()
def stand():
    started.set()
    gate.wait({limit})
running = key.submit(stand)
started.wait({limit})
waiting = key.submit(ran.append, 0) if {full} else None
"""


def program_of(name):
    return PROGRAM.format(limit=LIMIT, full=name in FULL)


class Interrupt(TestCase):
    """Ctrl-C ends a wait that would last for ever."""

    def check_interrupt(self, name):
        script = Script(self, program_of(name) + f"""
try:
    print("waiting")
    {WAITS[name]}
    print("returned")
except KeyboardInterrupt:
    print("interrupted")
interrupted = time.monotonic()
gate.set()
pool.shutdown()
print(ran, taskpool._jobs.jobs)
print(waiting and waiting.result(), running.done(), pool.stats()["running"], pool.stats()["queued"])
""")
        self.assertEqual(script.read_line(), "waiting")
        script.wait_for_sleep()
        script.send(signal.SIGINT)
        lines, errors, code = script.finish()
        self.assertEqual((lines, errors, code), (
            ["interrupted", f"{[0] if name in FULL else []} {{}}", "None True 0 0"], "", 0))

    def test_several_waits_of_each_kind_can_be_interrupted_in_one_process(self):
        """The pool goes on after each."""
        names = ("submit", "post", "pool.wait", "key.wait", "result", "exception", "run")
        script = Script(self, program_of("") + f"""
def check(wait):
    try:
        print("waiting")
        wait()
        print("returned")
    except KeyboardInterrupt:
        print("interrupted")
filled = key.submit(ran.append, 0)
for wait in [{", ".join(f"lambda: {WAITS[name]}" for name in names)}] * 2:
    check(wait)
gate.set()
print(pool.wait(), ran, pool.submit(None, int, "7").result(), len(taskpool._jobs.jobs))
pool.shutdown()
""")
        for _ in range(14):
            self.assertEqual(script.read_line(), "waiting")
            script.wait_for_sleep()
            script.send(signal.SIGINT)
            self.assertEqual(script.read_line(), "interrupted")
        lines, errors, code = script.finish()
        self.assertEqual((lines, errors, code), (["True [0] 7 0"], "", 0))


def add_tests():
    for name in WAITS:
        def test(self, name=name):
            self.check_interrupt(name)

        setattr(Interrupt, f"test_in_{name.replace(' ', '_').replace('.', '_')}", test)


add_tests()


class InterruptedAnywhere(TestCase):
    """A handler that raises, wherever the main thread is in the pool's code."""

    class Interrupted(BaseException):
        pass

    def setUp(self):
        def handle(number, frame):
            if self.armed:
                self.armed = False
                raise self.Interrupted

        self.armed = False
        self.addCleanup(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, handle))
        self.random = random.Random(7)

    def interrupt(self, call):
        """Whether the call was interrupted, after a random time."""
        try:
            self.armed = True
            signal.setitimer(signal.ITIMER_REAL, self.random.uniform(0.00001, 0.0005))
            call()
            self.armed = False
            return False
        except self.Interrupted:
            return True
        finally:
            self.armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def test_a_submit_is_accepted_or_its_job_does_not_run(self):
        def submit():
            while True:
                futures.append(pool.submit("key", ran.append, next(numbers)))

        pool = self.make_pool(1, queue_capacity=100_000)
        for _ in range(200):
            futures, ran, numbers = [], [], itertools.count()
            gate, _ = self.occupy(pool.submit, "key")
            self.assertTrue(self.interrupt(submit))
            gate.open()
            self.assertTrue(pool.wait(LIMIT))
            # The one that was under way may have been accepted just before.
            self.assertIn(len(ran) - len(futures), (0, 1))
            self.assertEqual(ran, list(range(len(ran))))
            self.assertTrue(all(future.done() for future in futures))
            self.assertEqual(jobs, {})

    def test_a_wait_harms_nothing(self):
        pool = self.make_pool(2)
        key = pool.key("key")
        gate, future = self.occupy(key.submit)
        # Those of the standard library, in result too, do not stand that.
        waits = [pool.wait, key.wait, lambda: pool.wait(LIMIT), lambda: key.wait(LIMIT)]
        for i in range(40):
            self.assertTrue(self.interrupt(waits[i % len(waits)]))
        gate.open()
        self.assertEqual([wait() for wait in waits], [True] * 4)
        self.assertEqual(future.result(), "opened")
        self.assertTrue(pool.wait(LIMIT))
        self.assertEqual(jobs, {})

    def test_what_was_canceled_is_canceled_or_runs(self):
        pool = self.make_pool(1, queue_capacity=200)
        for _ in range(100):
            gate, _ = self.occupy(pool.submit, "key")
            futures = [pool.submit("key", int, "7") for _ in range(50)]
            self.interrupt(lambda: [future.cancel() for future in futures])
            gate.open()
            self.assertEqual(cf.wait(futures, LIMIT).not_done, set())
            for future in futures:
                if not future.cancelled() and not isinstance(future.exception(), self.Interrupted):
                    self.assertEqual(future.result(), 7)
            self.assertTrue(pool.wait(LIMIT))
            self.assertEqual(jobs, {})


class Callbacks(TestCase):
    """Ctrl-C in the callbacks that a cancel calls on the main thread."""

    TEXT = """
import concurrent.futures, signal, threading, time
import taskpool
signal.signal(signal.SIGINT, signal.default_int_handler)
pool = taskpool.TaskPool(2)
started, gate, called = threading.Event(), threading.Event(), []
pool.submit("key", lambda: (started.set(), gate.wait(60)))
started.wait(60)
future, later = pool.submit("key", int), pool.submit("key", int, "7")
for i in range(1000):
    future.add_done_callback(lambda future: called.append(1))
    if i == 500:
        future.add_done_callback(lambda future: signal.raise_signal(signal.SIGINT))
"""

    def test_it_reaches_who_canceled(self):
        result = run_script(self.TEXT + """
try:
    future.cancel()
    for i in range(1000):
        pass
    print("lost")
except KeyboardInterrupt:
    print("interrupted")
gate.set()
print(future.cancelled(), later.result())
pool.shutdown()
print(taskpool._jobs.jobs)
""")
        self.assertEqual((result.stdout.splitlines(), result.stderr, result.returncode),
                         (["interrupted", "True 7", "{}"], "", 0))

    def test_who_waits_for_the_future_is_told(self):
        result = run_script(self.TEXT + """
waiter = threading.Thread(target=lambda: print(len(concurrent.futures.wait([future], 20).done)))
waiter.start()
while not future._waiters:
    time.sleep(0.001)
try:
    future.cancel()
except KeyboardInterrupt:
    pass
waiter.join()
gate.set()
pool.shutdown()
""")
        self.assertEqual(result.stdout.splitlines(), ["1"])

    def test_a_cancel_of_the_key_and_a_stop_go_on_to_the_end(self):
        for end in ("pool.key('key').cancel()", "pool.stop()"):
            result = run_script(self.TEXT + f"""
threading.Timer(0.05, gate.set).start()
try:
    {end}
except KeyboardInterrupt:
    pass
try:
    pool.stop()
except KeyboardInterrupt:
    pass
print(future.cancelled(), later.cancelled(), taskpool._jobs.jobs)
""")
            self.assertEqual(result.stdout.splitlines(), ["True True {}"])


class Handlers(TestCase):
    def setUp(self):
        self.threads = set()
        self.count = 0

    def hammer(self, handler, work, count=200):
        """Does the work while signals come, whose handler runs in the middle of it."""
        def handle(number, frame):
            if self.busy:
                return
            self.busy = True
            try:
                self.threads.add(threading.get_ident())
                handler()
                self.count += 1
            finally:
                self.busy = False

        self.busy = False
        before = signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
        try:
            rounds = 0
            deadline = time.monotonic() + LIMIT
            while (self.count < count or rounds < count // 4) and time.monotonic() < deadline:
                work()
                rounds += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        self.assertGreaterEqual(self.count, count)
        self.assertEqual(self.threads, {threading.get_ident()})

    def test_a_handler_may_submit_cancel_and_wait(self):
        def use():
            first, second = pool.submit("handler", int, "7"), pool.submit("handler", int, _delay=20)
            results.append(first.result(20))
            canceled.append(second.cancel())
            pool.post(None, int)

        def work():
            futures = [pool.submit("key", int, "8") for _ in range(5)]
            futures[-1].cancel()
            self.assertEqual([future.result(LIMIT) for future in futures[:-1]], [8] * 4)
            pool.key("key").wait()
            pool.wait()

        results, canceled = [], []
        pool = self.make_pool(2)
        self.hammer(use, work)
        self.assertEqual((set(results), set(canceled)), ({7}, {True}))
        self.assertTrue(pool.wait(LIMIT))

    def test_a_handler_may_use_the_default_pool(self):
        result = run_script("""
import signal, taskpool
def handle(number, frame):
    global count, busy
    if not busy:
        busy = True
        taskpool.submit(None, int).result()
        count += 1
        busy = False
count, busy = 0, False
signal.alarm(30)
signal.signal(signal.SIGVTALRM, handle)
signal.setitimer(signal.ITIMER_VIRTUAL, 0.0005, 0.0005)
while count < 30:
    for i in range(100):
        taskpool.default_pool()
signal.setitimer(signal.ITIMER_VIRTUAL, 0)
print(count >= 30)
""")
        self.assertEqual((result.stdout, result.stderr, result.returncode), ("True\n", "", 0))

    def test_the_default_pool_can_be_asked_for_in_the_middle_of_itself(self):
        """Where a handler, or a finalizer, may come: at each line of default_pool, the first time and later."""
        result = run_script("""
import signal, sys, taskpool
def trace(frame, event, arg):
    if frame.f_code is taskpool.default_pool.__code__ and not inside:
        if event == "line":
            inside.append(1)
            pools.add(taskpool.default_pool())
            inside.pop()
        return trace
signal.alarm(20)
inside, pools = [], set()
sys.settrace(trace)
pools.add(taskpool.default_pool())
pools.add(taskpool.default_pool())
sys.settrace(None)
print(len(pools))
""")
        self.assertEqual((result.stdout, result.stderr, result.returncode), ("1\n", "", 0))

    def test_handlers_run_on_the_main_thread_while_the_workers_are_busy(self):
        def spin():
            while not stop:
                pass

        stop = []
        pool = self.make_pool(2)
        spinners = [pool.submit(None, spin) for _ in range(2)]
        try:
            self.hammer(int, lambda: pool.wait(0.001), 20)
        finally:
            stop.append(1)
        self.assertEqual([spinner.result(LIMIT) for spinner in spinners], [None, None])

    @unittest.skipUnless(hasattr(signal, "pthread_sigmask"), "no signal masks")
    def test_workers_block_all_signals_but_those_of_faults(self):
        pool = self.make_pool(2)
        blocked = pool.submit("key", signal.pthread_sigmask, signal.SIG_BLOCK, []).result()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGCHLD, signal.SIGUSR1,
                       signal.SIGUSR2, signal.SIGQUIT, signal.SIGPIPE, signal.SIGVTALRM, signal.SIGWINCH):
            self.assertIn(number, blocked)
        for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL):
            self.assertNotIn(number, blocked)

    @unittest.skipUnless(hasattr(signal, "pthread_kill"), "cannot send signals to threads")
    def test_a_signal_to_a_worker_is_not_handled(self):
        heard = []
        before = signal.signal(signal.SIGUSR2, lambda number, frame: heard.append(number))
        self.addCleanup(signal.signal, signal.SIGUSR2, before)
        pool = self.make_pool(1)
        gate, _ = self.occupy(pool.submit, "key")
        ident = pool.submit("other", threading.get_ident)
        gate.open()
        signal.pthread_kill(ident.result(), signal.SIGUSR2)
        for _ in range(50):
            pool.submit("key", int).result()
        self.assertEqual(heard, [])
        pool.shutdown()
        self.assertEqual(heard, [])


MEASURE = """
import os, random
def interrupt():
    global sent
    started.wait()
    time.sleep(random.uniform(0.02, 0.12))
    sent = time.monotonic()
    os.kill(os.getpid(), signal.SIGINT)
for i in range(int(sys.argv[1])):
    thread = threading.Thread(target=interrupt)
    try:
        thread.start()
        {wait}
    except KeyboardInterrupt:
        print(time.monotonic() - sent)
    thread.join()
gate.set()
"""


def measure(tries):
    print(f"milliseconds from the signal to the except clause, {tries} tries: least, median, 90 %, most")
    for name in WAITS:
        result = run_script(program_of(name) + MEASURE.format(wait=WAITS[name]), str(tries), timeout=600)
        times = sorted(1000 * float(line) for line in result.stdout.split() if line)
        if len(times) != tries:
            print(name, result)
            continue
        print(f"{name:26}", *(f"{times[int(part * (tries - 1))]:8.2f}" for part in (0, 0.5, 0.9, 1)))


if __name__ == "__main__":
    if "--measure" in sys.argv:
        measure(int(sys.argv[2]) if len(sys.argv) > 2 else 50)
    else:
        unittest.main()
