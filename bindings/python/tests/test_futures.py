# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""taskpool.Future is a concurrent.futures.Future in every respect."""

import asyncio
import concurrent.futures as cf
import gc
import queue
import sys
import threading
import time
import traceback
import unittest
import weakref
from unittest import mock

import taskpool
from support import LIMIT, TestCase, run_script, wait_for, wait_until


class Special(BaseException):
    """Neither an Exception nor known to anybody."""


def fail():
    raise ValueError("on purpose")


def result_of(state):
    """A bare future in this state."""
    future = taskpool.Future()
    if state == "running":
        future.set_running_or_notify_cancel()
    elif state == "cancelled":
        future.cancel()
    elif state == "notified":
        future.cancel()
        future.set_running_or_notify_cancel()
    elif state == "failed":
        future.set_exception(OSError())
    elif state == "succeeded":
        future.set_result(42)
    return future


class Bare(TestCase):
    """A future that no pool has made."""

    def test_it_is_pending(self):
        future = taskpool.Future()
        self.assertIsInstance(future, cf.Future)
        self.assertEqual((future.done(), future.running(), future.cancelled()), (False, False, False))

    def test_states(self):
        for state, done, running, cancelled in (
            ("pending", False, False, False), ("running", False, True, False), ("cancelled", True, False, True),
            ("notified", True, False, True), ("failed", True, False, False), ("succeeded", True, False, False),
        ):
            future = result_of(state)
            self.assertEqual((future.done(), future.running(), future.cancelled()), (done, running, cancelled), state)

    def test_cancel(self):
        for state, canceled in (
            ("pending", True), ("running", False), ("cancelled", True), ("notified", True), ("failed", False),
            ("succeeded", False),
        ):
            future = result_of(state)
            self.assertIs(future.cancel(), canceled, state)
            self.assertIs(future.cancelled(), canceled, state)

    def test_result_and_exception(self):
        for state, result, exception in (
            ("pending", cf.TimeoutError, cf.TimeoutError), ("running", cf.TimeoutError, cf.TimeoutError),
            ("cancelled", cf.CancelledError, cf.CancelledError), ("notified", cf.CancelledError, cf.CancelledError),
            ("failed", OSError, None),
        ):
            for timeout in (0, 0.001, -1):
                future = result_of(state)
                with self.assertRaises(result):
                    future.result(timeout=timeout)
                if exception is None:
                    self.assertIsInstance(future.exception(timeout=timeout), OSError)
                else:
                    with self.assertRaises(exception):
                        future.exception(timeout=timeout)
        self.assertEqual(result_of("succeeded").result(), 42)
        self.assertEqual(result_of("succeeded").result(0), 42)
        self.assertIsNone(result_of("succeeded").exception(0))

    def test_result_wakes_up_when_it_is_set(self):
        for set_, check in (
            (lambda future: future.set_result(1), lambda future: self.assertEqual(future.result(LIMIT), 1)),
            (lambda future: future.set_exception(OSError()),
             lambda future: self.assertIsInstance(future.exception(LIMIT), OSError)),
            (lambda future: future.cancel(), lambda future: self.assertRaises(cf.CancelledError, future.result, LIMIT)),
        ):
            future = taskpool.Future()
            thread = self.start_thread(check, future)
            set_(future)
            self.join(thread)

    def test_set_running(self):
        future = taskpool.Future()
        self.assertIs(future.set_running_or_notify_cancel(), True)
        self.assertTrue(future.running())
        future = result_of("cancelled")
        self.assertIs(future.set_running_or_notify_cancel(), False)
        for state in ("running", "notified", "failed", "succeeded"):
            with self.assertLogs("concurrent.futures", "CRITICAL"), self.assertRaises(RuntimeError):
                result_of(state).set_running_or_notify_cancel()

    def test_it_is_set_once(self):
        for state in ("cancelled", "notified", "failed", "succeeded"):
            future = result_of(state)
            with self.assertRaises(cf.InvalidStateError):
                future.set_result(1)
            with self.assertRaises(cf.InvalidStateError):
                future.set_exception(KeyError())
            self.assertEqual(future.cancelled(), state in ("cancelled", "notified"))
        self.assertEqual(result_of("succeeded").result(), 42)

    def test_callbacks(self):
        for end in (lambda future: future.set_result(1), lambda future: future.set_exception(OSError()),
                    lambda future: future.cancel()):
            future, seen = taskpool.Future(), []
            future.add_done_callback(seen.append)
            self.assertEqual(seen, [])
            end(future)
            self.assertEqual(seen, [future])
            future.add_done_callback(seen.append)
            self.assertEqual(seen, [future, future])

    def test_wait_and_as_completed_take_it(self):
        done, pending = result_of("succeeded"), result_of("pending")
        self.assertEqual(cf.wait([done, pending], timeout=0), ({done}, {pending}))
        pending.set_result(2)
        self.assertEqual({future.result() for future in cf.as_completed([done, pending])}, {42, 2})

    def test_repr(self):
        for state, text in (("pending", "pending"), ("running", "running"), ("cancelled", "cancelled"),
                            ("failed", "raised OSError"), ("succeeded", "returned int")):
            self.assertRegex(repr(result_of(state)), f"^<Future at 0x[0-9a-f]+ state=.*{text}>$")


