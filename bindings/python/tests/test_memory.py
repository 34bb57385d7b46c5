# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""What is held while a job waits and runs, and that nothing is held after."""

import asyncio
import concurrent.futures as cf
import gc
import os
import sys
import threading
import unittest
import weakref

import taskpool
from support import ASAN, LIMIT, TestCase, wait_for, wait_until
from taskpool import _context
from taskpool._jobs import jobs

LONG = bool(os.environ.get("TASKPOOL_LONG"))


class Object:
    pass


class Job(Object):
    """A callable that can be referred to weakly; `do` says what it does."""

    def __init__(self, do=None):
        self.do = do

    def __call__(self, *args, **kwargs):
        return None if self.do is None else self.do()


def fail():
    raise ValueError("on purpose")


class MemoryCase(TestCase):
    def setUp(self):
        wait_until(lambda: not jobs)  # of the tests before
        self.without_gc()

    def check_empty(self, *pools):
        for pool in pools:
            self.assertTrue(pool.wait(LIMIT))
        self.assertEqual(jobs, {})
        self.assertEqual(_context.contexts, {})


class Waiting(MemoryCase):
    """Of its callable and its arguments a waiting job holds one reference each."""

    def check_waiting(self, submit):
        pool = self.make_pool(1)
        gate, _ = self.occupy(pool.submit, "key")
        fn, one, two = Job(), Object(), Object()
        before = [sys.getrefcount(each) for each in (fn, one, two)]
        result = submit(pool, fn, one, two)
        self.assertEqual([sys.getrefcount(each) for each in (fn, one, two)], [count + 1 for count in before])
        gate.open()
        pool.wait()
        self.assertEqual([sys.getrefcount(each) for each in (fn, one, two)], before)
        del result

    def test_a_submitted_job(self):
        self.check_waiting(lambda pool, fn, one, two: pool.submit("key", fn, one, word=two))

    def test_a_posted_job(self):
        self.check_waiting(lambda pool, fn, one, two: pool.post("key", fn, one, word=two))

    def test_a_job_of_an_executor(self):
        self.check_waiting(lambda pool, fn, one, two: pool.key("key").submit(fn, one, word=two))

    def test_a_job_whose_future_was_dropped(self):
        self.check_waiting(lambda pool, fn, one, two: (pool.submit("key", fn, one, two), None)[1])

    def test_a_delayed_job_until_it_is_canceled(self):
        pool = self.make_pool(1)
        fn, one = Job(), Object()
        before = sys.getrefcount(fn), sys.getrefcount(one)
        future = pool.submit("key", fn, one, _delay=1000)
        self.assertEqual((sys.getrefcount(fn), sys.getrefcount(one)), (before[0] + 1, before[1] + 1))
        self.assertTrue(future.cancel())
        self.assertEqual((sys.getrefcount(fn), sys.getrefcount(one)), before)

    def test_a_refused_job(self):
        pool = self.make_pool(1, queue_capacity=1)
        gate, _ = self.occupy(pool.submit, "key")
        pool.submit("key", int)
        fn, one = Job(), Object()
        before = sys.getrefcount(fn), sys.getrefcount(one)
        for call, options in ((pool.submit, {"_timeout": 0}), (pool.submit, {"_ttl": -1}), (pool.submit, {"_foo": 1}),
                              (pool.post, {"_timeout": 0.001}), (pool.submit, {"_delay": "1"})):
            with self.assertRaises((taskpool.QueueFull, ValueError, TypeError)):
                call("key", fn, one, **options)
            self.assertEqual((sys.getrefcount(fn), sys.getrefcount(one)), before)
        gate.open()

    def test_the_table_holds_each_job_until_it_has_ended(self):
        pool = self.make_pool(1)
        gate, future = self.occupy(pool.submit, "key")
        waiting = [pool.submit("key", int) for _ in range(10)]
        self.assertEqual(len(jobs), 11)
        self.assertTrue(waiting[3].cancel())
        self.assertEqual(len(jobs), 10)
        gate.open()
        self.check_empty(pool)
        self.assertEqual([future.cancelled() for future in waiting].count(True), 1)
        del future


