# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""What becomes of pools and their jobs when the interpreter exits, and when a pool is dropped."""

import gc
import os
import signal
import sys
import threading
import unittest
import weakref

import taskpool
from support import Script, TestCase, run_script, wait_for, wait_until

#: A script's exit handlers tell how many jobs had run; they are called after the pools have ended.
TELL = """
import atexit, threading, time
import taskpool
done = []
atexit.register(lambda: print(len(done)))
"""

#: For jobs: returns what a submit says once the exit has begun.
UNTIL_REFUSED = """
def until_refused(pool):
    while True:
        try:
            pool.post(None, int)
        except RuntimeError as error:
            return str(error)
        time.sleep(0.001)
"""

#: A thread submits until it is refused.
SUBMITTER = """
import atexit, threading, time
import taskpool
done, accepted, refused = [], [], threading.Event()
pool = taskpool.TaskPool(2)
def submit():
    try:
        while True:
            pool.submit(None, done.append, 1)
            accepted.append(1)
    except RuntimeError as error:
        if str(error) == "cannot schedule new futures after shutdown":
            refused.set()
"""


class ScriptCase(TestCase):
    def check_script(self, text, *lines, code=0):
        result = run_script(text)
        self.assertEqual((result.stdout.splitlines(), result.stderr, result.returncode), (list(lines), "", code))