class Ends(TestCase):
    """How a job ends, and what its future says."""

    def setUp(self):
        self.pool = self.make_pool(2)

    def test_a_future_goes_from_pending_to_running_to_done(self):
        first, _ = self.occupy(self.pool.submit, "k")
        gate = self.make_gate()
        future = self.pool.submit("k", gate)
        self.assertEqual((future.running(), future.done(), future.cancelled()), (False, False, False))
        self.assertRegex(repr(future), "state=pending")
        first.open()
        wait_for(gate.started)
        self.assertEqual((future.running(), future.done(), future.cancelled()), (True, False, False))
        self.assertRegex(repr(future), "state=running")
        gate.open()
        self.assertEqual(future.result(LIMIT), "opened")
        self.assertEqual((future.running(), future.done(), future.cancelled()), (False, True, False))
        self.assertRegex(repr(future), "state=finished returned str")

    def test_result_returns_the_very_object(self):
        thing = object()
        future = self.pool.submit("k", lambda: thing)
        self.assertIs(future.result(LIMIT), thing)
        self.assertIs(future.result(), thing)
        self.assertIsNone(future.exception())

    def test_result_of_a_job_that_returns_an_exception_returns_it(self):
        error = ValueError()
        future = self.pool.submit("k", lambda: error)
        self.assertIs(future.result(LIMIT), error)
        self.assertIsNone(future.exception(LIMIT))

    def test_result_raises_the_very_exception_with_the_frames_of_the_job(self):
        future = self.pool.submit("k", fail)
        try:
            future.result(LIMIT)
        except ValueError as error:
            self.assertIs(future.exception(), error)
            frames = traceback.extract_tb(error.__traceback__)
        self.assertEqual((frames[0].name, frames[-1].name), (self._testMethodName, "fail"))
        self.assertIn("test_futures.py", frames[-1].filename)

    def test_exception_carries_the_frames_of_the_job(self):
        error = self.pool.submit("k", fail).exception(LIMIT)
        self.assertEqual(traceback.extract_tb(error.__traceback__)[-1].name, "fail")

    def test_a_failed_job_says_so_in_its_repr(self):
        future = self.pool.submit("k", fail)
        future.exception(LIMIT)
        self.assertRegex(repr(future), "state=finished raised ValueError")

    def test_result_and_exception_time_out(self):
        gate, future = self.occupy(self.pool.submit, "k")
        for wait in (future.result, future.exception):
            for timeout in (0, -1, 0.02):
                begin = time.monotonic()
                with self.assertRaises(cf.TimeoutError):
                    wait(timeout=timeout)
                self.assertGreaterEqual(time.monotonic() - begin, timeout)
        gate.open()
        self.assertEqual(future.result(timeout=LIMIT), "opened")

    def test_any_exception_goes_into_the_future_and_harms_no_worker(self):
        for error in (SystemExit(3), KeyboardInterrupt(), GeneratorExit(), Special(), StopIteration(7),
                      StopAsyncIteration(), MemoryError(), cf.CancelledError(), cf.TimeoutError(),
                      asyncio.CancelledError(), RecursionError()):
            def job():
                raise error
            for key in ("k", None):
                with self.subTest(error=error, key=key):
                    future = self.pool.submit(key, job)
                    self.assertIs(future.exception(LIMIT), error)
                    with self.assertRaises(type(error)) as caught:
                        future.result(LIMIT)
                    self.assertIs(caught.exception, error)
                    self.assertFalse(future.cancelled())
        barrier = threading.Barrier(2)
        for future in [self.pool.submit(None, barrier.wait, LIMIT) for _ in range(2)]:
            future.result(LIMIT)

    def test_deep_recursion_fails_the_job_alone(self):
        def job():
            return job()
        self.assertIsInstance(self.pool.submit("k", job).exception(LIMIT), RecursionError)
        self.assertEqual(self.pool.submit("k", abs, -1).result(LIMIT), 1)

    def test_arguments_that_do_not_fit_fail_the_job(self):
        self.assertIsInstance(self.pool.submit("k", abs, 1, 2).exception(LIMIT), TypeError)

    def test_several_threads_may_wait_for_one_future(self):
        gate, future = self.occupy(self.pool.submit, "k")
        threads = [self.start_thread(lambda: self.assertEqual(future.result(LIMIT), "opened")) for _ in range(8)]
        gate.open()
        for thread in threads:
            self.join(thread)

    def test_a_future_outlives_its_pool(self):
        pool = taskpool.TaskPool(1)
        future = pool.submit("k", abs, -1)
        gone = pool.submit("k", fail)
        pool.shutdown()
        del pool
        gc.collect()
        self.assertEqual(future.result(0), 1)
        self.assertFalse(future.cancel())
        self.assertIsInstance(gone.exception(0), ValueError)

    def test_exceptions_leave_no_cycles_behind(self):
        class Thing:
            pass

        class Mine(Exception):
            pass

        def job(thing):
            raise Mine

        self.without_gc()
        thing = Thing()
        reference = weakref.ref(thing)
        future = self.pool.submit("k", job, thing)
        del thing
        error = future.exception(LIMIT)
        error.__traceback__ = None  # it holds the frame of the job, which holds the argument
        self.assertDies(reference)
        error = weakref.ref(error)
        del future
        self.assertDies(error)

    def test_a_raised_result_leaves_no_cycles_behind(self):
        class Mine(Exception):
            pass

        def job():
            raise Mine

        def submit():
            return self.pool.submit("k", job)

        def wait(futures):
            try:
                futures.pop().result(LIMIT)
            except Mine as error:
                return weakref.ref(error)

        self.without_gc()
        self.assertDies(wait([submit()]))
        self.assertDies(self.pool.submit("other", lambda: wait([submit()])).result(LIMIT))
        futures = [submit()]
        futures[0].exception(LIMIT)
        self.assertDies(wait(futures))

    def test_a_job_may_wait_for_a_bare_future(self):
        bare = taskpool.Future()
        future = self.pool.submit("k", bare.result, LIMIT)
        bare.set_result(6)
        self.assertEqual(future.result(LIMIT), 6)


