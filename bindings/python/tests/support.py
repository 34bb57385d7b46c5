# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""What the tests share: latches with a limit, pools and threads that are gone after the test, scripts of their own."""

import faulthandler
import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import weakref

import taskpool

#: Seconds that nothing takes, however busy the machine: to be reached in failures only.
LIMIT = 60

#: Whether what is freed is kept for a while, and a fork may find the allocator locked.
ASAN = "asan" in os.environ.get("LD_PRELOAD", "")


# What a shell runs in the background ignores Ctrl-C, and so would the programs that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def wait_for(event):
    """Waits for a threading.Event."""
    if not event.wait(LIMIT):
        raise AssertionError("waited in vain")


def wait_until(condition):
    """Waits for what nobody announces."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain")
        time.sleep(0.001)


def _wait_for_sleep():
    """Until each other thread sleeps, and so is not in the allocator."""
    def others_sleep():
        for task in os.listdir("/proc/self/task"):
            if int(task) != threading.get_native_id():
                try:
                    with open(f"/proc/self/task/{task}/stat", encoding="ascii", errors="replace") as file:
                        if file.read().rpartition(") ")[2][0] != "S":
                            return False
                except (FileNotFoundError, ProcessLookupError):
                    pass
        return True

    wait_until(others_sleep)


if ASAN:  # a thread that starts allocates, too
    os.register_at_fork(before=_wait_for_sleep)


def run_script(text, *args, env=None, timeout=LIMIT):
    """Runs a program of Python on its own, with this package and these checks; returns the CompletedProcess."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(taskpool.__file__)))
    path = os.pathsep.join([root, os.path.dirname(os.path.abspath(__file__))])
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", text, *args]
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
    return subprocess.run(command, env=environment, timeout=timeout, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class Gate:
    """A job, to be submitted: it says that it has started, and returns 'opened' once it may."""

    def __init__(self):
        self.started = threading.Event()
        self.opened = threading.Event()

    def __call__(self, *args, **kwargs):
        self.started.set()
        wait_for(self.opened)
        return "opened"

    def open(self):
        self.opened.set()


class TestCase(unittest.TestCase):
    """A test that hangs shows where, and ends the program."""

    def run(self, result=None):
        faulthandler.dump_traceback_later(3 * LIMIT, exit=True)
        try:
            return super().run(result)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def make_pool(self, workers=2, **options):
        pool = taskpool.TaskPool(workers, **options)
        self.addCleanup(pool.shutdown)
        return pool

    def make_gate(self):
        """To be made after the pool: it is opened before that is shut down."""
        gate = Gate()
        self.addCleanup(gate.open)
        return gate

    def occupy(self, submit, *args):
        """``submit(*args, gate)``; returns the gate, which a worker is standing in, and what submit returned."""
        gate = self.make_gate()
        future = submit(*args, gate)
        wait_for(gate.started)
        return gate, future

    def start_thread(self, fn, *args):
        """A thread; what it raises fails the test. To be joined by ``join``, else at the end."""
        def target():
            try:
                fn(*args)
            except BaseException as error:
                errors.append(error)

        def check():
            self.join(thread)
            if errors:
                raise errors.pop()

        errors = []
        thread = threading.Thread(target=target, daemon=True)
        self.addCleanup(check)
        thread.start()
        return thread

    def join(self, thread):
        thread.join(LIMIT)
        self.assertFalse(thread.is_alive(), "a thread hangs")

    def assertDies(self, reference):
        """That a weak reference has lost its object, or loses it as soon as a worker has put it down; without gc."""
        self.assertIsInstance(reference, weakref.ref)
        wait_until(lambda: reference() is None)

    def without_gc(self):
        """Reference counts alone must do."""
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)


class Script:
    """A program of Python that runs beside the test, which reads its lines and sends it signals."""

    def __init__(self, test, text, *args):
        root = os.path.dirname(os.path.dirname(os.path.abspath(taskpool.__file__)))
        path = os.pathsep.join([root, os.path.dirname(os.path.abspath(__file__))])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-X", "dev", "-W", "error", "-c", text, *args], env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors)
        self._limit = threading.Timer(LIMIT, self._process.kill)
        self._limit.start()
        test.addCleanup(self._end)

    def _end(self):
        self._limit.cancel()
        self._limit.join()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def read_line(self):
        """The next line; an empty one after the last, too."""
        return self._process.stdout.readline().rstrip("\n")

    def wait_for_sleep(self):
        """Until its main thread is asleep, where the system tells."""
        path = f"/proc/{self._process.pid}/task/{self._process.pid}/stat"
        deadline = time.monotonic() + 5
        asleep = 0
        while asleep < 4 and time.monotonic() < deadline:
            time.sleep(0.002)
            try:
                with open(path, encoding="utf-8") as file:
                    asleep = asleep + 1 if file.read().rpartition(")")[2].split()[0] == "S" else 0
            except OSError:
                return

    def send(self, number):
        self._process.send_signal(number)

    def finish(self):
        """The lines that were not read, what was written to stderr, and the return code."""
        output = self._process.stdout.read()  # with what is in its buffer already, unlike communicate()
        self._process.wait()
        self._errors.seek(0)
        return output.splitlines(), self._errors.read(), self._process.returncode
