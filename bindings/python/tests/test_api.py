# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""The pool, its options, its statistics and what a job sees of it."""

import asyncio
import concurrent.futures as cf
import gc
import os
import queue
import random
import re
import sys
import threading
import time
import unittest
import weakref
from unittest import mock

import taskpool
from support import LIMIT, TestCase, run_script, wait_for, wait_until

SHUTDOWN = "cannot schedule new futures after shutdown"
HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "include", "taskpool.h")
STATS = {
    "submitted", "ran", "canceled", "expired", "replaced", "queued", "running", "rejected", "stolen", "overflow",
    "blocked", "blocked_time", "peak_queued", "keys_active", "wait_time", "run_time",
}


def fail():
    raise ValueError("on purpose")


def thread_names():
    names = []
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/comm", encoding="utf-8") as comm:
                names.append(comm.read().rstrip("\n"))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return names


def home(key, workers):
    """The number of the worker that a key belongs to: FNV-1a."""
    number = 0x811c9dc5
    for byte in key:
        number = (number ^ byte) * 0x01000193 % 2**32
    return number % workers


def keys_of(worker, workers):
    """Keys that belong to a worker."""
    return (key for key in (b"key %d" % i for i in range(1000)) if home(key, workers) == worker)


class Example(TestCase):
    """The example of the README, line by line."""

    def test_a_pool_with_all_options_starts_and_drains_at_exit(self):
        ended = []
        with taskpool.TaskPool(workers=4, queue_capacity=10_000, name="orders", placement="floating") as pool:
            for i in range(200):
                pool.submit("user:42", ended.append, i)
        self.assertEqual(ended, list(range(200)))

    def test_the_options_have_their_place(self):
        with taskpool.TaskPool(1, 1, "by place", "pinned") as pool:
            gate, _ = self.occupy(pool.submit, None)
            pool.submit("k", len, "")
            with self.assertRaises(taskpool.QueueFull):
                pool.submit("k", len, "", _timeout=0)
            gate.open()

    def test_a_pool_drains_when_its_block_raises(self):
        ended = []
        with self.assertRaises(ZeroDivisionError):
            with taskpool.TaskPool(workers=1) as pool:
                for i in range(20):
                    pool.submit("k", ended.append, i)
                1 / 0
        self.assertEqual(ended, list(range(20)))

    def test_submit_passes_arguments_and_returns_a_future(self):
        def charge(*args, **kwargs):
            return args, kwargs
        future = self.make_pool().submit("user:42", charge, 9.5, currency="EUR")
        self.assertIsInstance(future, taskpool.Future)
        self.assertIsInstance(future, cf.Future)
        self.assertEqual(future.result(timeout=LIMIT), ((9.5,), {"currency": "EUR"}))

    def test_submit_passes_words_that_have_the_names_of_its_parameters(self):
        def words(**kwargs):
            return kwargs
        future = self.make_pool().submit("k", words, self=1, key=2, fn=3, args=4, timeout=5)
        self.assertEqual(future.result(LIMIT), {"self": 1, "key": 2, "fn": 3, "args": 4, "timeout": 5})

    def test_the_next_job_of_a_key_starts_after_the_one_before_has_ended(self):
        pool = self.make_pool(4)
        gate, first = self.occupy(pool.submit, "user:42")
        second = pool.submit("user:42", first.done)
        pool.submit("another", len, "").result(LIMIT)
        self.assertFalse(second.running() or second.done())
        gate.open()
        self.assertTrue(second.result(LIMIT))

    def test_a_job_without_a_key_has_no_order(self):
        pool = self.make_pool(2)
        self.occupy(pool.submit, None)
        self.assertEqual(pool.submit(None, len, "abc").result(LIMIT), 3)

    def test_a_waiting_job_can_be_canceled(self):
        pool = self.make_pool(1)
        ran = []
        self.occupy(pool.submit, None)
        future = pool.submit(None, ran.append, 1)
        self.assertTrue(future.cancel())
        self.assertTrue(future.cancelled())
        pool.key("other").wait()
        self.assertEqual(ran, [])

    def test_post_returns_nothing_and_runs_in_order(self):
        pool = self.make_pool()
        ended = []
        for i in range(50):
            self.assertIsNone(pool.post("user:42", ended.append, i))
        pool.wait()
        self.assertEqual(ended, list(range(50)))

    def test_map_with_key_and_chunks_gives_all_results_in_order(self):
        pool = self.make_pool(4)
        results = list(pool.map(lambda x: x * x, range(100), key=lambda x: f"{x % 8}", chunksize=16))
        self.assertEqual(results, [x * x for x in range(100)])

    def test_a_key_is_an_executor(self):
        user = self.make_pool().key("user:42")
        self.assertIsInstance(user, cf.Executor)
        self.assertEqual(user.submit(abs, -1).result(LIMIT), 1)
        self.assertTrue(user.wait(timeout=5))
        self.assertEqual(user.cancel(), 0)
        self.assertIsNone(user.pause())
        self.assertIsNone(user.resume())
        self.assertIsNone(user.limit(interval=0.1, burst=2))

    def test_the_pool_has_an_executor_without_a_key(self):
        pool = self.make_pool()
        self.assertIsInstance(pool.executor, cf.Executor)
        key = pool.executor.submit(lambda: taskpool.current().key)
        self.assertIsNone(key.result(LIMIT))
        self.assertNotIsInstance(pool, cf.Executor)

    def test_coroutines_run_jobs(self):
        pool = self.make_pool()
        user = pool.key("user:42")

        async def main():
            return (await pool.run("user:42", abs, -1),
                    await asyncio.get_running_loop().run_in_executor(user, abs, -2))
        self.assertEqual(asyncio.run(main()), (1, 2))

    def test_a_task_has_options(self):
        future = self.make_pool().submit("k", lambda: "step", _delay=0.001, _ttl=LIMIT, _timeout=0)
        self.assertEqual(future.result(LIMIT), "step")

    def test_wait_waits_for_all_jobs(self):
        pool = self.make_pool(3)
        ended = []
        for i in range(100):
            pool.post(f"{i % 7}", ended.append, i)
        self.assertIs(pool.wait(timeout=None), True)
        self.assertEqual(len(ended), 100)

    def test_the_module_submits_to_the_default_pool(self):
        barrier = threading.Barrier(8)

        def meet():
            barrier.wait(LIMIT)
            return taskpool.current().worker
        futures = [taskpool.submit(None, meet) for _ in range(8)]
        self.assertEqual({future.result(LIMIT) for future in futures}, set(range(8)))
        self.assertIs(taskpool.default_pool(), taskpool.default_pool())
        self.assertIsInstance(taskpool.default_pool(), taskpool.TaskPool)
        before = taskpool.default_pool().stats()["submitted"]
        self.assertEqual(taskpool.submit("user:42", dict, a=1, _ttl=LIMIT).result(LIMIT), {"a": 1})
        self.assertEqual(taskpool.default_pool().stats()["submitted"], before + 1)

    def test_one_default_pool_is_made_however_many_ask(self):
        done = run_script("""
import sys, threading, taskpool
sys.setswitchinterval(1e-6)
barrier, found = threading.Barrier(8), []
def ask():
    barrier.wait(60)
    found.append(taskpool.default_pool())
threads = [threading.Thread(target=ask) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len(set(map(id, found))) == 1
taskpool.default_pool().shutdown()
try:
    taskpool.submit("k", len, "")
except RuntimeError as error:
    print(error)
""")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, SHUTDOWN + "\n", ""))

    def test_there_is_no_current_context_outside_of_jobs(self):
        self.assertIsNone(taskpool.current())

    def test_all_names_are_there(self):
        for name in taskpool.__all__:
            self.assertTrue(hasattr(taskpool, name), name)
        self.assertTrue(issubclass(taskpool.QueueFull, queue.Full))
        self.assertTrue(issubclass(taskpool.DeadlockError, RuntimeError))
        self.assertTrue(issubclass(taskpool.BrokenPool, cf.BrokenExecutor))
        self.assertTrue(issubclass(taskpool.JobExpired, TimeoutError))