class After(MemoryCase):
    """Whoever learns of the end of a job finds neither its callable nor its arguments held."""

    def submit(self, *args, do=None, call=None, **options):
        """A job and the weak references to all that it has been given."""
        fn, one, two = Job(do), Object(), Object()
        references = [weakref.ref(each) for each in (fn, one, two)]
        return call(*args, fn, one, word=two, **options), references

    def check_gone(self, references):
        self.assertEqual([reference() for reference in references], [None] * len(references))

    def test_at_the_result(self):
        pool = self.make_pool(2)
        for _ in range(200):
            future, references = self.submit("key", call=pool.submit)
            future.result()
            self.check_gone(references)

    def test_in_a_callback_and_for_who_waits(self):
        pool = self.make_pool(2)
        gate, _ = self.occupy(pool.submit, "key")
        future, references = self.submit("key", call=pool.submit)
        found = []
        future.add_done_callback(lambda future: found.extend(reference() for reference in references))
        gate.open()
        cf.wait([future], LIMIT)
        self.check_gone(references)
        pool.wait()
        self.assertEqual(found, [None] * 3)

    def test_at_an_exception(self):
        pool = self.make_pool(2)
        for _ in range(200):
            future, references = self.submit("key", call=pool.submit, do=fail)
            self.assertIsInstance(future.exception(), ValueError)
            future = None
            for reference in references[1:]:  # the callable itself is a local variable of its own frame
                self.assertIsNone(reference())
            self.assertDies(references[0])

    def test_at_a_cancel(self):
        pool = self.make_pool(2)
        gate, _ = self.occupy(pool.submit, "key")
        future, references = self.submit("key", call=pool.submit)
        self.assertTrue(future.cancel())
        self.check_gone(references)
        gate.open()

    def test_at_the_cancel_of_a_key(self):
        pool = self.make_pool(2)
        gate, _ = self.occupy(pool.submit, "key")
        futures, references = zip(*[self.submit("key", call=pool.submit) for _ in range(10)])
        posted = self.submit("key", call=pool.post)[1]
        self.assertEqual(pool.key("key").cancel(), 11)
        self.check_gone([*sum(references, []), *posted])
        self.assertTrue(all(future.cancelled() for future in futures))
        gate.open()

    def test_at_a_stop(self):
        pool = self.make_pool(2)
        pool.key("key").pause()
        futures, references = zip(*[self.submit("key", call=pool.submit) for _ in range(10)])
        posted = self.submit("key", call=pool.post)[1]
        delayed = self.submit("key", call=pool.submit, _delay=1000)[1]
        pool.stop()
        self.check_gone([*sum(references, []), *posted, *delayed])
        self.assertTrue(all(future.cancelled() for future in futures))
        self.check_empty()

    def test_at_an_expiry(self):
        pool = self.make_pool(2)
        pool.key("key").pause()
        future, references = self.submit("key", call=pool.submit, _ttl=0.001)
        with self.assertRaises(taskpool.JobExpired):
            future.result(LIMIT)
        self.check_gone(references)
        posted = self.submit("key", call=pool.post, _ttl=0.001)[1]
        for reference in posted:
            self.assertDies(reference)

    def test_at_the_end_of_a_post(self):
        pool = self.make_pool(2)
        for _ in range(200):
            references = self.submit("key", call=pool.post)[1]
            self.assertTrue(pool.wait(LIMIT))
            self.check_gone(references)

    def test_at_the_end_of_a_post_that_raises(self):
        pool = self.make_pool(2)
        heard = []
        pool.on_error = lambda error, key: heard.append(key)
        references = self.submit("key", call=pool.post, do=fail)[1]
        self.assertTrue(pool.wait(LIMIT))
        self.check_gone(references)
        self.assertEqual(heard, [b"key"])

    def test_at_the_end_of_a_map(self):
        pool = self.make_pool(2)
        items = [Object() for _ in range(10)]
        references = [weakref.ref(item) for item in items]
        fn = Job()
        references.append(weakref.ref(fn))
        results = pool.map(fn, items, chunksize=3)
        del fn, items
        self.assertEqual(list(results), [None] * 10)
        del results
        self.check_gone(references)

    def test_a_map_lets_each_result_go(self):
        pool = self.make_pool(2)
        results = pool.map(lambda item: Object(), range(10))
        for result in results:
            reference = weakref.ref(result)
            del result
            self.assertDies(reference)

    def test_at_the_end_of_a_run(self):
        async def main():
            for do in (None, fail):
                awaitable, references = self.submit("key", call=pool.run, do=do)
                try:
                    await awaitable
                except ValueError:
                    pass
                del awaitable
                for reference in references:
                    self.assertDies(reference)

        pool = self.make_pool(2)
        asyncio.run(main())
        self.check_empty(pool)

    def test_at_the_cancel_of_a_run(self):
        async def main():
            awaitable, references = self.submit("key", call=pool.run)
            task = asyncio.ensure_future(awaitable)
            del awaitable
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            return references

        pool = self.make_pool(2)
        gate, _ = self.occupy(pool.submit, "key")
        self.check_gone(asyncio.run(main()))
        gate.open()

    def test_a_result_lives_no_longer_than_its_future(self):
        pool = self.make_pool(2)
        future = pool.submit("key", Object)
        reference = weakref.ref(future.result())
        self.assertIsNotNone(reference())
        del future
        self.assertDies(reference)

    def test_callbacks_are_let_go(self):
        pool = self.make_pool(2)
        gate, future = self.occupy(pool.submit, "key")
        callback = Job()
        reference = weakref.ref(callback)
        future.add_done_callback(callback)
        del callback
        gate.open()
        future.result()
        pool.wait()
        del future
        self.assertDies(reference)


