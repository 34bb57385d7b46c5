# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""pool.executor and pool.key(k) as executors of the standard library's kind, and what a key can do besides."""

import concurrent.futures as cf
import itertools
import queue
import threading
import time
import unittest
import weakref

import taskpool
from support import LIMIT, TestCase, wait_for, wait_until

SHUTDOWN = "cannot schedule new futures after shutdown"


class Thing:
    """Something that weak references can point to."""

    def method(self, *args):
        return len(args)


class Mine(Exception):
    pass


def fail(*args):
    raise Mine("on purpose")


class Executors:
    """What holds for each executor; ThreadPoolExecutor passes as well."""

    workers = 1

    def make_executor(self):
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.gates = []
        self.executor = self.make_executor()

    def fill(self, count=5):
        """Occupies all workers until ``open``; returns a future of these, and those of jobs that have to wait."""
        for _ in range(self.workers):
            gate, future = self.occupy(self.executor.submit)
            self.gates.append(gate)
        return future, [self.executor.submit(abs, -i) for i in range(count)]

    def open(self):
        for gate in self.gates:
            gate.open()

    def test_it_is_an_executor(self):
        self.assertIsInstance(self.executor, cf.Executor)

    def test_submit_returns_a_future(self):
        future = self.executor.submit(pow, 16, 0.5)
        self.assertIsInstance(future, cf.Future)
        self.assertEqual(future.result(LIMIT), 4)

    def test_submit_passes_all_arguments(self):
        def echo(*args, **kwargs):
            return args, kwargs
        future = self.executor.submit(echo, 1, fn=2, self=3, key=4, args=5, kwargs=6, timeout=7)
        self.assertEqual(future.result(LIMIT), ((1,), dict(fn=2, self=3, key=4, args=5, kwargs=6, timeout=7)))

    def test_submit_needs_a_function(self):
        with self.assertRaises(TypeError):
            self.executor.submit()
        with self.assertRaises(TypeError):
            self.executor.submit(arg=1)

    def test_submit_passes_the_exception(self):
        self.assertIsInstance(self.executor.submit(fail).exception(LIMIT), Mine)
        with self.assertRaisesRegex(Mine, "on purpose"):
            self.executor.submit(fail).result(LIMIT)
        self.assertEqual(self.executor.submit(abs, -1).result(LIMIT), 1)

    def test_map_keeps_the_order(self):
        self.assertEqual(list(self.executor.map(lambda x: x * x, range(50))), [x * x for x in range(50)])

    def test_map_takes_several_iterables_as_far_as_the_shortest_goes(self):
        self.assertEqual(list(self.executor.map(pow, itertools.count(2), [3, 2, 1])), [8, 9, 4])

    def test_map_of_nothing_is_empty(self):
        self.assertEqual(list(self.executor.map(abs, [])), [])

    def test_map_raises_where_the_exception_is(self):
        results = self.executor.map(divmod, [1, 1, 1, 1], [2, 3, 0, 5])
        self.assertEqual(next(results), (0, 1))
        self.assertEqual(next(results), (0, 1))
        with self.assertRaises(ZeroDivisionError):
            next(results)
        with self.assertRaises(StopIteration):
            next(results)

    def test_map_times_out(self):
        gate = self.make_gate()
        results = self.executor.map(lambda wait: wait and gate(), [None, None, True], timeout=0.1)
        seen = []
        with self.assertRaises(cf.TimeoutError):
            for result in results:
                seen.append(result)
        self.assertLessEqual(len(seen), 2)
        gate.open()

    def test_map_starts_all_before_the_first_result_is_asked_for(self):
        started = threading.Event()
        self.executor.map(lambda event: event.set(), [started])
        wait_for(started)

    def test_results_that_nobody_wants_any_more_are_canceled(self):
        self.fill(0)
        ran = []
        results = self.executor.map(ran.append, range(5), timeout=0.001)
        with self.assertRaises(cf.TimeoutError):
            next(results)
        self.open()
        self.executor.submit(abs, -1).result(LIMIT)
        self.executor.shutdown()
        self.assertEqual(ran, [])

    def test_results_that_are_dropped_are_canceled(self):
        first, opened = self.make_gate(), self.make_gate()
        ran = queue.Queue()

        def items():
            yield first
            wait_for(first.started)
            for _ in range(self.workers + 3):
                yield opened

        def job(gate):
            gate.started.set()
            if gate is opened:
                ran.put(1)
                gate()
        results = self.executor.map(job, items())
        self.assertIsNone(next(results))
        for _ in range(self.workers):
            ran.get(timeout=LIMIT)
        results.close()
        opened.open()
        self.executor.shutdown()
        self.assertTrue(ran.empty())

    def test_submit_and_map_are_refused_after_shutdown(self):
        self.executor.shutdown()
        with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
            self.executor.submit(pow, 2, 5)
        with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
            self.executor.map(abs, [1])

    def test_shutdown_waits_for_what_was_submitted(self):
        future, waiting = self.fill()
        timer = threading.Timer(0.02, self.open)
        self.addCleanup(timer.join)
        timer.start()
        self.executor.shutdown()
        self.assertTrue(future.done())
        self.assertEqual([future.result(0) for future in waiting], list(range(5)))

    def test_shutdown_without_wait_returns_at_once_and_what_was_submitted_runs(self):
        future, waiting = self.fill()
        self.executor.shutdown(wait=False)
        self.assertFalse(future.done())
        with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
            self.executor.submit(abs, 1)
        self.open()
        self.assertEqual(future.result(LIMIT), "opened")
        self.assertEqual([future.result(LIMIT) for future in waiting], list(range(5)))

    def test_shutdown_can_cancel_what_waits(self):
        for wait in (False, True):
            self.gates.clear()
            self.executor = self.make_executor()
            future, waiting = self.fill()
            if wait:
                waiting[-1].add_done_callback(lambda future: self.open())
            self.executor.shutdown(wait=wait, cancel_futures=True)
            self.assertTrue(all(future.cancelled() for future in waiting))
            self.assertEqual(future.done(), wait)
            self.open()
            self.assertEqual(future.result(LIMIT), "opened")

    def test_shutdown_can_be_called_again(self):
        for options in ({}, {}, {"wait": False}, {"cancel_futures": True}, {"wait": True, "cancel_futures": True}):
            self.executor.shutdown(**options)
        with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
            self.executor.submit(abs, 1)

    def test_leaving_the_block_shuts_down(self):
        with self.executor as executor:
            self.assertIs(executor, self.executor)
            futures = [executor.submit(abs, -i) for i in range(20)]
        self.assertTrue(all(future.done() for future in futures))
        with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
            executor.submit(abs, 1)

    def test_leaving_the_block_by_an_exception_shuts_down(self):
        with self.assertRaises(Mine):
            with self.executor as executor:
                future = executor.submit(abs, -1)
                raise Mine
        self.assertTrue(future.done())

    def test_nothing_is_kept_of_what_has_ended(self):
        self.without_gc()
        thing, argument, word, result = Thing(), Thing(), Thing(), Thing()
        references = [weakref.ref(thing), weakref.ref(argument), weakref.ref(word), weakref.ref(result)]
        future = self.executor.submit(lambda method, *args, **kwargs: result, thing.method, argument, word=word)
        self.assertIs(future.result(LIMIT), result)
        del thing, argument, word
        for reference in references[:3]:
            self.assertDies(reference)
        self.assertIs(references[3](), result)
        del result, future
        self.assertDies(references[3])

    def test_nothing_is_kept_of_what_has_failed(self):
        self.without_gc()
        argument = Thing()
        reference = weakref.ref(argument)
        future = self.executor.submit(fail, argument)
        del argument
        error = weakref.ref(future.exception(LIMIT))
        self.assertIsNotNone(error())
        del future
        self.assertDies(error)
        self.assertDies(reference)

    def test_results_of_map_are_not_kept(self):
        self.without_gc()
        for thing in self.executor.map(lambda i: Thing(), range(5)):
            reference = weakref.ref(thing)
            del thing
            self.assertDies(reference)

    def test_many_threads_may_submit(self):
        results = []

        def submit(thread):
            futures = [self.executor.submit(divmod, thread, i) for i in range(1, 200)]
            results.append([future.result(LIMIT) for future in futures] == [divmod(thread, i) for i in range(1, 200)])
        threads = [self.start_thread(submit, thread) for thread in range(6)]
        for thread in threads:
            self.join(thread)
        self.assertEqual(results, [True] * 6)

    def test_a_job_may_submit_to_its_own_executor(self):
        def nest(depth):
            return self.executor.submit(nest, depth - 1) if depth else "bottom"
        future = self.executor.submit(nest, 10)
        for _ in range(10):
            future = future.result(LIMIT)
        self.assertEqual(future.result(LIMIT), "bottom")

    def test_a_job_that_submits_after_shutdown_is_told(self):
        gate = self.make_gate()
        future = self.executor.submit(lambda: gate() and self.executor.submit(abs, 1))
        wait_for(gate.started)
        self.executor.shutdown(wait=False)
        gate.open()
        with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
            future.result(LIMIT)