class Arguments(TestCase):
    """Bad ones are refused at the call, and nothing is taken."""

    def check(self, exception, *args, **kwargs):
        async def run():
            await pool.run(*args, **kwargs)

        pool = self.make_pool(1)
        for submit in (pool.submit, pool.post, lambda *args, **kwargs: asyncio.run(run())):
            with self.subTest(submit=submit), self.assertRaises(exception):
                submit(*args, **kwargs)
        self.assertEqual(pool.stats()["submitted"], 0)
        self.assertEqual(pool.submit("k", abs, -3).result(LIMIT), 3)

    def test_a_key_that_is_a_number_is_a_type_error(self):
        self.check(TypeError, 42, len, "")

    def test_a_key_that_is_a_bytearray_is_a_type_error(self):
        self.check(TypeError, bytearray(b"k"), len, "")

    def test_a_key_that_is_too_long_is_a_value_error(self):
        self.check(ValueError, b"x" * 65536, len, "")

    def test_a_key_that_is_too_long_as_utf8_is_a_value_error(self):
        self.check(ValueError, "é" * 32768, len, "")

    def test_a_key_that_has_no_utf8_is_a_value_error(self):
        self.check(ValueError, "\udc80", len, "")

    def test_what_cannot_be_called_is_a_type_error(self):
        self.check(TypeError, "k", "no function")

    def test_an_unknown_option_is_a_type_error(self):
        self.check(TypeError, "k", dict, _tll=1)

    def test_a_missing_function_is_a_type_error(self):
        self.check(TypeError, "k")

    def test_negative_times_are_value_errors(self):
        for word in ("_delay", "_ttl", "_timeout"):
            self.check(ValueError, "k", len, "", **{word: -1})

    def test_times_that_are_no_number_are_refused(self):
        for word in ("_delay", "_ttl", "_timeout"):
            self.check(TypeError, "k", len, "", **{word: "1"})
            self.check(ValueError, "k", len, "", **{word: float("nan")})

    def test_endless_times_are_taken(self):
        pool = self.make_pool(1)
        self.assertEqual(pool.submit("k", abs, -1, _ttl=float("inf"), _timeout=float("inf")).result(LIMIT), 1)
        self.assertTrue(pool.submit("k", abs, -1, _delay=float("inf")).cancel())

    def test_a_pool_with_bad_options_is_refused(self):
        for exception, options in (
            (ValueError, {"workers": 0}), (ValueError, {"workers": -1}), (ValueError, {"workers": 2**32}),
            (ValueError, {"workers": 2**31}), (TypeError, {"workers": "2"}), (TypeError, {"workers": 2.0}),
            (ValueError, {"queue_capacity": 0}), (ValueError, {"queue_capacity": -1}),
            (TypeError, {"queue_capacity": 1.5}), (ValueError, {"queue_capacity": 2**31}),
            (ValueError, {"placement": "nailed"}), (ValueError, {"placement": None}),
            (TypeError, {"name": 5}), (TypeError, {"name": b"bytes"}), (ValueError, {"name": "a\0b"}),
            (TypeError, {"unknown": 1}),
        ):
            with self.subTest(**options), self.assertRaises(exception):
                taskpool.TaskPool(**options)

    def test_waits_refuse_bad_timeouts(self):
        pool = self.make_pool(1)
        for wait in (pool.wait, pool.key("k").wait):
            with self.assertRaises(TypeError):
                wait("1")
            with self.assertRaises(ValueError):
                wait(float("nan"))

    def test_a_key_executor_needs_a_key(self):
        pool = self.make_pool(1)
        for exception, key in ((TypeError, None), (TypeError, 1), (ValueError, "x" * 65536)):
            with self.assertRaises(exception):
                pool.key(key)

    def test_limits_are_checked(self):
        user = self.make_pool(1).key("k")
        with self.assertRaises(ValueError):
            user.limit(-1)
        with self.assertRaises(TypeError):
            user.limit("1")
        with self.assertRaises((ValueError, OverflowError)):
            user.limit(1, burst=-1)
        with self.assertRaises(ValueError):
            user.resume()


