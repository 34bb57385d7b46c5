# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Who waits in the library lets the other threads of Python run; workers are threads of Python like others."""

import asyncio
import sys
import threading
import unittest
from concurrent import futures as cf

import taskpool
from support import LIMIT, TestCase, wait_for


class Waits(TestCase):
    """A thread that waits holds nobody up: what ends its wait is another thread of Python."""

    def setUp(self):
        self.pool = self.make_pool(2, queue_capacity=1, name="gil")
        self.gate, self.future = self.occupy(self.pool.submit, "key")

    def open_soon(self):
        """Opens the gate from a thread that has to take the GIL for it, again and again."""
        def run():
            started.set()
            for _ in range(100):
                counted.append(1)
                if not barrier.wait(LIMIT):
                    pass
            self.gate.open()

        def partner():
            for _ in range(100):
                barrier.wait(LIMIT)

        started, counted, barrier = threading.Event(), [], threading.Barrier(2)
        self.start_thread(run)
        self.start_thread(partner)
        wait_for(started)
        return counted

    def check(self, call, *args):
        """What the call returns, which cannot return before other threads have run."""
        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        sys.setswitchinterval(1000)  # nobody takes the GIL: it has to be given
        counted = self.open_soon()
        result = call(*args)
        self.assertTrue(self.gate.opened.is_set())
        self.assertEqual(len(counted), 100)
        return result

    def test_in_a_submit_to_a_full_queue(self):
        self.pool.submit("key", int)
        self.assertEqual(self.check(self.pool.submit, "key", int, "7").result(), 7)

    def test_in_a_post_to_a_full_queue(self):
        self.pool.post("key", int)
        self.assertIsNone(self.check(self.pool.post, "key", int))

    def test_in_a_map_that_finds_the_queue_full(self):
        def call():
            return list(self.pool.map(int, "1234", key=lambda item: "key", chunksize=4))

        self.assertEqual(self.check(call), [1, 2, 3, 4])

    def test_in_the_wait_for_a_pool(self):
        self.assertIs(self.check(self.pool.wait), True)

    def test_in_the_wait_for_a_pool_with_a_timeout(self):
        self.assertIs(self.check(self.pool.wait, LIMIT), True)

    def test_in_the_wait_for_a_key(self):
        self.assertIs(self.check(self.pool.key("key").wait), True)

    def test_in_the_shutdown_of_an_executor(self):
        self.check(self.pool.key("key").shutdown)

    def test_in_a_shutdown(self):
        self.assertIs(self.check(self.pool.shutdown), True)

    def test_in_a_shutdown_that_cancels(self):
        self.assertIs(self.check(lambda: self.pool.shutdown(cancel_futures=True)), True)

    def test_in_a_stop(self):
        self.check(self.pool.stop)

    def test_in_the_wait_for_a_result(self):
        self.assertEqual(self.check(self.future.result), "opened")

    def test_in_a_job_that_waits_for_a_result(self):
        self.assertEqual(self.check(lambda: self.pool.submit("other", self.future.result).result()), "opened")

    def test_in_a_job_that_waits_for_a_result_with_a_timeout(self):
        self.assertEqual(self.check(lambda: self.pool.submit("other", self.future.result, LIMIT).result()), "opened")

    def test_in_a_job_that_waits_for_a_key(self):
        self.assertIs(self.check(lambda: self.pool.submit("other", self.pool.key("key").wait).result()), True)

    def test_in_the_end_of_a_pool_that_nobody_holds(self):
        pool = self.make_pool(1)
        ended = []

        def call():
            pool.submit("key", ended.append, self.gate.opened.wait(LIMIT)).result()
            pool.shutdown()

        self.check(call)
        self.assertEqual(ended, [True])

    def test_in_the_event_loop(self):
        self.assertEqual(self.check(lambda: asyncio.run(self.pool.run("key", int, "7"))), 7)

    def test_in_the_sleep_of_a_job(self):
        def sleep():
            started.set()
            return taskpool.current().sleep(1000)

        started = threading.Event()
        sleeper = self.pool.submit("other", sleep)
        wait_for(started)
        self.check(self.pool.key("key").wait)
        self.assertFalse(sleeper.cancel())
        self.assertIs(sleeper.result(LIMIT), False)