class OwnExecutors(Executors):
    """What holds for the pool's executors only."""

    def make_executor(self):
        self.pool = self.make_pool(3)
        return self.make_another()

    def make_another(self):
        raise NotImplementedError

    def test_futures_are_ours(self):
        self.assertIsInstance(self.executor.submit(abs, -1), taskpool.Future)

    def test_what_was_called_is_let_go_before_the_callbacks_run(self):
        gate, _ = self.occupy(self.executor.submit)
        thing = Thing()
        reference = weakref.ref(thing)
        future = self.executor.submit(thing.method, thing)
        del thing
        alive = queue.Queue()
        future.add_done_callback(lambda future: alive.put(reference()))
        gate.open()
        self.assertIsNone(alive.get(timeout=LIMIT))

    def test_the_pool_and_other_executors_go_on_after_shutdown(self):
        other = self.make_another()
        self.executor.shutdown()
        self.assertEqual(self.pool.submit("k", abs, -1).result(LIMIT), 1)
        self.assertEqual(other.submit(abs, -2).result(LIMIT), 2)
        self.assertEqual(self.make_another().submit(abs, -3).result(LIMIT), 3)

    def test_submit_knows_the_options_of_a_task(self):
        self.assertEqual(self.executor.submit(abs, -1, _delay=0.001, _ttl=LIMIT, _timeout=0).result(LIMIT), 1)
        with self.assertRaises(TypeError):
            self.executor.submit(dict, _unknown=1)
        with self.assertRaises(ValueError):
            self.executor.submit(abs, -1, _delay=-1)

    def test_what_cannot_be_called_is_refused_at_once(self):
        with self.assertRaises(TypeError):
            self.executor.submit("no function")

    def test_shutdown_does_not_tell_what_runs_to_stop(self):
        gate = self.make_gate()
        future = self.executor.submit(lambda: gate() and taskpool.current().canceled)
        wait_for(gate.started)
        self.executor.shutdown(wait=False, cancel_futures=True)
        gate.open()
        self.assertIs(future.result(LIMIT), False)

    def test_shutdown_waits_for_a_delayed_job(self):
        future = self.executor.submit(abs, -9, _delay=0.02)
        self.executor.shutdown()
        self.assertEqual(future.result(0), 9)

    def test_shutdown_cancels_a_delayed_job(self):
        future = self.executor.submit(abs, -9, _delay=3600)
        self.executor.shutdown(cancel_futures=True)
        self.assertTrue(future.cancelled())

    def test_a_closed_pool_refuses_as_a_closed_executor_does(self):
        self.pool.shutdown()
        with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
            self.executor.submit(abs, 1)
        self.executor.shutdown()

    def test_the_executor_holds_its_pool(self):
        executor = taskpool.TaskPool(1).executor if self.workers > 1 else taskpool.TaskPool(1).key("k")
        self.assertEqual(executor.submit(abs, -1).result(LIMIT), 1)