class Callbacks(TestCase):
    def setUp(self):
        self.pool = self.make_pool(2)

    def test_callbacks_run_in_the_order_in_which_they_were_added(self):
        gate, future = self.occupy(self.pool.submit, "k")
        seen, last = [], threading.Event()
        for i in range(10):
            future.add_done_callback(lambda future, i=i: seen.append((i, future)))
        future.add_done_callback(lambda future: last.set())
        gate.open()
        wait_for(last)
        self.assertEqual(seen, [(i, future) for i in range(10)])

    def test_a_callback_runs_on_the_worker_and_one_that_comes_late_at_once(self):
        ident = self.pool.submit(None, threading.get_ident)
        gate, future = self.occupy(self.pool.submit, "k")
        threads = queue.Queue()
        future.add_done_callback(lambda future: threads.put(threading.get_ident()))
        gate.open()
        self.assertNotEqual(threads.get(timeout=LIMIT), threading.get_ident())
        ident.result(LIMIT)
        ident.add_done_callback(lambda future: threads.put(threading.get_ident()))
        self.assertEqual(threads.get_nowait(), threading.get_ident())

    def test_a_callback_finds_its_future_done(self):
        found = queue.Queue()
        for job, expected in ((lambda: 5, (True, 5, None)), (fail, (True, None, ValueError))):
            gate, _ = self.occupy(self.pool.submit, "k")
            future = self.pool.submit("k", job)
            future.add_done_callback(lambda future: found.put((
                future.done(), None if future.exception(0) else future.result(0), future.exception(0))))
            gate.open()
            done, result, error = found.get(timeout=LIMIT)
            self.assertEqual((done, result), expected[:2])
            self.assertIsInstance(error, expected[2] or type(None))

    def test_a_callback_that_raises_is_logged_and_the_others_run(self):
        gate, future = self.occupy(self.pool.submit, "k")
        last = threading.Event()

        def callback(future):
            raise ValueError("in a callback")
        with self.assertLogs("concurrent.futures", "ERROR") as logs:
            future.add_done_callback(callback)
            future.add_done_callback(lambda future: last.set())
            gate.open()
            wait_for(last)
            self.assertEqual(future.result(LIMIT), "opened")
        self.assertIn("in a callback", logs.output[0])
        self.assertEqual(len(logs.output), 1)
        with self.assertLogs("concurrent.futures", "ERROR"):
            future.add_done_callback(callback)

    def test_a_callback_that_raises_something_special_harms_no_worker(self):
        unraisable = queue.Queue()
        with mock.patch.object(sys, "unraisablehook", lambda args: unraisable.put(args.exc_value)):
            for error in (SystemExit(4), KeyboardInterrupt(), Special()):
                def callback(future):
                    raise error
                gate, future = self.occupy(self.pool.submit, "k")
                future.add_done_callback(callback)
                gate.open()
                self.assertEqual(future.result(LIMIT), "opened")
                self.assertIs(unraisable.get(timeout=LIMIT), error)
        barrier = threading.Barrier(2)
        for future in [self.pool.submit(None, barrier.wait, LIMIT) for _ in range(2)]:
            future.result(LIMIT)

    def test_a_callback_of_a_canceled_job_runs_in_cancel(self):
        gate, _ = self.occupy(self.pool.submit, "k")
        future = self.pool.submit("k", len, "")
        seen = []
        future.add_done_callback(lambda future: seen.append((threading.get_ident(), future.cancelled())))
        self.assertTrue(future.cancel())
        self.assertEqual(seen, [(threading.get_ident(), True)])
        gate.open()

    def test_a_callback_may_submit_under_its_own_key(self):
        futures = queue.Queue()
        gate, future = self.occupy(self.pool.submit, "k")
        future.add_done_callback(lambda future: futures.put(self.pool.submit("k", abs, -8)))
        gate.open()
        self.assertEqual(futures.get(timeout=LIMIT).result(LIMIT), 8)

    def test_the_next_job_of_the_key_waits_for_the_callbacks(self):
        gate, future = self.occupy(self.pool.submit, "k")
        callback = self.make_gate()
        future.add_done_callback(callback)
        following = self.pool.submit("k", len, "")
        gate.open()
        wait_for(callback.started)
        self.pool.submit("other", len, "").result(LIMIT)
        self.assertFalse(following.done() or following.running())
        callback.open()
        following.result(LIMIT)


