# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""pool.map."""

import concurrent.futures as cf
import itertools
import threading
import time
import unittest
import weakref

import taskpool
from support import LIMIT, TestCase, wait_for, wait_until

SHUTDOWN = "cannot schedule new futures after shutdown"


class Map(TestCase):
    def setUp(self):
        self.pool = self.make_pool(2)

    def check_idle(self):
        """Nothing runs or waits, and the pool works."""
        self.assertTrue(self.pool.wait(LIMIT))
        self.assertEqual(self.pool.submit("k", abs, -1).result(LIMIT), 1)

    def test_results_come_in_the_order_of_the_items(self):
        for chunksize in (1, 2, 7, 99, 100, 101, 1000):
            with self.subTest(chunksize=chunksize):
                results = self.pool.map(lambda x: x * x, range(100), chunksize=chunksize)
                self.assertEqual(list(results), [x * x for x in range(100)])

    def test_the_result_is_an_iterator(self):
        results = self.pool.map(abs, [-1, -2])
        self.assertIs(iter(results), results)
        self.assertEqual(next(results), 1)
        self.assertEqual(next(results), 2)
        for _ in range(2):
            with self.assertRaises(StopIteration):
                next(results)

    def test_a_map_of_nothing_is_empty(self):
        self.assertEqual(list(self.pool.map(abs, [])), [])
        self.assertEqual(list(self.pool.map(abs, [], chunksize=5)), [])
        self.assertEqual(self.pool.stats()["submitted"], 0)

    def test_several_iterables_go_as_far_as_the_shortest(self):
        results = self.pool.map(pow, itertools.count(2), iter([3, 2, 1]), chunksize=2)
        self.assertEqual(list(results), [8, 9, 4])

    def test_without_a_key_function_jobs_have_no_key(self):
        results = self.pool.map(lambda _: taskpool.current().key, range(5), chunksize=2)
        self.assertEqual(list(results), [None] * 5)

    def test_the_key_function_names_the_key_of_each_item(self):
        keys = ["text", "größe", b"bytes", "", b"\0", None, "text"]
        for chunksize in (1, 3, 10):
            results = self.pool.map(lambda _: taskpool.current().key, keys, key=lambda key: key, chunksize=chunksize)
            self.assertEqual(list(results), [b"text", "größe".encode(), b"bytes", b"", b"\0", None, b"text"])

    def test_the_key_function_gets_all_that_the_job_gets(self):
        results = self.pool.map(lambda a, b: (a, b, taskpool.current().key), [1, 2], "xy", key=lambda a, b: f"{b}{a}")
        self.assertEqual(list(results), [(1, "x", b"x1"), (2, "y", b"y2")])

    def test_items_of_one_key_run_one_at_a_time_and_in_order(self):
        pool = self.make_pool(4)
        order = {i: [] for i in range(5)}
        running, overlaps = set(), []

        def job(item):
            key = item % 5
            overlaps.extend([key] if key in running else [])
            running.add(key)
            time.sleep(0)
            order[key].append(item)
            running.discard(key)
        for _ in pool.map(job, range(500), key=lambda item: f"{item % 5}", chunksize=16):
            pass
        self.assertEqual(overlaps, [])
        for key, items in order.items():
            self.assertEqual(items, list(range(key, 500, 5)))

    def test_items_without_a_key_run_at_the_same_time(self):
        barrier = threading.Barrier(2)
        list(self.pool.map(lambda _: barrier.wait(LIMIT), range(10), chunksize=5))

    def test_all_items_are_submitted_by_the_call(self):
        started = [threading.Event() for _ in range(10)]
        results = self.pool.map(threading.Event.set, started, chunksize=3)
        for event in started:
            wait_for(event)
        self.assertEqual(len(list(results)), 10)

    def test_a_map_that_nobody_looks_at_runs(self):
        ended = []
        self.pool.map(ended.append, range(20), chunksize=8, key=lambda i: "k")
        self.assertTrue(self.pool.wait(LIMIT))
        self.assertEqual(ended, list(range(20)))

    def test_results_come_as_soon_as_they_are_there(self):
        gate = self.make_gate()
        results = self.pool.map(lambda job: job and job(), [None, None, gate])
        self.assertEqual([next(results), next(results)], [None, None])
        gate.open()
        self.assertEqual(next(results), "opened")

    def test_an_exception_is_raised_in_its_place_and_ends_the_rest(self):
        ran = []

        def job(i):
            if i == 2:
                raise KeyError(i)
            if i == 3:
                gate()
            ran.append(i)
            return i
        gate = self.make_gate()
        results = self.pool.map(job, range(10), key=lambda i: "k", chunksize=4)
        self.assertEqual([next(results), next(results)], [0, 1])
        wait_for(gate.started)
        with self.assertRaises(KeyError):
            next(results)
        with self.assertRaises(StopIteration):
            next(results)
        gate.open()
        self.check_idle()
        self.assertEqual(ran, [0, 1, 3])

    def test_an_exception_waits_until_its_place_is_asked_for(self):
        results = self.pool.map(divmod, [1, 1], [1, 0])
        self.assertTrue(self.pool.wait(LIMIT))
        self.assertEqual(next(results), (1, 0))
        with self.assertRaises(ZeroDivisionError):
            next(results)

    def test_special_exceptions_are_raised_too(self):
        def job(error):
            raise error
        for error in (SystemExit(1), KeyboardInterrupt(), GeneratorExit()):
            with self.assertRaises(type(error)):
                next(self.pool.map(job, [error]))
        with self.assertRaises((StopIteration, RuntimeError)):
            next(self.pool.map(job, [StopIteration(5)]))
        self.check_idle()

    def test_a_timeout_is_raised_and_the_rest_is_canceled(self):
        gate, _ = self.occupy(self.pool.submit, "k")
        for timeout in (0, 0.02):
            ran = []
            begin = time.monotonic()
            results = self.pool.map(ran.append, range(10), key=lambda i: "k", chunksize=3, timeout=timeout)
            with self.assertRaises(cf.TimeoutError):
                next(results)
            self.assertGreaterEqual(time.monotonic() - begin, timeout)
            with self.assertRaises(StopIteration):
                next(results)
            self.assertEqual(self.pool.key("k").stats()["queued"], 0)
        gate.open()
        self.check_idle()
        self.assertEqual(ran, [])

    def test_the_timeout_counts_from_the_call(self):
        gate = self.make_gate()
        results = self.pool.map(lambda job: job and job(), [None, gate], key=lambda job: "k", timeout=0.05)
        wait_for(gate.started)
        over = time.monotonic() + 0.05
        wait_until(lambda: time.monotonic() > over)
        self.assertIsNone(next(results))
        with self.assertRaises(cf.TimeoutError):
            next(results)
        gate.open()

    def test_a_timeout_that_is_not_reached_does_nothing(self):
        self.assertEqual(list(self.pool.map(abs, [-1, -2], timeout=LIMIT)), [1, 2])
        self.assertEqual(list(self.pool.map(abs, [-1, -2], timeout=float("inf"))), [1, 2])

    def test_closing_the_results_cancels_what_waits_and_tells_what_runs(self):
        ran = []
        started = threading.Event()

        def job(i):
            ran.append(i)
            if i == 1:
                started.set()
                slept.append(taskpool.current().sleep(3600))
            return i
        slept = []
        results = self.pool.map(job, range(10), key=lambda i: "k", chunksize=4)
        self.assertEqual(next(results), 0)
        wait_for(started)
        results.close()
        self.check_idle()
        self.assertEqual((ran, slept), ([0, 1], [False]))

    def test_dropping_the_results_cancels_what_waits(self):
        gate, _ = self.occupy(self.pool.submit, "k")
        results = self.pool.map(lambda job: job and job(), [None, *[len] * 5], key=lambda job: "k" if job else "first")
        self.assertIsNone(next(results))
        self.without_gc()
        del results
        self.assertEqual(self.pool.key("k").stats()["queued"], 0)
        gate.open()
        self.check_idle()

    def test_results_are_not_kept(self):
        class Thing:
            pass
        self.without_gc()
        for thing in self.pool.map(lambda _: Thing(), range(10), chunksize=4):
            reference = weakref.ref(thing)
            del thing
            self.assertDies(reference)

    def test_an_exception_leaves_no_cycles_behind(self):
        class Mine(Exception):
            pass

        def job(_):
            raise Mine

        def error_of_map():
            try:
                list(self.pool.map(job, range(3)))
            except Mine as error:
                return weakref.ref(error)
        self.without_gc()
        self.assertDies(error_of_map())

    def test_items_are_not_kept(self):
        class Thing:
            pass
        self.without_gc()
        things = [Thing() for _ in range(4)]
        references = [weakref.ref(thing) for thing in things]
        results = self.pool.map(lambda thing: None, things, chunksize=2)
        things.clear()
        for reference in references:
            self.assertDies(reference)
        list(results)

    def test_a_full_queue_is_waited_for(self):
        pool = self.make_pool(1, queue_capacity=2)
        gate, _ = self.occupy(pool.submit, None)
        results = []
        threads = [self.start_thread(lambda size: results.append(list(pool.map(abs, range(20), chunksize=size))), size)
                   for size in (1, 16)]
        wait_until(lambda: pool.stats()["blocked"] > 1)
        self.assertEqual((results, pool.stats()["queued"]), ([], 2))
        gate.open()
        for thread in threads:
            self.join(thread)
        self.assertEqual(results, [list(range(20))] * 2)

    def test_what_waited_for_room_has_its_own_key(self):
        def key(i):
            return bytes([i]) * i or None

        pool = self.make_pool(1, queue_capacity=3)
        for chunksize in (1, 4, 20):
            gate, _ = self.occupy(pool.submit, None)
            results = []
            before = pool.stats()["blocked"]
            thread = self.start_thread(lambda: results.extend(pool.map(
                lambda i: (i, taskpool.current().key), range(20), key=key, chunksize=chunksize)))
            wait_until(lambda: pool.stats()["blocked"] > before + 2)  # it has tried again
            gate.open()
            self.join(thread)
            self.assertEqual(results, [(i, key(i)) for i in range(20)])

    def test_a_full_queue_is_no_obstacle_for_few_workers_and_many_items(self):
        pool = self.make_pool(2, queue_capacity=1)
        for chunksize in (1, 64):
            results = pool.map(abs, range(500), key=lambda i: f"{i % 3}" if i % 4 else None, chunksize=chunksize)
            self.assertEqual(list(results), list(range(500)))

    def test_a_map_that_waits_for_room_ends_when_the_pool_is_shut_down(self):
        for chunksize in (1, 8):
            pool = self.make_pool(1, queue_capacity=2)
            gate, _ = self.occupy(pool.submit, None)
            ran = []

            def map_all():
                with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
                    pool.map(ran.append, range(20), chunksize=chunksize)
            thread = self.start_thread(map_all)
            wait_until(lambda: pool.stats()["blocked"] > 0)
            pool.shutdown(wait=False)
            self.join(thread)
            gate.open()
            pool.shutdown()
            self.assertEqual(ran, [])  # those that were submitted are canceled: nobody could get their results

    def test_maps_in_several_threads_do_not_mix(self):
        results = {}

        def map_all(thread):
            results[thread] = list(self.pool.map(
                lambda i: (thread, i), range(200), key=lambda i: f"{i % 3}", chunksize=10))
        for thread in [self.start_thread(map_all, thread) for thread in range(4)]:
            self.join(thread)
        self.assertEqual(results, {thread: [(thread, i) for i in range(200)] for thread in range(4)})

    def test_items_may_be_made_while_jobs_run(self):
        def items():
            for i in range(20):
                yield i
                made.append(i)
        made = []
        results = self.pool.map(lambda i: (i, wait_until(lambda: len(made) > i)), items())
        self.assertEqual([i for i, _ in results], list(range(20)))