class Keys(TestCase):
    def assert_same(self, pool, one, other):
        gate, _ = self.occupy(pool.submit, one)
        future = pool.submit(other, len, "")
        for _ in range(3):
            pool.submit("something else", len, "").result(LIMIT)
        self.assertFalse(future.done() or future.running())
        gate.open()
        future.result(LIMIT)

    def assert_different(self, pool, one, other):
        gate, _ = self.occupy(pool.submit, one)
        pool.submit(other, len, "").result(LIMIT)
        gate.open()

    def test_a_text_and_its_utf8_are_the_same_key(self):
        pool = self.make_pool(3)
        self.assert_same(pool, "größe", "größe".encode())
        self.assert_same(pool, b"user", "user")
        self.assert_different(pool, "größe", "größe".encode("latin-1"))

    def test_the_empty_key_is_a_key_like_any_other(self):
        pool = self.make_pool(3)
        self.assert_same(pool, "", b"")
        self.assert_different(pool, "", b"\0")
        self.assert_different(pool, "", None)

    def test_null_characters_count(self):
        pool = self.make_pool(3)
        self.assert_same(pool, "\0", b"\0")
        self.assert_different(pool, b"\0", b"\0\0")
        self.assert_different(pool, b"a\0b", b"a\0c")

    def test_a_job_sees_its_key_as_bytes(self):
        pool = self.make_pool()
        longest = os.urandom(65535)
        for key in ("user", b"user", "", b"", b"\0", "größe", longest):
            seen = pool.submit(key, lambda: taskpool.current().key).result(LIMIT)
            self.assertIs(type(seen), bytes)
            self.assertEqual(seen, key.encode() if isinstance(key, str) else key)
        self.assertIsNone(pool.submit(None, lambda: taskpool.current().key).result(LIMIT))

    def test_the_longest_keys_are_told_apart_by_their_last_byte(self):
        pool = self.make_pool(3)
        self.assert_same(pool, b"x" * 65535, b"x" * 65535)
        self.assert_different(pool, b"x" * 65535, b"x" * 65534 + b"y")

    def test_subclasses_of_str_and_bytes_are_keys(self):
        class Text(str):
            pass

        class Bytes(bytes):
            pass

        pool = self.make_pool(3)
        self.assert_same(pool, Text("k"), Bytes(b"k"))

    def test_jobs_of_a_key_run_in_order_and_one_at_a_time_whoever_submits(self):
        seed = random.randrange(2**32)
        ran, running, overlaps = {}, set(), []

        def job(key, thread, number):
            if key in running:
                overlaps.append((key, thread, number))
            running.add(key)
            ran.setdefault(key, []).append((thread, number))
            if number % 16 == 0:
                time.sleep(0)
            running.discard(key)

        def submit_all(thread):
            chance = random.Random(seed + thread)
            for number in range(400):
                key = chance.choice(keys)
                how = chance.choice((pool.submit, pool.post))
                how(key, job, key, thread, number)

        with self.subTest(seed=seed):
            keys = [f"key {i}" for i in range(random.Random(seed).randint(1, 12))]
            pool = self.make_pool(4, queue_capacity=20)
            threads = [self.start_thread(submit_all, thread) for thread in range(3)]
            for thread in threads:
                self.join(thread)
            pool.wait()
            self.assertEqual(overlaps, [])
            self.assertEqual(sum(map(len, ran.values())), 1200)
            for order in ran.values():
                for thread in range(3):
                    numbers = [number for submitter, number in order if submitter == thread]
                    self.assertEqual(numbers, sorted(numbers))


class Placement(TestCase):
    def test_pinned_keys_stay_on_the_thread_of_their_home_worker(self):
        pool = self.make_pool(3, placement="pinned")
        keys = [b"key %d" % i for i in range(12)]
        places = {key: set() for key in keys}

        def note(key):
            places[key].add((threading.get_ident(), taskpool.current().worker))
        for _ in range(20):
            for key in keys:
                pool.post(key, note, key)
        pool.wait()
        for key, place in places.items():
            self.assertEqual([worker for _, worker in place], [home(key, 3)])
        self.assertEqual(len(set.union(*places.values())), 3)

    def test_a_pinned_job_waits_for_its_worker(self):
        pool = self.make_pool(2, placement="pinned")
        keys = keys_of(1, 2)
        gate, _ = self.occupy(pool.submit, next(keys))
        future = pool.submit(next(keys), len, "")
        for key in list(keys_of(0, 2))[:20]:
            pool.submit(key, len, "").result(LIMIT)
        self.assertFalse(future.done() or future.running())
        gate.open()
        future.result(LIMIT)

    def test_a_floating_job_runs_on_any_worker_that_idles(self):
        pool = self.make_pool(2)
        keys = keys_of(1, 2)
        self.occupy(pool.submit, next(keys))
        for _ in range(20):
            pool.submit(next(keys), len, "").result(LIMIT)


class Names(TestCase):
    @unittest.skipUnless(os.path.isdir("/proc/self/task"), "no /proc")
    def test_threads_have_the_name_of_the_pool_and_a_number(self):
        pool = self.make_pool(3, name="orders")
        wait_until(lambda: {"orders-0", "orders-1", "orders-2"} <= set(thread_names()))
        self.assertNotIn("orders-3", thread_names())
        pool.shutdown()
        wait_until(lambda: not [name for name in thread_names() if name.startswith("orders")])

    @unittest.skipUnless(os.path.isdir("/proc/self/task"), "no /proc")
    def test_long_names_are_cut_and_keep_their_number(self):
        self.make_pool(2, name="a-very-long-name-of-a-pool")
        wait_until(lambda: {"a-very-long-n-0", "a-very-long-n-1"} <= set(thread_names()))