class Circles(MemoryCase):
    """Reference counts do: what is left behind is freed without the collector."""

    def check_freed(self, job, ask):
        """That the future of a job, and a local variable of it, are freed when nobody holds the future any more."""
        def run():
            local = Object()
            references.append(weakref.ref(local))
            return job()

        pool = self.make_pool(2)
        references = []
        future = pool.submit("key", run)
        references.append(weakref.ref(future))
        ask(future)
        self.assertTrue(pool.wait(LIMIT))
        del future
        self.assertEqual(len(references), 2)
        for reference in references:
            self.assertDies(reference)

    def test_of_a_result(self):
        self.check_freed(int, lambda future: future.result())

    def test_of_an_exception_that_nobody_asked_for(self):
        self.check_freed(fail, lambda future: cf.wait([future]))

    def test_of_an_exception_that_was_asked_for(self):
        self.check_freed(fail, lambda future: future.exception())

    def test_of_an_exception_that_was_raised(self):
        def ask(future):
            try:
                future.result()
            except ValueError:
                future = None  # the traceback holds this frame

        self.check_freed(fail, ask)

    def test_of_an_exception_that_was_raised_after_a_wait(self):
        def ask(future):
            thread = self.start_thread(gate.set)
            try:
                future.result(LIMIT)
            except ValueError:
                future = None
            self.join(thread)

        gate = threading.Event()
        self.check_freed(lambda: (gate.wait(LIMIT), fail()), ask)

    def test_of_an_exception_that_was_raised_in_a_job(self):
        def ask(future):
            try:
                other.submit(None, future.result).result()
            except ValueError:
                future = None
            other.wait()

        other = self.make_pool(1)
        self.check_freed(fail, ask)

    def test_of_a_map_that_raises(self):
        def check():
            item = Object()
            try:
                list(pool.map(lambda item: fail(), [item]))
            except ValueError:
                pass
            return weakref.ref(item)

        pool = self.make_pool(2)
        self.assertDies(check())

    def test_of_a_canceled_job(self):
        pool = self.make_pool(1)
        gate, _ = self.occupy(pool.submit, "key")
        future = pool.submit("key", int)
        reference = weakref.ref(future)
        future.cancel()
        try:
            future.result()
        except cf.CancelledError:
            pass
        del future
        self.assertIsNone(reference())
        gate.open()


class Finalizers(MemoryCase):
    """Arguments whose __del__ calls the pool, on a worker or where a job is canceled."""

    def check_finalizer(self, use):
        """`use` is called as the argument of a job dies that ran, and of one that was canceled."""
        class Argument:
            def __del__(self):
                try:
                    said.append(use(pool, future))
                except BaseException as error:
                    said.append(error)
                threads.append(threading.get_ident())

        said, threads = [], []
        pool = self.make_pool(2)
        future = pool.submit("done", int, "7")
        future.result()
        gate, _ = self.occupy(pool.submit, "key")  # so that the call that submits has let go of the argument
        ran = pool.submit("key", Job(), Argument())
        gate.open()
        ran.result(LIMIT)
        self.assertTrue(pool.wait(LIMIT))
        gate, _ = self.occupy(pool.submit, "key")
        pool.submit("key", Job(), Argument()).cancel()
        pool.post("key", Job(), Argument())
        self.assertEqual(pool.key("key").cancel(), 1)
        gate.open()
        self.assertTrue(pool.wait(LIMIT))
        self.assertEqual(len(said), 3)
        self.assertNotEqual(threads[0], threading.get_ident())
        self.assertEqual(threads[1:], [threading.get_ident()] * 2)
        return said

    def test_that_submits(self):
        futures = self.check_finalizer(lambda pool, future: pool.submit("other", int, "7"))
        self.assertEqual([future.result(LIMIT) for future in futures], [7] * 3)

    def test_that_posts(self):
        ran = []
        self.assertEqual(self.check_finalizer(lambda pool, future: pool.post("other", ran.append, 1)), [None] * 3)
        wait_until(lambda: len(ran) == 3)

    def test_that_asks_a_future_that_is_done(self):
        self.assertEqual(self.check_finalizer(lambda pool, future: future.result()), [7] * 3)

    def test_that_cancels(self):
        self.assertEqual(self.check_finalizer(lambda pool, future: future.cancel()), [False] * 3)
        self.assertEqual(self.check_finalizer(
            lambda pool, future: pool.submit("other", int, _delay=1000).cancel()), [True] * 3)

    def test_that_waits_for_another_key(self):
        self.assertEqual(self.check_finalizer(lambda pool, future: pool.submit("other", int, "7").result()), [7] * 3)

    def test_that_waits_for_the_own_pool(self):
        answers = self.check_finalizer(lambda pool, future: pool.wait())
        self.assertIsInstance(answers[0], taskpool.DeadlockError)

    def test_that_uses_the_default_pool(self):
        futures = self.check_finalizer(lambda pool, future: taskpool.submit("key", int, "7"))
        self.assertEqual([future.result(LIMIT) for future in futures], [7] * 3)

    def test_that_is_run_by_the_collector_wherever_that_comes(self):
        class Argument:
            def __init__(self):
                self.circle = self

            def __del__(self):
                died.append(1)
                later.append(pool.submit("key", int))
                later[0].cancel()

        died, later = [], []
        pool = self.make_pool(2, queue_capacity=10000)
        later.append(pool.submit("key", int))
        gc.enable()
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        gc.set_threshold(5)
        for _ in range(300):
            pool.submit(None, Job(), Argument()).cancel()
        gc.collect()
        wait_until(lambda: gc.collect() == 0 and len(died) == 300)
        self.assertEqual([future.result(LIMIT) for future in later[1:]], [0] * 300)
        self.check_empty(pool)