class Refusals(TestCase):
    def setUp(self):
        self.pool = self.make_pool(2)

    def check(self, exception, *args, **kwargs):
        with self.assertRaises(exception):
            self.pool.map(*args, **kwargs)
        self.assertEqual(self.pool.stats()["submitted"], 0)

    def test_bad_chunk_sizes_are_refused(self):
        for size in (0, -1, "2", 1.5, None):
            with self.subTest(size=size):
                self.check((ValueError, TypeError), abs, [1], chunksize=size)

    def test_bad_timeouts_are_refused(self):
        for exception, timeout in ((ValueError, -1), (ValueError, float("nan")), (TypeError, "1")):
            with self.subTest(timeout=timeout):
                self.check(exception, abs, [1], timeout=timeout)

    def test_what_cannot_be_called_is_refused(self):
        self.check(TypeError, "no function", [1])
        self.check(TypeError)

    def test_what_cannot_be_iterated_is_refused(self):
        self.check(TypeError, abs, 5)

    def test_unknown_words_are_refused(self):
        self.check(TypeError, abs, [1], _delay=1)

    def test_a_map_after_shutdown_is_refused(self):
        self.pool.shutdown()
        for items in ([1], []):
            with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
                self.pool.map(abs, items)

    def test_bad_keys_are_refused_and_what_was_submitted_is_canceled(self):
        for exception, bad in ((TypeError, 5), (ValueError, "x" * 65536), (ValueError, "\udc80")):
            for chunksize in (1, 4, 100):
                gate, _ = self.occupy(self.pool.submit, "k")
                ran = []
                with self.assertRaises(exception):
                    self.pool.map(ran.append, range(10), key=lambda i: "k" if i < 7 else bad, chunksize=chunksize)
                self.assertEqual(self.pool.key("k").stats()["queued"], 0)
                gate.open()
                self.assertTrue(self.pool.wait(LIMIT))
                self.assertEqual(ran, [])

    def test_an_exception_of_the_items_or_of_the_key_function_cancels_what_was_submitted(self):
        def items():
            yield from range(5)
            raise OSError

        def key(i):
            return "k" if i < 5 else {}[i]
        for exception, iterable in ((OSError, items()), (KeyError, range(10))):
            gate, _ = self.occupy(self.pool.submit, "k")
            ran = []
            with self.assertRaises(exception):
                self.pool.map(ran.append, iterable, key=key, chunksize=2)
            self.assertEqual(self.pool.key("k").stats()["queued"], 0)
            gate.open()
            self.assertTrue(self.pool.wait(LIMIT))
            self.assertEqual(ran, [])