class Cancel(TestCase):
    def setUp(self):
        self.pool = self.make_pool(1, queue_capacity=1)

    def test_a_waiting_job_is_canceled_at_once_and_leaves_its_room(self):
        gate, _ = self.occupy(self.pool.submit, "gate")
        ran = []
        for _ in range(20):
            future = self.pool.submit("k", ran.append, 1, _timeout=0)
            self.assertIs(future.cancel(), True)
            self.assertIs(future.cancel(), True)
            self.assertEqual((future.done(), future.cancelled(), future.running()), (True, True, False))
            self.assertRegex(repr(future), "state=cancelled")
            for wait in (future.result, future.exception):
                for timeout in (None, 0, 1):
                    with self.assertRaises(cf.CancelledError):
                        wait(timeout)
        gate.open()
        self.pool.wait()
        self.assertEqual(ran, [])

    def test_a_canceled_job_wakes_those_who_wait_for_it(self):
        self.occupy(self.pool.submit, "gate")
        future = self.pool.submit("k", len, "")

        def wait():
            with self.assertRaises(cf.CancelledError):
                future.result(LIMIT)
        waiting = [
            self.start_thread(wait), self.start_thread(lambda: self.assertEqual(cf.wait([future]).done, {future})),
            self.start_thread(lambda: self.assertEqual(list(cf.as_completed([future])), [future])),
        ]
        wait_until(lambda: len(future._waiters) == 2)
        future.cancel()
        for thread in waiting:
            self.join(thread)

    def test_a_running_job_cannot_be_canceled_but_is_told(self):
        started = threading.Event()

        def job():
            started.set()
            return taskpool.current().sleep(3600), taskpool.current().canceled
        future = self.pool.submit("k", job)
        wait_for(started)
        self.assertIs(future.cancel(), False)
        self.assertFalse(future.cancelled())
        self.assertEqual(future.result(LIMIT), (False, True))

    def test_a_job_can_cancel_itself(self):
        box = queue.Queue()

        def job():
            return box.get(timeout=LIMIT).cancel(), taskpool.current().canceled
        future = self.pool.submit("k", job)
        box.put(future)
        self.assertEqual(future.result(LIMIT), (False, True))

    def test_a_job_that_has_ended_cannot_be_canceled(self):
        for job in (lambda: None, fail):
            future = self.pool.submit("k", job)
            future.exception(LIMIT)
            self.assertIs(future.cancel(), False)
            self.assertFalse(future.cancelled())

    def test_canceled_futures_are_done_for_wait_and_as_completed(self):
        self.occupy(self.pool.submit, "gate")
        future = self.pool.submit("k", len, "")
        future.cancel()
        for return_when in (cf.FIRST_COMPLETED, cf.FIRST_EXCEPTION, cf.ALL_COMPLETED):
            self.assertEqual(cf.wait([future], LIMIT, return_when), ({future}, set()))
        self.assertEqual(list(cf.as_completed([future], LIMIT)), [future])

    def test_the_object_of_a_canceled_job_is_let_go(self):
        class Thing:
            def __call__(self):
                pass
        self.without_gc()
        self.occupy(self.pool.submit, "gate")
        thing = Thing()
        future = self.pool.submit("k", thing)
        reference = weakref.ref(thing)
        del thing
        self.assertIsNotNone(reference())
        future.cancel()
        self.assertIsNone(reference())

    def test_a_cancel_that_races_with_the_start_is_never_half(self):
        pool = self.make_pool(2)
        for _ in range(300):
            ran = []
            future = pool.submit("k", ran.append, 1)
            if future.cancel():
                self.assertRaises(cf.CancelledError, future.result, LIMIT)
                pool.wait()
                self.assertEqual(ran, [])
            else:
                self.assertIsNone(future.result(LIMIT))
                self.assertEqual(ran, [1])

    def test_many_threads_may_cancel_one_job(self):
        self.occupy(self.pool.submit, "gate")
        for _ in range(20):
            future = self.pool.submit("k", len, "", _timeout=0)
            calls = []
            future.add_done_callback(calls.append)
            barrier = threading.Barrier(4)

            def cancel():
                barrier.wait(LIMIT)
                self.assertTrue(future.cancel())
                self.assertTrue(future.cancelled())
            for thread in [self.start_thread(cancel) for _ in range(4)]:
                self.join(thread)
            self.assertEqual(calls, [future])