@unittest.skipUnless(os.path.exists("/proc/self/statm"), "cannot measure memory")
class Flat(MemoryCase):
    """What a hundred thousand jobs leave behind is nothing."""

    def setUp(self):
        super().setUp()
        gc.enable()

    def resident(self):
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    @unittest.skipIf(ASAN, "keeps what is freed")
    def test_jobs_of_all_kinds_leave_memory_flat(self):
        def round_of_jobs(count):  # and some more
            for number in range(count // 10):
                key = f"key {number % 50}"
                for _ in range(4):
                    pool.submit(key, int, "7")
                    pool.post(None, dict, word=number)
                pool.submit(key, taskpool.current if number % 5 else fail)
                delayed = pool.submit(key, int, _delay=1000)
                if number % 5 == 0:
                    self.assertIsNone(pool.submit(key, list.clear, []).result())
                delayed.cancel()
            self.check_empty(pool)

        pool = self.make_pool(2, queue_capacity=1000)
        round_of_jobs(20_000)
        gc.collect()
        before, blocks = self.resident(), sys.getallocatedblocks()
        round_of_jobs(1_000_000 if LONG else 80_000)
        gc.collect()
        self.assertLess(sys.getallocatedblocks() - blocks, 2000)
        self.assertLess(self.resident() - before, 1 << 20)

    @unittest.skipIf(ASAN, "keeps what is freed")
    def test_pools_leave_neither_memory_nor_threads_nor_descriptors(self):
        def round_of_pools(count):
            for i in range(count):
                pool = taskpool.TaskPool(3)
                pool.submit("key", int).result()
                pool.submit("key", lambda: pool.submit(None, int).result()).result()
                pool.submit("key", lambda: taskpool.current().sleep(0)).result()
                (pool.shutdown, pool.stop)[i % 2]()

        def tasks():
            gc.collect()
            return len(os.listdir("/proc/self/task"))

        def others():
            return len(os.listdir("/proc/self/fd")), threading.active_count()

        round_of_pools(10)
        before, threads, memory = others(), tasks(), self.resident()
        round_of_pools(500 if LONG else 50)
        wait_until(lambda: tasks() <= threads)  # one that has ended may still be listed for a moment
        self.assertEqual(others(), before)
        self.assertLess(self.resident() - memory, 2 << 20)

    def test_threads_that_have_ended_are_not_remembered(self):
        pool = self.make_pool(4)
        before = threading.active_count()
        barrier = threading.Barrier(4)

        def job(i):
            barrier.wait(LIMIT)
            return pool.submit(f"other {i}", int, "7", _timeout=LIMIT).result(LIMIT) if i == 0 else 7

        self.assertEqual([future.result() for future in [pool.submit(f"key {i}", job, i) for i in range(4)]], [7] * 4)
        pool.submit("key", pool.shutdown, wait=False).result()
        pool.shutdown()
        wait_until(lambda: not any(thread.name == "taskpool-shutdown" for thread in threading.enumerate()))
        self.assertEqual(threading.active_count(), before)

    def test_contexts_are_let_go_however_the_job_ends(self):
        pool = self.make_pool(2)

        def job(end):
            taskpool.current().key
            return end()

        for end in (int, fail, sys.exit):
            cf.wait([pool.submit("key", job, end)])
        pool.on_error = lambda error, key: taskpool.current().canceled
        pool.post("key", job, fail)
        self.check_empty(pool)


if __name__ == "__main__":
    unittest.main()