class Capacity(TestCase):
    def test_a_full_queue_refuses_at_once_without_a_timeout(self):
        pool = self.make_pool(1, queue_capacity=2)
        gate, _ = self.occupy(pool.submit, None)
        waiting = [pool.submit("k", len, "") for _ in range(2)]
        for submit in (pool.submit, pool.post):
            with self.assertRaises(taskpool.QueueFull):
                submit("k", len, "", _timeout=0)
        self.assertEqual(pool.stats()["queued"], 2)
        self.assertTrue(waiting[0].cancel())
        self.assertEqual(pool.submit("k", len, "", _timeout=0).cancel(), True)
        gate.open()

    def test_nothing_is_kept_of_what_was_refused(self):
        class Thing:
            def method(self, *args, **kwargs):
                pass

        pool = self.make_pool(1, queue_capacity=1)
        gate, _ = self.occupy(pool.submit, None)
        pool.submit("k", len, "")
        self.without_gc()
        for full in (True, False):
            for submit in (pool.submit, pool.post):
                thing = Thing()
                reference = weakref.ref(thing)
                with self.assertRaises(taskpool.QueueFull if full else RuntimeError):
                    submit("k", thing.method, thing, word=thing, _timeout=0)
                del thing
                self.assertIsNone(reference())
            gate.open()
            pool.shutdown()

    def test_a_full_queue_refuses_after_the_timeout(self):
        pool = self.make_pool(1, queue_capacity=1)
        self.occupy(pool.submit, None)
        pool.submit("k", len, "")
        for timeout in (0.01, 0.12):
            begin = time.monotonic()
            with self.assertRaises(taskpool.QueueFull):
                pool.submit("k", len, "", _timeout=timeout)
            self.assertGreaterEqual(time.monotonic() - begin, timeout)

    def test_a_blocked_submit_gets_the_room_that_comes_free(self):
        for timeout in (None, LIMIT):
            pool = self.make_pool(1, queue_capacity=1)
            gate, _ = self.occupy(pool.submit, None)
            pool.submit("k", len, "")
            results = []
            thread = self.start_thread(
                lambda: results.append(pool.submit("k", abs, -7, _timeout=timeout).result(LIMIT)))
            wait_until(lambda: pool.stats()["blocked"] > 0)
            self.assertEqual(results, [])
            gate.open()
            self.join(thread)
            self.assertEqual(results, [7])

    def test_a_blocked_submit_ends_when_the_pool_is_shut_down(self):
        pool = self.make_pool(1, queue_capacity=1)
        gate, _ = self.occupy(pool.submit, None)
        pool.submit("k", len, "")
        errors = []

        def submit():
            try:
                pool.submit("k", len, "")
            except RuntimeError as error:
                errors.append(str(error))
        thread = self.start_thread(submit)
        wait_until(lambda: pool.stats()["blocked"] > 0)
        pool.shutdown(wait=False)
        self.join(thread)
        self.assertEqual(errors, [SHUTDOWN])
        gate.open()

    def test_a_job_submits_past_the_bound(self):
        pool = self.make_pool(1, queue_capacity=1)

        def submit_more():
            with self.assertRaises(taskpool.QueueFull):
                for _ in range(2):
                    pool.submit("k", len, "", _timeout=0)
            return [pool.submit("k", abs, -i) for i in range(10)]
        futures = pool.submit(None, submit_more).result(LIMIT)
        self.assertEqual([future.result(LIMIT) for future in futures], list(range(10)))
        self.assertGreaterEqual(pool.stats()["overflow"], 9)

    def test_a_key_may_have_a_capacity_of_its_own(self):
        pool = self.make_pool(1, key_capacity=1)
        self.occupy(pool.submit, None)
        pool.submit("k", len, "")
        with self.assertRaises(taskpool.QueueFull):
            pool.submit("k", len, "", _timeout=0)
        pool.submit("other", len, "", _timeout=0)

    def test_by_default_a_hundred_jobs_wait_per_worker(self):
        pool = self.make_pool(1)
        self.occupy(pool.submit, None)
        with self.assertRaises(taskpool.QueueFull):
            for accepted in range(1000):
                pool.submit("k", len, "", _timeout=0)
        self.assertEqual(accepted, 100)


class Times(TestCase):
    def test_a_delayed_job_starts_no_earlier(self):
        pool = self.make_pool()
        begin = time.monotonic()
        started = pool.submit("k", time.monotonic, _delay=0.05).result(LIMIT)
        self.assertGreaterEqual(started - begin, 0.05)

    def test_a_delayed_job_stands_in_nobodys_way(self):
        pool = self.make_pool()
        delayed = pool.submit("k", len, "", _delay=3600)
        self.assertEqual(pool.submit("k", abs, -1).result(LIMIT), 1)
        self.assertFalse(delayed.done())
        self.assertTrue(delayed.cancel())

    def test_a_delayed_job_takes_its_place_when_it_is_due(self):
        pool = self.make_pool()
        order = []
        gate, _ = self.occupy(pool.submit, "k")
        due = time.monotonic() + 0.1
        delayed = pool.submit("k", order.append, "delayed", _delay=0.1)
        pool.submit("k", order.append, "at once")
        in_time = time.monotonic() < due
        gate.open()
        delayed.result(LIMIT)
        if in_time:
            self.assertEqual(order, ["at once", "delayed"])

    def test_a_job_that_waited_too_long_expires(self):
        pool = self.make_pool(1)
        ran = []
        gate, _ = self.occupy(pool.submit, None)
        future = pool.submit("k", ran.append, 1, _ttl=0.001)
        pool.post("k", ran.append, 2, _ttl=0.001)
        kept = pool.submit("k", ran.append, 3, _ttl=3600)
        over = time.monotonic() + 0.001
        wait_until(lambda: time.monotonic() > over)
        gate.open()
        with self.assertRaises(taskpool.JobExpired) as caught:
            future.result(LIMIT)
        self.assertIsInstance(caught.exception, TimeoutError)
        self.assertIsInstance(future.exception(), taskpool.JobExpired)
        self.assertTrue(future.done())
        self.assertFalse(future.cancelled())
        self.assertFalse(future.cancel())
        kept.result(LIMIT)
        pool.wait()
        self.assertEqual(ran, [3])
        self.assertEqual(pool.stats()["expired"], 2)

    def test_a_job_of_a_paused_key_expires_by_itself(self):
        pool = self.make_pool(2)
        pool.key("k").pause()
        future = pool.submit("k", len, "", _ttl=0.001)
        self.assertIsInstance(future.exception(LIMIT), taskpool.JobExpired)
        pool.key("k").resume()