class ThreadPool(Executors, TestCase):
    """The yardstick."""

    workers = 2

    def make_executor(self):
        executor = cf.ThreadPoolExecutor(self.workers)
        self.addCleanup(executor.shutdown)
        return executor


class Pool(OwnExecutors, TestCase):
    workers = 3

    def make_another(self):
        return self.pool.executor

    def test_jobs_have_no_key(self):
        self.assertIsNone(self.executor.submit(lambda: taskpool.current().key).result(LIMIT))

    def test_jobs_run_at_the_same_time(self):
        barrier = threading.Barrier(3)
        for future in [self.executor.submit(barrier.wait, LIMIT) for _ in range(3)]:
            future.result(LIMIT)

    def test_shutdown_waits_for_its_own_jobs_only(self):
        self.occupy(self.pool.submit, "k")
        _, other = self.occupy(self.pool.executor.submit)
        mine = self.executor.submit(abs, -1)
        self.executor.shutdown()
        self.assertTrue(mine.done())
        self.assertFalse(other.done())

    def test_shutdown_cancels_its_own_jobs_only(self):
        _, waiting = self.fill()
        others = [self.pool.submit(None, abs, -1), self.pool.executor.submit(abs, -1)]
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.assertTrue(all(future.cancelled() for future in waiting))
        self.open()
        self.assertEqual([future.result(LIMIT) for future in others], [1, 1])