class Inside(TestCase):
    """A map in a job."""

    def test_a_job_may_map_where_a_worker_is_left(self):
        pool = self.make_pool(2)
        results = pool.submit("k", lambda: list(pool.map(abs, range(20), chunksize=3))).result(LIMIT)
        self.assertEqual(results, list(range(20)))

    def test_a_job_may_map_into_a_full_queue(self):
        pool = self.make_pool(2, queue_capacity=1)
        for chunksize in (1, 8):
            future = pool.submit("k", lambda: list(pool.map(abs, range(20), chunksize=chunksize)))
            self.assertEqual(future.result(LIMIT), list(range(20)))

    def test_a_job_may_not_map_where_no_worker_is_left(self):
        pool = self.make_pool(1)
        ran = []

        def job():
            with self.assertRaises(taskpool.DeadlockError):
                list(pool.map(ran.append, range(5)))
            return "refused"
        self.assertEqual(pool.submit("k", job).result(LIMIT), "refused")
        self.assertTrue(pool.wait(LIMIT))
        self.assertEqual(ran, [])

    def test_a_job_may_not_map_under_its_own_key(self):
        pool = self.make_pool(2)

        def job():
            with self.assertRaises(taskpool.DeadlockError):
                list(pool.map(abs, range(5), key=lambda i: "k"))
            return "refused"
        self.assertEqual(pool.submit("k", job).result(LIMIT), "refused")

    def test_a_job_may_map_in_another_pool(self):
        one, other = self.make_pool(1), self.make_pool(1)
        results = one.submit("k", lambda: list(other.map(abs, range(5), key=lambda i: "k"))).result(LIMIT)
        self.assertEqual(results, list(range(5)))


if __name__ == "__main__":
    unittest.main()