class Running(TestCase):
    """taskpool.current()."""

    def test_a_job_has_a_context(self):
        context = self.make_pool().submit("k", taskpool.current).result(LIMIT)
        self.assertIsInstance(context, taskpool.Context)

    def test_a_job_has_one_context_and_each_job_its_own(self):
        pool = self.make_pool(1)
        first, again = pool.submit("k", lambda: (taskpool.current(), taskpool.current())).result(LIMIT)
        self.assertIs(first, again)
        self.assertIsNot(pool.submit("k", taskpool.current).result(LIMIT), first)

    def test_a_failed_job_takes_its_context_with_it(self):
        contexts = []

        def job():
            contexts.append(taskpool.current())
            raise ValueError
        pool = self.make_pool(1)
        for key in ("a", None):
            pool.submit(key, job).exception(LIMIT)
        self.assertEqual([context.key for context in contexts], [b"a", None])

    def test_a_posted_job_has_a_context(self):
        keys = queue.Queue()
        self.make_pool().post("k", lambda: keys.put(taskpool.current().key))
        self.assertEqual(keys.get(timeout=LIMIT), b"k")

    def test_the_worker_has_a_number(self):
        pool = self.make_pool(3)
        barrier = threading.Barrier(3)

        def worker():
            barrier.wait(LIMIT)
            return taskpool.current().worker
        futures = [pool.submit(None, worker) for _ in range(3)]
        self.assertEqual(sorted(future.result(LIMIT) for future in futures), [0, 1, 2])

    def test_sleep_sleeps(self):
        def job():
            begin = time.monotonic()
            return taskpool.current().sleep(0.02), time.monotonic() - begin
        slept, seconds = self.make_pool().submit("k", job).result(LIMIT)
        self.assertIs(slept, True)
        self.assertGreaterEqual(seconds, 0.02)

    def test_sleep_checks_its_argument(self):
        pool = self.make_pool()
        for exception, seconds in ((ValueError, -1), (ValueError, float("nan")), (TypeError, "1"), (TypeError, None)):
            error = pool.submit("k", lambda: taskpool.current().sleep(seconds)).exception(LIMIT)
            self.assertIsInstance(error, exception)

    def check_cancel(self, cancel):
        """A running job that is told to stop in this way sees it, in the middle of its sleep."""
        pool = self.make_pool()
        started = threading.Event()

        def job():
            context = taskpool.current()
            before = context.canceled
            started.set()
            slept = context.sleep(3600)
            return before, slept, context.canceled, context.sleep(3600)
        future = pool.submit("k", job)
        wait_for(started)
        cancel(pool, future)
        self.assertEqual(future.result(LIMIT), (False, False, True, False))

    def test_the_future_tells_a_running_job_to_stop(self):
        self.check_cancel(lambda pool, future: self.assertIs(future.cancel(), False))

    def test_the_key_tells_a_running_job_to_stop(self):
        self.check_cancel(lambda pool, future: pool.key("k").cancel())

    def test_stop_tells_a_running_job_to_stop(self):
        self.check_cancel(lambda pool, future: pool.stop())

    def test_shutdown_that_cancels_tells_a_running_job_to_stop(self):
        self.check_cancel(lambda pool, future: pool.shutdown(drain=0))

    def test_the_next_job_was_not_told_to_stop(self):
        pool = self.make_pool(1)
        gate, future = self.occupy(pool.submit, "k")
        future.cancel()
        other = pool.submit("k", lambda: taskpool.current().canceled)
        gate.open()
        self.assertIs(other.result(LIMIT), False)

    def test_a_context_is_of_no_use_after_its_job(self):
        pool = self.make_pool(1)
        for fails in (False, True):
            contexts = []

            def job():
                contexts.append(taskpool.current())
                return 1 // (not fails)
            pool.submit("k", job).exception(LIMIT)
            pool.wait()
            for use in (lambda: contexts[0].canceled, lambda: contexts[0].sleep(0)):
                with self.assertRaises(RuntimeError):
                    use()
                with self.assertRaises(RuntimeError):
                    raise pool.submit("k", use).exception(LIMIT)

    def test_a_context_is_of_no_use_to_another_thread(self):
        pool = self.make_pool(2)
        contexts = []
        gate = self.make_gate()

        def job():
            contexts.append(taskpool.current())
            gate()
        pool.submit("k", job)
        wait_for(gate.started)
        for use in (lambda: contexts[0].canceled, lambda: contexts[0].sleep(0)):
            with self.assertRaises(RuntimeError):
                use()
            self.assertIsInstance(pool.submit("other", use).exception(LIMIT), RuntimeError)

    def test_a_thread_that_a_job_starts_has_no_context(self):
        def job():
            found = []
            thread = threading.Thread(target=lambda: found.append(taskpool.current()))
            thread.start()
            thread.join()
            return found
        self.assertEqual(self.make_pool().submit("k", job).result(LIMIT), [None])