class Waiting(TestCase):
    """concurrent.futures.wait and as_completed."""

    def setUp(self):
        self.pool = self.make_pool(4)

    def ended(self):
        """Futures that have ended in all the ways there are."""
        gate, _ = self.occupy(self.pool.submit, "ended")
        canceled = self.pool.submit("ended", len, "")
        canceled.cancel()
        gate.open()
        futures = [self.pool.submit("ended", len, ""), self.pool.submit("ended", fail), canceled]
        self.pool.key("ended").wait()
        return futures

    def test_first_completed(self):
        _, waiting = self.occupy(self.pool.submit, "a")
        future = self.pool.submit("b", abs, -21)
        done, pending = cf.wait([waiting, future], LIMIT, cf.FIRST_COMPLETED)
        self.assertEqual((done, pending), ({future}, {waiting}))

    def test_first_completed_wakes_up(self):
        gate, one = self.occupy(self.pool.submit, "a")
        _, other = self.occupy(self.pool.submit, "b")
        results = queue.Queue()
        self.start_thread(lambda: results.put(cf.wait([one, other], LIMIT, cf.FIRST_COMPLETED)))
        wait_until(lambda: one._waiters and other._waiters)
        gate.open()
        self.assertEqual(results.get(timeout=LIMIT), ({one}, {other}))

    def test_first_completed_with_some_that_have_ended(self):
        _, waiting = self.occupy(self.pool.submit, "a")
        for ended in self.ended():
            self.assertEqual(cf.wait([ended, waiting], LIMIT, cf.FIRST_COMPLETED), ({ended}, {waiting}))

    def test_first_exception(self):
        gate, good = self.occupy(self.pool.submit, "a")
        failing, bad = self.occupy(self.pool.submit, "b")
        after = self.pool.submit("b", fail)
        _, waiting = self.occupy(self.pool.submit, "c")
        results = queue.Queue()
        self.start_thread(lambda: results.put(cf.wait([good, bad, after, waiting], LIMIT, cf.FIRST_EXCEPTION)))
        wait_until(lambda: waiting._waiters)
        gate.open()
        good.result(LIMIT)
        self.assertTrue(results.empty())
        failing.open()
        self.assertEqual(results.get(timeout=LIMIT), ({good, bad, after}, {waiting}))

    def test_first_exception_with_one_that_has_failed(self):
        _, waiting = self.occupy(self.pool.submit, "a")
        good, bad, canceled = self.ended()
        self.assertEqual(cf.wait([good, bad, canceled, waiting], LIMIT, cf.FIRST_EXCEPTION),
                         ({good, bad, canceled}, {waiting}))

    def test_first_exception_without_any_waits_for_all(self):
        futures = [self.pool.submit(f"{i}", abs, i) for i in range(5)]
        self.assertEqual(cf.wait(futures, LIMIT, cf.FIRST_EXCEPTION), (set(futures), set()))

    def test_all_completed(self):
        gate, one = self.occupy(self.pool.submit, "a")
        futures = [one, self.pool.submit("a", fail), self.pool.submit("b", len, ""), *self.ended()]
        results = queue.Queue()
        self.start_thread(lambda: results.put(cf.wait(futures, LIMIT, cf.ALL_COMPLETED)))
        wait_until(lambda: one._waiters)
        self.assertTrue(results.empty())
        gate.open()
        self.assertEqual(results.get(timeout=LIMIT), (set(futures), set()))

    def test_wait_times_out(self):
        _, waiting = self.occupy(self.pool.submit, "a")
        ended = self.ended()
        for timeout in (0, 0.02):
            begin = time.monotonic()
            self.assertEqual(cf.wait([waiting, *ended], timeout), (set(ended), {waiting}))
            self.assertGreaterEqual(time.monotonic() - begin, timeout)
        self.assertEqual(waiting._waiters, [])

    def test_wait_takes_futures_of_other_pools_and_of_the_standard_library(self):
        with cf.ThreadPoolExecutor(2) as executor:
            gate, one = self.occupy(self.pool.submit, "a")
            stdgate, two = self.occupy(executor.submit)
            three, four = self.pool.submit("b", fail), executor.submit(fail)
            four.exception(LIMIT), three.exception(LIMIT)
            self.assertEqual(cf.wait([one, two, three, four], LIMIT, cf.FIRST_EXCEPTION), ({three, four}, {one, two}))
            self.assertEqual(cf.wait([one, two], 0), (set(), {one, two}))
            gate.open()
            self.assertEqual(cf.wait([one, two], LIMIT, cf.FIRST_COMPLETED), ({one}, {two}))
            stdgate.open()
            self.assertEqual(cf.wait([one, two, three, four], LIMIT), ({one, two, three, four}, set()))
            self.assertEqual(set(cf.as_completed([one, two, three, four], LIMIT)), {one, two, three, four})

    def test_mixed_futures_in_threads_that_wait_crosswise_do_not_hang(self):
        with cf.ThreadPoolExecutor(2) as executor:
            for _ in range(20):
                futures = [submit(abs, i) for i in range(5) for submit in (executor.submit, self.pool.executor.submit)]
                threads = [self.start_thread(lambda order: self.assertFalse(cf.wait(order).not_done), order)
                           for order in (futures, futures[::-1], futures[::2] + futures[1::2])]
                for thread in threads:
                    self.join(thread)

    def test_as_completed_gives_each_once_in_the_order_of_the_ends(self):
        gates = [self.occupy(self.pool.submit, f"{i}") for i in range(4)]
        order = [gates[i][1] for i in (2, 0, 3, 1)]
        seen = []
        completed = cf.as_completed([future for _, future in gates], LIMIT)
        for i in (2, 0, 3, 1):
            gates[i][0].open()
            seen.append(next(completed))
        self.assertEqual(seen, order)
        self.assertEqual(list(completed), [])

    def test_as_completed_gives_first_what_has_ended(self):
        gate, waiting = self.occupy(self.pool.submit, "a")
        ended = self.ended()
        completed = cf.as_completed([waiting, *ended], LIMIT)
        self.assertEqual({next(completed) for _ in ended}, set(ended))
        gate.open()
        self.assertEqual(list(completed), [waiting])

    def test_as_completed_ignores_duplicates(self):
        gate, waiting = self.occupy(self.pool.submit, "a")
        ended = self.ended()
        completed = cf.as_completed([waiting, waiting, *ended, *ended], LIMIT)
        self.assertEqual(len([next(completed) for _ in ended]), 3)
        gate.open()
        self.assertEqual(list(completed), [waiting])

    def test_as_completed_times_out(self):
        _, waiting = self.occupy(self.pool.submit, "a")
        ended = self.ended()
        for timeout in (0, 0.02):
            seen = set()
            begin = time.monotonic()
            with self.assertRaises(cf.TimeoutError):
                for future in cf.as_completed([waiting, *ended], timeout):
                    seen.add(future)
            self.assertGreaterEqual(time.monotonic() - begin, timeout)
            self.assertEqual(seen, set(ended))

    def test_as_completed_of_nothing_is_empty(self):
        self.assertEqual(list(cf.as_completed([])), [])
        self.assertEqual(cf.wait([]), (set(), set()))

    def test_as_completed_keeps_no_future_alive(self):
        self.without_gc()
        gate, _ = self.occupy(self.pool.submit, "k")
        futures = [self.pool.submit("k", len, "") for _ in range(3)]
        completed = cf.as_completed(futures, LIMIT)
        futures.clear()
        gate.open()
        for future in completed:
            reference = weakref.ref(future)
            del future
            self.assertDies(reference)

    def test_expired_futures_are_done_for_wait(self):
        self.pool.key("k").pause()
        future = self.pool.submit("k", len, "", _ttl=0.001)
        self.assertEqual(cf.wait([future], LIMIT), ({future}, set()))
        self.assertIsInstance(future.exception(0), taskpool.JobExpired)
        self.pool.key("k").resume()

    def test_a_future_can_be_wrapped_for_asyncio(self):
        async def main():
            self.assertEqual(await asyncio.wrap_future(self.pool.submit("k", abs, -4)), 4)
            with self.assertRaises(ValueError):
                await asyncio.wrap_future(self.pool.submit("k", fail))
            gate, _ = self.occupy(self.pool.submit, "k")
            future = self.pool.submit("k", len, "")
            wrapped = asyncio.wrap_future(future)
            wrapped.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await wrapped
            await asyncio.sleep(0)  # its callbacks
            self.assertTrue(future.cancelled())
            gate.open()
        asyncio.run(main())