class Exit(ScriptCase):
    def test_all_jobs_of_a_pool_run(self):
        self.check_script(TELL + """
pool = taskpool.TaskPool(2, queue_capacity=200)
for i in range(200):
    pool.submit(f"key {i % 7}", done.append, i)
""", "200")

    def test_jobs_of_the_default_pool_posts_and_delayed_jobs_run(self):
        self.check_script(TELL + """
for i in range(50):
    taskpool.submit("submitted", done.append, i)
    taskpool.default_pool().post("posted", done.append, i)
    taskpool.default_pool().submit("delayed", done.append, i, _delay=0.1)
""", "150")

    def test_jobs_of_a_pool_that_nobody_holds_run(self):
        self.check_script(TELL + """
pool = taskpool.TaskPool(1)
for i in range(50):
    pool.post("key", done.append, i)
    pool.submit("delayed", done.append, i, _delay=0.1)
del pool
""", "100")

    def test_long_jobs_run_to_their_end(self):
        self.check_script(TELL + """
pool = taskpool.TaskPool(2)
def long(i):
    time.sleep(0.1)
    done.append(i)
for i in range(6):
    pool.submit(None, long, i)
""", "6")

    def test_jobs_of_several_pools_run(self):
        self.check_script(TELL + """
pools = [taskpool.TaskPool(1) for i in range(8)]
for i in range(80):
    pools[i % 8].submit("key", done.append, i)
""", "80")

    def test_sys_exit_keeps_its_code(self):
        self.check_script(TELL + """
import sys
pool = taskpool.TaskPool(2)
for i in range(50):
    pool.submit("key", done.append, i)
sys.exit(3)
""", "50", code=3)

    def test_jobs_run_after_an_unhandled_exception(self):
        result = run_script(TELL + """
pool = taskpool.TaskPool(2)
for i in range(50):
    pool.submit("key", done.append, i)
raise LookupError("on purpose")
""")
        self.assertEqual((result.stdout, result.returncode), ("50\n", 1))
        self.assertEqual(result.stderr.splitlines()[-1], "LookupError: on purpose")
        self.assertEqual(result.stderr.count("Traceback"), 1)

    def test_os_exit_does_not_wait(self):
        self.check_script("""
import os, threading, taskpool
pool = taskpool.TaskPool(2)
started = threading.Event()
pool.submit("key", lambda: (started.set(), threading.Event().wait()))
for i in range(50):
    pool.submit("key", print, i)
started.wait()
os._exit(7)
""", code=7)

    def test_what_jobs_raise_does_not_change_the_code(self):
        self.check_script("""
import sys, taskpool
def fail(kind):
    raise kind(9)
pool = taskpool.TaskPool(1)
gate = __import__("threading").Event()
pool.submit("key", gate.wait)
pool.on_error = lambda error, key: print(type(error).__name__)
for kind in SystemExit, KeyboardInterrupt, ValueError:
    pool.submit("key", fail, kind)
    pool.post("key", fail, kind)
gate.set()
""", "SystemExit", "KeyboardInterrupt", "ValueError")

    def test_a_daemon_thread_that_submits_is_refused(self):
        self.check_script(SUBMITTER + """
threading.Thread(target=submit, daemon=True).start()
while len(done) < 100:
    time.sleep(0.001)
atexit.register(lambda: print(refused.wait(60), len(accepted) == len(done)))
""", "True True")

    def test_a_thread_that_submits_is_refused(self):
        self.check_script(SUBMITTER + """
threading.Thread(target=submit).start()
while len(done) < 100:
    time.sleep(0.001)
atexit.register(lambda: print(refused.wait(60), len(accepted) == len(done)))
""", "True True")

    def test_a_job_that_submits_is_refused(self):
        self.check_script(TELL + UNTIL_REFUSED + """
pool = taskpool.TaskPool(2)
pool.submit("key", lambda: print(until_refused(pool)))
pool.submit("key", done.append, 1)
""", "cannot schedule new futures after shutdown", "1")

    def test_a_shutdown_that_nobody_waits_for_is_waited_for(self):
        self.check_script(TELL + """
pool = taskpool.TaskPool(2)
for i in range(50):
    pool.submit("key", time.sleep, 0.001)
    pool.submit("key", done.append, i)
pool.shutdown(wait=False)
""", "50")

    def test_a_pool_that_has_ended_is_no_matter(self):
        self.check_script(TELL + """
stopped, closed, left = taskpool.TaskPool(1), taskpool.TaskPool(1), taskpool.TaskPool(1)
closed.submit("key", done.append, 1)
stopped.stop()
closed.shutdown()
with left:
    left.submit("key", done.append, 1)
""", "2")

    def test_a_thread_pool_of_the_standard_library_drains_beside_a_pool(self):
        self.check_script(TELL + """
import concurrent.futures
pool = taskpool.TaskPool(2)
threads = concurrent.futures.ThreadPoolExecutor(2)
for i in range(20):
    future = pool.submit("key", time.sleep, 0.005)
    threads.submit(lambda future: done.append(future.result()), future)
    pool.submit("key", lambda future: done.append(future.result()), threads.submit(time.sleep, 0.005))
""", "40")

    def test_exit_handlers_find_all_results(self):
        self.check_script("""
import atexit, taskpool
order = []
pool = taskpool.TaskPool(1)
atexit.register(lambda: print(order, future.result(), pool.stats()["ran"]))
atexit.register(order.append, "second")
pool.submit("key", order.append, "first")
future = pool.submit("key", int, "42")
""", "['first', 'second'] 42 2")

    def test_a_pool_made_by_an_exit_handler_is_refused(self):
        result = run_script("""
import atexit, taskpool
def late(make):
    try:
        make().submit("key", print, "ran")
    except RuntimeError:
        print("refused")
atexit.register(late, taskpool.TaskPool)
atexit.register(late, taskpool.default_pool)
pool = taskpool.TaskPool(1)
atexit.register(late, lambda: pool)
""")
        self.assertEqual((result.stdout.splitlines(), result.stderr, result.returncode), (["refused"] * 3, "", 0))

    def test_a_pool_made_by_a_job_at_exit_is_refused_or_drained(self):
        result = run_script(TELL + UNTIL_REFUSED + """
def late():
    until_refused(pool)
    try:
        other = taskpool.TaskPool(1)
        other.submit("key", time.sleep, 0.05)
        other.submit("key", print, "made")
    except RuntimeError:
        print("made")
    done.append(1)
pool = taskpool.TaskPool(1)
pool.submit("key", late)
""")
        self.assertEqual((result.stdout.splitlines(), result.stderr, result.returncode), (["made", "1"], "", 0))

    def test_a_pool_made_by_a_thread_after_the_pools_have_ended_is_refused_or_drained(self):
        result = run_script("""
import threading, taskpool, time
def late():
    threading.main_thread().join()
    try:
        pool = taskpool.TaskPool(1)
        pool.submit("key", time.sleep, 0.05)
        pool.submit("key", print, "made")
    except RuntimeError:
        print("made")
threading.Thread(target=late).start()
""")
        self.assertEqual((result.stdout.splitlines(), result.stderr, result.returncode), (["made"], "", 0))

    def test_pools_that_come_and_go_meanwhile_do_not_disturb_the_exit(self):
        self.check_script(TELL + """
def come_and_go():
    try:
        while True:
            taskpool.TaskPool(1).submit("key", int).result()
    except RuntimeError:
        pass
pools = [taskpool.TaskPool(1) for i in range(20)]
for pool in pools:
    pool.submit("key", time.sleep, 0.01)
    pool.submit("key", done.append, 1)
threads = [threading.Thread(target=come_and_go, daemon=True) for i in range(2)]
for thread in threads:
    thread.start()
""", "20")

    def test_what_a_worker_keeps_for_itself_is_let_go_before_the_end(self):
        self.check_script("""
import threading, time, weakref, taskpool
class Mark:
    def __del__(self):
        time.sleep(0.1)
        print("gone", flush=True)
local = threading.local()
pool = taskpool.TaskPool(1)
reference = weakref.ref(pool)
pool.post("key", lambda: setattr(local, "mark", Mark()))
del pool
while reference() is not None:
    time.sleep(0.001)
""", "gone")

    def test_exits_with_two_hundred_queued_jobs_again_and_again(self):
        self.check_script("""
import os, sys, taskpool
for i in range(30):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        pool = taskpool.TaskPool(1 + i % 8, queue_capacity=200)
        for j in range(200):
            pool.submit(f"key {j % 5}", os.write, write, b"1")
        sys.exit(i)
    os.close(write)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    count = len(os.read(read, 1000))
    os.close(read)
    if (code, count) != (i, 200):
        print(i, code, count)
""")