class Post(TestCase):
    def setUp(self):
        self.unraisable = queue.Queue()
        hook = mock.patch.object(sys, "unraisablehook", lambda args: self.unraisable.put(args.exc_value))
        hook.start()
        self.addCleanup(hook.stop)

    def test_what_a_posted_job_raises_goes_to_the_hook(self):
        pool = self.make_pool()
        self.assertIsNone(pool.on_error)
        for error in (ValueError("one"), SystemExit(2), KeyboardInterrupt()):
            def job():
                raise error
            pool.post("k", job)
            self.assertIs(self.unraisable.get(timeout=LIMIT), error)

    def test_what_a_posted_job_raises_goes_to_on_error_on_the_worker(self):
        pool = self.make_pool(1)
        ident = pool.submit(None, threading.get_ident).result(LIMIT)
        errors = queue.Queue()
        pool.on_error = lambda error, key: errors.put((error, key, threading.get_ident()))
        for key, expected in (("user", b"user"), (b"bytes", b"bytes"), (None, None), ("", b"")):
            pool.post(key, fail)
            error, seen, thread = errors.get(timeout=LIMIT)
            self.assertIsInstance(error, ValueError)
            self.assertEqual(error.__traceback__.tb_next.tb_frame.f_code.co_name, "fail")
            self.assertEqual(seen, expected)
            self.assertEqual(thread, ident)
        self.assertTrue(self.unraisable.empty())

    def test_the_next_job_of_the_key_waits_for_on_error(self):
        pool = self.make_pool(2)
        gate = self.make_gate()
        pool.on_error = gate
        pool.post("k", fail)
        wait_for(gate.started)
        future = pool.submit("k", len, "")
        pool.submit("other", len, "").result(LIMIT)
        self.assertFalse(future.done())
        gate.open()
        future.result(LIMIT)

    def test_on_error_can_be_taken_away(self):
        pool = self.make_pool()
        pool.on_error = lambda error, key: None
        pool.on_error = None
        pool.post("k", fail)
        self.assertIsInstance(self.unraisable.get(timeout=LIMIT), ValueError)

    def test_on_error_that_raises_goes_to_the_hook_and_harms_no_worker(self):
        pool = self.make_pool(1)

        def report(error, key):
            raise SystemExit(3)
        pool.on_error = report
        pool.post("k", fail)
        self.assertIsInstance(self.unraisable.get(timeout=LIMIT), SystemExit)
        self.assertEqual(pool.submit("k", abs, -1).result(LIMIT), 1)

    def test_each_pool_has_its_own_on_error(self):
        one, other = self.make_pool(1), self.make_pool(1)
        one.on_error = mock.Mock()
        other.post("k", fail)
        self.assertIsInstance(self.unraisable.get(timeout=LIMIT), ValueError)
        one.on_error.assert_not_called()

    def test_a_posted_job_that_is_canceled_is_no_error(self):
        pool = self.make_pool(1)
        pool.on_error = mock.Mock()
        gate, _ = self.occupy(pool.submit, None)
        pool.post("k", fail)
        self.assertEqual(pool.key("k").cancel(), 1)
        gate.open()
        pool.wait()
        pool.on_error.assert_not_called()
        self.assertTrue(self.unraisable.empty())


class Statistics(TestCase):
    def balance(self, pool):
        stats = pool.stats()
        self.assertEqual(stats["submitted"], sum(stats[name] for name in (
            "ran", "canceled", "expired", "replaced", "queued", "running")))
        return stats

    def test_stats_have_the_names_of_c(self):
        names = STATS
        if os.path.exists(HEADER):
            with open(HEADER, encoding="utf-8") as header:
                text = re.sub(r"/\*.*?\*/", "", header.read(), flags=re.DOTALL)
            body = re.search(r"struct taskpool_stats \{(.*?)\}", text, re.DOTALL)[1]
            names = set(re.findall(r"(\w+)(?:\[\d+\])?\s*[,;]", body)) - {"size"}
            self.assertLessEqual(STATS, names)
        stats = self.make_pool().stats()
        self.assertIs(type(stats), dict)
        self.assertEqual(set(stats), names)

    def test_stats_are_numbers_and_histograms_lists(self):
        for name, value in self.make_pool().stats().items():
            if name in ("wait_time", "run_time"):
                self.assertEqual(value, [0] * 64)
            else:
                self.assertEqual(value, 0, name)
                self.assertIs(type(value), int)

    def test_each_job_is_counted_once(self):
        pool = self.make_pool(1, queue_capacity=50)
        gate, _ = self.occupy(pool.submit, "gate")
        canceled = pool.submit("k", len, "")
        for _ in range(8):
            pool.post("k", len, "")
        pool.submit("delayed", len, "", _delay=3600)
        stats = self.balance(pool)
        self.assertEqual((stats["submitted"], stats["running"], stats["queued"]), (11, 1, 10))
        self.assertEqual(stats["keys_active"], 3)
        self.assertGreaterEqual(stats["peak_queued"], 10)
        expiring = pool.submit("k", len, "", _ttl=0.001)
        canceled.cancel()
        over = time.monotonic() + 0.001
        wait_until(lambda: time.monotonic() > over)
        gate.open()
        expiring.exception(LIMIT)
        pool.key("delayed").cancel()
        pool.wait()
        stats = self.balance(pool)
        counts = {name: stats[name] for name in ("submitted", "ran", "canceled", "expired", "queued", "running")}
        self.assertEqual(counts, {"submitted": 12, "ran": 9, "canceled": 2, "expired": 1, "queued": 0, "running": 0})
        self.assertEqual(sum(stats["run_time"]), 9)

    def test_refusals_are_counted(self):
        pool = self.make_pool(1, queue_capacity=1)
        self.occupy(pool.submit, None)
        pool.submit("k", len, "")
        rejected = 0
        for timeout in (0, 0.001, 0.12):
            for submit in (pool.submit, pool.post, lambda *args, **kwargs: asyncio.run(pool.run(*args, **kwargs))):
                with self.assertRaises(taskpool.QueueFull):
                    submit("k", len, "", _timeout=timeout)
                rejected += 1
                self.assertEqual(pool.stats()["rejected"], rejected)

    def test_one_that_waited_for_room_was_not_refused(self):
        pool = self.make_pool(1, queue_capacity=1)
        gate, _ = self.occupy(pool.submit, None)
        pool.submit("k", len, "")
        thread = self.start_thread(lambda: pool.submit("k", len, "").result(LIMIT))
        wait_until(lambda: pool.stats()["blocked"] > 0)  # it tries again
        gate.open()
        self.join(thread)
        self.assertEqual(pool.stats()["rejected"], 0)

    def test_hot_keys_are_the_longest_queues(self):
        pool = self.make_pool(2)
        for count, key in ((3, "three"), (5, "five"), (1, "one")):
            pool.key(key).pause()
            self.addCleanup(pool.key(key).resume)
            for _ in range(count):
                pool.submit(key, len, "")
        self.assertEqual(pool.hot_keys(10), [(b"five", 5), (b"three", 3), (b"one", 1)])
        self.assertEqual(pool.hot_keys(2), [(b"five", 5), (b"three", 3)])
        self.assertEqual(pool.hot_keys(), pool.hot_keys(10))
        self.assertEqual(pool.hot_keys(0), [])

    def test_there_are_no_hot_keys_where_nothing_waits(self):
        pool = self.make_pool()
        self.assertEqual(pool.hot_keys(10), [])

    def test_of_a_long_hot_key_the_beginning_is_told(self):
        pool = self.make_pool()
        for key in (b"x" * 1000, b"\0"):
            pool.key(key).pause()
            self.addCleanup(pool.key(key).resume)
        pool.submit(b"x" * 1000, len, "")
        pool.submit(b"\0", len, "")
        pool.submit(b"\0", len, "")
        self.assertEqual(pool.hot_keys(10), [(b"\0", 2), (b"x" * 64, 1)])

    def test_metrics_are_openmetrics_text(self):
        pool = self.make_pool(3)
        pool.submit("k", len, "").result(LIMIT)
        pool.wait()
        text = pool.metrics()
        self.assertIs(type(text), str)
        self.assertTrue(text.endswith("\n# EOF\n"))
        self.assertIn("# TYPE ", text)
        self.assertNotIn("\0", text)

    def test_a_key_has_statistics(self):
        pool = self.make_pool(1)
        user = pool.key("k")
        self.assertEqual(user.stats(), {"queued": 0, "running": 0, "oldest_wait": 0})
        gate, _ = self.occupy(user.submit)
        future = user.submit(len, "")
        self.assertEqual((user.stats()["queued"], user.stats()["running"]), (1, 1))
        gate.open()
        future.result(LIMIT)

    def test_the_pool_says_how_many_workers_it_has(self):
        self.assertIn("3", repr(self.make_pool(3)))