class Key(OwnExecutors, TestCase):
    def make_another(self):
        return self.pool.key("k")

    def test_jobs_have_the_key(self):
        self.assertEqual(self.executor.submit(lambda: taskpool.current().key).result(LIMIT), b"k")

    def test_jobs_run_in_order_and_one_at_a_time(self):
        running, order = [], []

        def job(i):
            running.append(i)
            order.append((i, len(running)))
            time.sleep(0)
            running.remove(i)
        for i in range(100):
            (self.executor, self.make_another(), self.pool.key(b"k"))[i % 3].submit(job, i)
        self.assertTrue(self.executor.wait(LIMIT))
        self.assertEqual(order, [(i, 1) for i in range(100)])

    def test_the_jobs_of_another_key_do_not_wait(self):
        self.fill()
        self.assertEqual(self.pool.key("other").submit(abs, -1).result(LIMIT), 1)

    def test_waiting_for_the_own_key_in_a_job_is_refused(self):
        def job():
            inner = self.executor.submit(abs, -1)
            for wait in (inner.result, self.executor.wait, self.executor.shutdown):
                with self.assertRaises(taskpool.DeadlockError):
                    wait()
            return inner
        self.assertEqual(self.executor.submit(job).result(LIMIT).result(LIMIT), 1)

    def test_wait_waits_for_the_key_alone(self):
        self.occupy(self.pool.submit, "other")
        future, waiting = self.fill()
        self.assertIs(self.executor.wait(0), False)
        begin = time.monotonic()
        self.assertIs(self.executor.wait(timeout=0.07), False)
        self.assertGreaterEqual(time.monotonic() - begin, 0.07)
        self.assertFalse(future.done())
        self.open()
        self.assertIs(self.executor.wait(), True)
        self.assertTrue(all(future.done() for future in waiting))
        self.assertIs(self.pool.key("never seen").wait(), True)

    def test_cancel_ends_what_waits_and_tells_what_runs(self):
        started = threading.Event()

        def job():
            started.set()
            return taskpool.current().sleep(3600)
        running = self.executor.submit(job)
        wait_for(started)
        waiting = [self.executor.submit(abs, -i) for i in range(5)]
        delayed = self.executor.submit(abs, -1, _delay=3600)
        self.pool.key("other").submit(abs, -1)
        self.assertEqual(self.executor.cancel(), 6)
        self.assertTrue(all(future.cancelled() for future in [*waiting, delayed]))
        self.assertIs(running.result(LIMIT), False)
        self.assertEqual(self.executor.cancel(), 0)
        self.assertEqual(self.executor.submit(abs, -1).result(LIMIT), 1)

    def test_a_paused_key_starts_nothing_until_it_is_resumed_as_often(self):
        self.executor.pause()
        self.make_another().pause()
        ran = []
        futures = [self.executor.submit(ran.append, i) for i in range(5)]
        self.pool.key("other").submit(abs, -1).result(LIMIT)
        self.executor.resume()
        for _ in range(5):
            self.pool.key("other").submit(abs, -1).result(LIMIT)
        self.assertEqual(ran, [])
        self.executor.resume()
        cf.wait(futures, LIMIT)
        self.assertEqual(ran, list(range(5)))
        with self.assertRaises(ValueError):
            self.executor.resume()

    def test_a_paused_key_holds_no_worker_and_what_runs_goes_on(self):
        future, waiting = self.fill()
        self.executor.pause()
        self.open()
        self.assertEqual(future.result(LIMIT), "opened")
        barrier = threading.Barrier(3)
        for other in [self.pool.submit(None, barrier.wait, LIMIT) for _ in range(3)]:
            other.result(LIMIT)
        self.assertFalse(any(future.done() for future in waiting))
        self.executor.resume()
        self.assertEqual(waiting[-1].result(LIMIT), 4)

    def test_a_limit_keeps_starts_apart(self):
        self.executor.limit(interval=0.03, burst=2)
        begin = time.monotonic()
        starts = [self.executor.submit(time.monotonic) for _ in range(5)]
        for i, start in enumerate(starts):  # two at once, then one for each interval that has passed
            self.assertGreaterEqual(start.result(LIMIT) - begin, 0.03 * (i - 1))
        self.executor.limit(0)
        for _ in range(100):
            self.executor.submit(abs, -1)
        self.assertTrue(self.executor.wait(LIMIT))

    def test_a_limit_lets_a_burst_start_at_once(self):
        self.executor.limit(3600, burst=2)
        futures = [self.executor.submit(abs, -i) for i in range(3)]
        self.assertEqual([future.result(LIMIT) for future in futures[:2]], [0, 1])
        self.pool.key("other").submit(abs, -1).result(LIMIT)
        self.assertFalse(futures[2].done())
        self.assertTrue(futures[2].cancel())

    def test_a_limit_is_lifted_by_zero(self):
        self.executor.limit(3600)
        first, second = self.executor.submit(abs, -1), self.executor.submit(abs, -2)
        self.assertEqual(first.result(LIMIT), 1)
        self.pool.key("other").submit(abs, -1).result(LIMIT)
        self.assertFalse(second.done())
        self.executor.limit(0)
        self.assertEqual(second.result(LIMIT), 2)

    def test_a_pool_may_have_a_limit_for_all_keys(self):
        pool = self.make_pool(2, key_interval=3600, key_burst=2)
        keys = [pool.key(f"{i}") for i in range(3)]
        for key in keys:
            self.assertEqual([key.submit(abs, -i).result(LIMIT) for i in range(2)], [0, 1])
        blocked = keys[0].submit(abs, -1)
        pool.submit(None, abs, -1).result(LIMIT)
        self.assertFalse(blocked.done())
        self.assertTrue(blocked.cancel())

    def test_shutdown_waits_for_jobs_of_the_key_that_others_submitted(self):
        gate, future = self.occupy(self.pool.submit, "k")
        thread = self.start_thread(self.executor.shutdown)
        wait_until(lambda: self.closed())
        self.assertTrue(thread.is_alive())
        gate.open()
        self.join(thread)
        self.assertTrue(future.done())

    def closed(self):
        try:
            self.executor.submit(abs, -1)
        except RuntimeError:
            return True
        return False


if __name__ == "__main__":
    unittest.main()