class Interrupt(TestCase):
    """Ctrl-C while the exit waits for jobs."""

    TEXT = """
import atexit, os, threading
import taskpool
pools = [taskpool.TaskPool(1) for i in range({count})]
def wait():
    started.release()
    return taskpool.current().sleep(600)
started = threading.Semaphore(0)
first = [pool.submit("key", wait) for pool in pools]
rest = [pool.submit("key", print, "ran") for pool in pools for i in range(50)]
for pool in pools:
    started.acquire()
@atexit.register
def tell():
    print([future.done() and future.result() for future in first], sum(future.cancelled() for future in rest),
          taskpool._native.lib.taskpool_py_attached())
threading._register_atexit(print, "exiting")
"""

    @unittest.skipUnless(hasattr(threading, "_register_atexit"), "cannot tell when the exit begins")
    def check_interrupt(self, count):
        script = Script(self, self.TEXT.format(count=count))
        self.assertEqual(script.read_line(), "exiting")
        script.wait_for_sleep()
        script.send(signal.SIGINT)
        lines, errors, code = script.finish()
        self.assertEqual(lines, [f"{[False] * count} {50 * count} 0"])
        self.assertIn("KeyboardInterrupt", errors)
        self.assertIn(code, (0, 130, -signal.SIGINT))

    def test_it_cancels_what_waits_and_exits(self):
        self.check_interrupt(1)

    def test_it_cancels_what_waits_in_all_pools_and_exits(self):
        self.check_interrupt(3)