class Workers(TestCase):
    def test_jobs_that_block_run_in_parallel(self):
        pool = self.make_pool(8)
        barrier = threading.Barrier(8)
        for key in ("key {}", None):
            futures = [pool.submit(key and key.format(i), barrier.wait, LIMIT) for i in range(8)]
            self.assertEqual(sorted(future.result() for future in futures), list(range(8)))

    def test_blocked_jobs_of_a_worker_hold_up_no_other(self):
        pool = self.make_pool(2)
        self.occupy(pool.submit, "key")
        self.assertEqual([pool.submit(None, int, str(i)).result(LIMIT) for i in range(100)], list(range(100)))

    def test_what_a_thread_keeps_for_itself_stays_from_job_to_job(self):
        local = threading.local()

        def count():
            local.count = getattr(local, "count", 0) + 1
            return threading.get_ident(), local.count

        for workers in (1, 3):
            pool = self.make_pool(workers)
            counts = {}
            for future in [pool.submit(f"key {i}", count) for i in range(50)] + [pool.submit("key", count)]:
                ident, number = future.result()
                self.assertNotIn(number, counts.setdefault(ident, set()))
                counts[ident].add(number)
            self.assertLessEqual(len(counts), workers)
            for numbers in counts.values():
                self.assertEqual(numbers, set(range(1, len(numbers) + 1)))

    def test_it_stays_when_another_thread_ends_jobs_meanwhile(self):
        local = threading.local()
        pool = self.make_pool(1)
        pool.submit("key", setattr, local, "mark", "kept").result()
        gate, _ = self.occupy(pool.submit, "key")
        self.assertTrue(pool.submit("key", int).cancel())
        gate.open()
        self.assertEqual(pool.submit("key", getattr, local, "mark").result(), "kept")

    def test_it_is_gone_with_the_thread(self):
        class Mark:
            def __del__(self):
                died.append(threading.get_ident())

        local, died = threading.local(), []
        pool = self.make_pool(1)

        def mark():
            local.mark = Mark()
            return threading.get_ident()

        ident = pool.submit("key", mark).result()
        pool.wait()
        self.assertEqual(died, [])
        pool.shutdown()
        self.assertEqual(died, [ident])

    def test_a_finalizer_at_the_end_of_a_worker_may_use_the_pool(self):
        class Mark:
            def __del__(self):
                for call in (lambda: pool.submit("key", int), pool.wait, pool.key("key").wait, pool.stats):
                    try:
                        call()
                        said.append("done")
                    except RuntimeError as error:
                        said.append(type(error).__name__)

        local, said = threading.local(), []
        pool = self.make_pool(1)
        pool.submit("key", setattr, local, "mark", Mark()).result()
        pool.shutdown()
        self.assertEqual(len(said), 4)
        self.assertEqual(said[0], "RuntimeError")
        self.assertEqual(said[3], "done")

    def test_a_worker_knows_its_thread(self):
        pool = self.make_pool(1)
        ident, native, main = pool.submit("key", lambda: (
            threading.get_ident(), threading.get_native_id(), threading.current_thread() is threading.main_thread(),
        )).result()
        self.assertNotEqual(ident, threading.get_ident())
        self.assertNotEqual(native, threading.get_native_id())
        self.assertFalse(main)

    def test_busy_jobs_let_other_threads_run(self):
        pool = self.make_pool(2)
        stop = []

        def spin():
            started.release()
            while not stop:
                pass

        started = threading.Semaphore(0)
        spinners = [pool.submit(None, spin) for _ in range(2)]
        for _ in spinners:
            self.assertTrue(started.acquire(timeout=LIMIT))
        stop.append(1)
        self.assertEqual(cf.wait(spinners, LIMIT).not_done, set())


if __name__ == "__main__":
    unittest.main()