class Hammer(TestCase):
    """Many futures, and several threads that wait for them in all the ways there are, while they end."""

    def test_no_future_is_missed_or_counted_twice(self):
        pool = self.make_pool(4)
        expected = list(range(200))
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        self.addCleanup(sys.setswitchinterval, interval)

        def completed(futures):
            self.assertEqual(sorted(future.result(0) for future in cf.as_completed(futures, LIMIT)), expected)

        def waited(futures):
            left = set(futures)
            while left:
                done, left = cf.wait(left, LIMIT, cf.FIRST_COMPLETED)
                self.assertTrue(done)
                self.assertTrue(all(future.done() for future in done))

        def results(futures):
            self.assertEqual([future.result(LIMIT) for future in futures], expected)

        def called(futures):
            calls = queue.SimpleQueue()
            for future in futures:
                future.add_done_callback(calls.put)
            self.assertEqual({calls.get(timeout=LIMIT) for _ in futures}, set(futures))

        def waited_once(futures):
            self.assertEqual(cf.wait(futures, LIMIT), (set(futures), set()))

        def run(round):
            futures = [pool.submit(f"{i % 7}" if i % 3 else None, abs, -i) for i in range(200)]
            workers = (completed, waited_once, results, called) if round % 10 else (completed, waited, results, called)
            for thread in [self.start_thread(worker, futures) for worker in workers]:
                self.join(thread)
        for round in range(60):
            run(round)

    def test_waits_and_cancels_at_once(self):
        pool = self.make_pool(4)
        for _ in range(20):
            futures = [pool.submit(f"{i % 5}", abs, -i) for i in range(100)]
            cancels = self.start_thread(lambda: [future.cancel() for future in futures[::2]])
            waits = self.start_thread(lambda: self.assertEqual(len(list(cf.as_completed(futures, LIMIT))), 100))
            self.join(cancels)
            self.join(waits)
            for i, future in enumerate(futures):
                if not future.cancelled():
                    self.assertEqual(future.result(0), i)


class Plain(TestCase):
    """A later Python whose futures have other fields: they are made the plain way, and all of this holds."""

    SCRIPT = """
import concurrent.futures as cf
import unittest

original = cf.Future.__init__

def init(self):
    original(self)
    self._something_new = object()

cf.Future.__init__ = init

import taskpool
import test_futures

assert vars(taskpool.Future())["_something_new"]
assert "_condition" in vars(taskpool.Future())
del test_futures.Plain, test_futures.Hammer.test_no_future_is_missed_or_counted_twice
unittest.main(test_futures, argv=["plain"], verbosity=0)
"""

    def test_all_tests_pass_with_plain_futures(self):
        done = run_script(self.SCRIPT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"Ran [5-9]\d tests")


if __name__ == "__main__":
    unittest.main()