class Wait(TestCase):
    def test_wait_on_an_idle_pool_returns_true_at_once(self):
        self.assertIs(self.make_pool().wait(0), True)

    def test_wait_returns_false_when_the_time_is_over(self):
        pool = self.make_pool()
        gate, future = self.occupy(pool.submit, "k")
        self.assertIs(pool.wait(0), False)
        begin = time.monotonic()
        self.assertIs(pool.wait(timeout=0.08), False)
        self.assertGreaterEqual(time.monotonic() - begin, 0.08)
        gate.open()
        self.assertIs(pool.wait(LIMIT), True)
        self.assertTrue(future.done())

    def test_wait_does_not_care_for_later_jobs(self):
        pool = self.make_pool(2)
        first = self.make_gate()
        pool.submit("a", first)
        wait_for(first.started)
        waited = self.start_thread(lambda: self.assertTrue(pool.wait()))
        last = threading.Event()
        self.addCleanup(last.set)

        def follow():  # there is always one that has not ended
            if not last.is_set():
                pool.post("b", follow)
        pool.post("b", follow)
        first.open()
        self.join(waited)
        last.set()
        wait_until(lambda: pool.stats()["queued"] + pool.stats()["running"] == 0)


class Shutdown(TestCase):
    def check_refused(self, pool):
        async def run():
            await pool.run("k", len, "")

        for submit in (
            lambda: pool.submit("k", len, ""), lambda: pool.post("k", len, ""), lambda: pool.map(abs, [1]),
            lambda: pool.key("k").submit(len, ""), lambda: pool.executor.submit(len, ""),
            lambda: pool.executor.map(abs, [1]), lambda: asyncio.run(run()),
            lambda: pool.submit("k", len, "", _timeout=0),
        ):
            with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
                submit()

    def fill(self, pool):
        gate, running = self.occupy(pool.submit, "gate")
        return gate, running, [pool.submit(f"{i % 3}", abs, -i) for i in range(20)]

    def test_shutdown_runs_what_was_accepted_and_refuses_the_rest(self):
        pool = self.make_pool(2)
        gate, running, waiting = self.fill(pool)
        thread = self.start_thread(pool.shutdown)
        wait_until(lambda: not self.accepts(pool))
        self.check_refused(pool)
        gate.open()
        self.join(thread)
        self.assertTrue(running.done())
        self.assertEqual([future.result(0) for future in waiting], list(range(20)))

    def accepts(self, pool):
        try:
            pool.post(None, len, "", _timeout=0)
            return True
        except taskpool.QueueFull:
            return True
        except RuntimeError:
            return False

    def test_shutdown_by_the_main_thread_waits(self):
        pool = self.make_pool(2)
        gate, _, waiting = self.fill(pool)
        timer = threading.Timer(0.05, gate.open)
        self.addCleanup(timer.join)
        timer.start()
        pool.shutdown()
        self.assertEqual([future.result(0) for future in waiting], list(range(20)))

    def test_shutdown_without_wait_still_runs_what_was_accepted(self):
        pool = self.make_pool(1)
        gate, running, waiting = self.fill(pool)
        delayed = pool.submit("k", abs, -7, _delay=0.01)
        pool.shutdown(wait=False)
        self.check_refused(pool)
        self.assertFalse(running.done())
        gate.open()
        self.assertEqual([future.result(LIMIT) for future in waiting], list(range(20)))
        self.assertEqual(delayed.result(LIMIT), 7)
        pool.shutdown()

    def test_shutdown_can_cancel_what_waits(self):
        for wait in (False, True):
            pool = self.make_pool(1)
            gate, running, waiting = self.fill(pool)
            waiting[-1].add_done_callback(lambda future: gate.open())
            pool.shutdown(wait=wait, cancel_futures=True)
            self.assertTrue(all(future.cancelled() for future in waiting))
            self.assertEqual(running.result(0 if wait else LIMIT), "opened")
            self.check_refused(pool)

    def test_shutdown_cancels_what_has_not_drained_in_time(self):
        pool = self.make_pool(1)
        gate, running, waiting = self.fill(pool)
        waiting[-1].add_done_callback(lambda future: gate.open())
        self.assertTrue(pool.shutdown(drain=0.02))
        self.assertTrue(all(future.cancelled() for future in waiting))
        self.assertTrue(running.done())

    def test_shutdown_within_the_time_to_drain_cancels_nothing(self):
        pool = self.make_pool(2)
        waiting = [pool.submit("k", abs, -i) for i in range(20)]
        self.assertTrue(pool.shutdown(drain=LIMIT))
        self.assertEqual([future.result(0) for future in waiting], list(range(20)))

    def test_shutdown_says_when_jobs_did_not_stop_in_time(self):
        pool = self.make_pool(1)
        gate, running, waiting = self.fill(pool)
        self.assertFalse(pool.shutdown(drain=0, cancel=0.02))
        self.assertFalse(running.done())
        self.assertTrue(all(future.cancelled() for future in waiting))
        gate.open()
        self.assertTrue(pool.shutdown())
        self.assertTrue(running.done())

    def test_shutdown_refuses_bad_times(self):
        pool = self.make_pool(1)
        for exception, times in ((ValueError, {"drain": -1}), (TypeError, {"cancel": "1"})):
            with self.assertRaises(exception):
                pool.shutdown(**times)
        self.assertEqual(pool.submit("k", abs, -1).result(LIMIT), 1)

    def test_stop_cancels_what_waits_and_waits_for_what_runs(self):
        pool = self.make_pool(1)
        gate, running, waiting = self.fill(pool)
        waiting[-1].add_done_callback(lambda future: gate.open())
        pool.stop()
        self.assertTrue(all(future.cancelled() for future in waiting))
        self.assertEqual(running.result(0), "opened")
        self.check_refused(pool)

    def test_a_pool_can_be_ended_again_and_again(self):
        pool = self.make_pool(2)
        for end in (pool.shutdown, pool.stop, pool.shutdown, pool.stop):
            end()
        with pool:
            pass
        pool.shutdown(wait=False)
        pool.shutdown(cancel_futures=True)
        self.check_refused(pool)

    def test_several_threads_may_end_a_pool_at_once(self):
        pool = self.make_pool(2)
        gate, _, waiting = self.fill(pool)
        threads = [self.start_thread(pool.shutdown) for _ in range(3)]
        gate.open()
        for thread in threads:
            self.join(thread)
            self.assertTrue(all(future.done() for future in waiting))

    def test_the_rest_still_answers_after_a_shutdown(self):
        pool = self.make_pool(2)
        pool.submit("k", len, "")
        pool.shutdown()
        self.assertEqual(pool.stats()["ran"], 1)
        self.assertEqual(pool.hot_keys(10), [])
        self.assertTrue(pool.metrics().endswith("# EOF\n"))
        self.assertTrue(pool.wait())
        self.assertTrue(pool.key("k").wait())
        self.assertEqual(pool.key("k").cancel(), 0)
        self.assertIn("2", repr(pool))

    def test_a_pool_that_nobody_holds_ends_its_threads(self):
        pool = taskpool.TaskPool(2, name="forgotten")
        pool.submit("k", len, "").result(LIMIT)
        del pool
        if os.path.isdir("/proc/self/task"):
            wait_until(lambda: not [name for name in thread_names() if name.startswith("forgotten")])

    def test_a_pool_lives_as_long_as_its_jobs(self):
        posted = queue.Queue()
        for submit in (
            lambda pool, i: pool.submit("k", abs, -i), lambda pool, i: pool.submit("k", abs, -i, _ttl=LIMIT),
            lambda pool, i: pool.key("k").submit(abs, -i), lambda pool, i: pool.executor.submit(abs, -i),
            lambda pool, i: pool.post("k", posted.put, i), lambda pool, i: pool.map(abs, [-i]),
        ):
            pool = taskpool.TaskPool(1)
            gate, _ = self.occupy(pool.submit, None)
            futures = [submit(pool, i) for i in range(5)]
            del pool
            gc.collect()
            gate.open()
            for i, future in enumerate(futures):
                if future is None:
                    self.assertEqual(posted.get(timeout=LIMIT), i)
                else:
                    self.assertEqual(future.result(LIMIT) if isinstance(future, cf.Future) else next(future), i)

    def test_pools_do_not_disturb_each_other(self):
        one, other = self.make_pool(1), self.make_pool(1)
        gate, _ = self.occupy(one.submit, "k")
        self.assertEqual(other.submit("k", abs, -1).result(LIMIT), 1)
        waiting = one.submit("k", lambda: other.submit("k", abs, -2))
        other.stop()
        gate.open()
        with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
            waiting.result(LIMIT)
        self.assertEqual(one.submit("k", abs, -3).result(LIMIT), 3)

    def test_a_job_may_wait_for_another_pool(self):
        one, other = self.make_pool(1), self.make_pool(1)
        future = one.submit("k", lambda: (other.submit("k", abs, -5).result(), other.wait(), other.key("k").wait()))
        self.assertEqual(future.result(LIMIT), (5, True, True))