def threads_named(name):
    count = 0
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/comm", encoding="utf-8") as file:
                count += file.read().startswith(name)
        except OSError:
            pass
    return count


@unittest.skipUnless(os.path.exists("/proc/self/task"), "cannot count threads")
class Drop(TestCase):
    """A pool that nobody holds any more ends when its jobs have ended."""

    def test_one_without_jobs_ends_at_once(self):
        pool = taskpool.TaskPool(2, name="drop idle")
        self.assertEqual(threads_named("drop idle"), 2)
        self.without_gc()
        del pool
        wait_until(lambda: threads_named("drop idle") == 0)  # it may still be listed for a moment

    def test_one_with_jobs_runs_them_first(self):
        pool = taskpool.TaskPool(1, name="drop busy")
        gate, first = self.occupy(pool.submit, "key")
        ran = []
        for i in range(50):
            pool.post("key", ran.append, i)
        last = pool.submit("key", ran.append, 50)
        reference = weakref.ref(pool)
        self.without_gc()
        del pool
        self.assertIsNotNone(reference())
        gate.open()
        self.assertIsNone(last.result())
        self.assertEqual(ran, list(range(51)))
        del first, last
        self.assertDies(reference)
        wait_until(lambda: threads_named("drop busy") == 0)

    def test_one_may_be_dropped_by_its_own_job(self):
        box = [taskpool.TaskPool(2, name="drop inside")]
        reference = weakref.ref(box[0])
        self.without_gc()
        ran = []
        gate, _ = self.occupy(box[0].submit, "key")
        box[0].post("key", lambda: (box.clear(), ran.append(1)))
        box[0].post("key", ran.append, 2)
        del _
        gate.open()
        self.assertDies(reference)
        wait_until(lambda: threads_named("drop inside") == 0)
        self.assertEqual(ran, [1, 2])

    def test_one_in_a_circle_of_references_ends_when_it_is_collected(self):
        class Holder:
            pass

        holder = Holder()
        holder.pool = taskpool.TaskPool(2, name="drop circle")
        holder.pool.holder = holder
        holder.future = holder.pool.submit("key", lambda holder: holder, holder)
        self.assertIs(holder.future.result(), holder)
        holder.pool.wait()
        reference = weakref.ref(holder.pool)
        del holder
        gc.collect()
        wait_until(lambda: gc.collect() == 0 and reference() is None)
        wait_until(lambda: threads_named("drop circle") == 0)

    def test_one_may_be_collected_by_its_own_job(self):
        holder = [taskpool.TaskPool(1, name="drop gc")]
        holder.append(holder)
        reference = weakref.ref(holder[0])
        gate, _ = self.occupy(holder[0].submit, "key")
        self.without_gc()
        holder[0].post("key", gc.collect)
        del holder, _
        gate.open()
        wait_until(lambda: gc.collect() == 0 and reference() is None)
        wait_until(lambda: threads_named("drop gc") == 0)

    def test_one_that_is_closing_is_held_by_who_closes_it(self):
        began, let = threading.Event(), threading.Event()

        def hold(frame, event, arg):  # called on the thread that shuts the pool down, before anything else
            sys.setprofile(None)
            began.set()
            wait_for(let)
            if reference() is None:
                raise SystemExit  # it must not touch the pool

        pool = taskpool.TaskPool(1, name="drop closing")
        reference = weakref.ref(pool)
        self.addCleanup(let.set)
        self.addCleanup(threading.setprofile, None)
        before = threading.active_count()
        threading.setprofile(hold)
        pool.shutdown(wait=False)
        threading.setprofile(None)
        if threading.active_count() > before:
            wait_for(began)
            del pool
            self.assertIsNotNone(reference(), "freed under the hands of the thread that shuts it down")
        let.set()
        pool = None
        self.assertDies(reference)
        wait_until(lambda: threads_named("drop closing") == 0)


if __name__ == "__main__":
    unittest.main()