class Waits(TestCase):
    """Waits in jobs; all that could never end are in test_deadlock."""

    def test_waiting_for_a_later_job_of_the_own_key_is_refused(self):
        pool = self.make_pool(2)

        def job(timeout):
            later = pool.submit("k", abs, -1)
            with self.assertRaises(taskpool.DeadlockError):
                later.result(timeout)
            return later
        for timeout in (None, 1):
            self.assertEqual(pool.submit("k", job, timeout).result(LIMIT).result(LIMIT), 1)

    def test_without_patience_it_is_a_timeout(self):
        pool = self.make_pool(2)

        def job():
            later = pool.submit("k", len, "")
            for timeout in (0, -1):
                with self.assertRaises(cf.TimeoutError):
                    later.result(timeout)
                with self.assertRaises(cf.TimeoutError):
                    later.exception(timeout)
        pool.submit("k", job).result(LIMIT)

    def test_waiting_is_fine_where_a_worker_is_left(self):
        pool = self.make_pool(2)
        for timeout in (None, LIMIT):
            future = pool.submit("k", lambda: pool.submit("other", abs, -1).result(timeout))
            self.assertEqual(future.result(LIMIT), 1)

    def test_a_job_may_wait_for_what_has_ended(self):
        pool = self.make_pool(1)
        done = pool.submit("k", abs, -1)
        failed = pool.submit("k", fail)
        future = pool.submit("k", lambda: (done.result(), done.result(0), type(failed.exception())))
        self.assertEqual(future.result(LIMIT), (1, 1, ValueError))

    def test_a_wait_in_a_job_has_a_timeout(self):
        pool = self.make_pool(3)
        gate, running = self.occupy(pool.submit, "gate")

        def job():
            begin = time.monotonic()
            with self.assertRaises(cf.TimeoutError):
                running.result(0.02)
            with self.assertRaises(cf.TimeoutError):
                running.exception(0.02)
            return time.monotonic() - begin
        self.assertGreaterEqual(pool.submit("k", job).result(LIMIT), 0.04)
        gate.open()


if __name__ == "__main__":
    unittest.main()
