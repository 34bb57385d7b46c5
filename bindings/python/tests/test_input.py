# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Bad arguments: each is refused at the call, by the exception that says why, and nothing is taken."""

import asyncio
import functools
import os
import threading
import traceback
import unittest

import taskpool
from support import TestCase
from taskpool._jobs import jobs

NAN, INF = float("nan"), float("inf")
SHUTDOWN = "^cannot schedule new futures after shutdown$"


def add(*args, **kwargs):
    return len(args) + len(kwargs)


class InputCase(TestCase):
    def setUp(self):
        self.pool = self.make_pool(2, name="input")
        self.calls = {
            "submit": self.pool.submit, "post": self.pool.post, "run": self.run_job,
            "module": taskpool.submit,
        }
        self.bound = {
            "key": self.pool.key("key").submit, "executor": self.pool.executor.submit,
        }
        taskpool.default_pool()

    def run_job(self, *args, **kwargs):
        return asyncio.run(self.pool.run(*args, **kwargs))

    def check_refused(self, kind, call, *args, text="", **kwargs):
        """That the call raises this, here and now, and takes nothing."""
        submitted, numbers = self.count(), set(jobs)
        try:
            call(*args, **kwargs)
        except kind as error:
            self.assertRegex(str(error), text or ".*")
            frames = traceback.extract_tb(error.__traceback__)
        else:
            self.fail(f"{kind} not raised")
        self.assertEqual((self.count(), set(jobs) - numbers), (submitted, set()))
        self.assertEqual((frames[0].name, os.path.basename(frames[0].filename)), ("check_refused", "test_input.py"))

    def count(self):
        return self.pool.stats()["submitted"], taskpool.default_pool().stats()["submitted"]

    def check_all(self, kind, *args, text="", **kwargs):
        """The same of each way to submit, but for those that have their key already if there is one to be tested."""
        for name, call in self.calls.items():
            with self.subTest(name, args=args, kwargs=kwargs):
                self.check_refused(kind, call, *args, text=text, **kwargs)

    def check_each(self, kind, *args, text="", **kwargs):
        """The same of each way to submit, under some key."""
        self.check_all(kind, "key", *args, text=text, **kwargs)
        for name, call in self.bound.items():
            with self.subTest(name, args=args, kwargs=kwargs):
                self.check_refused(kind, call, *args, text=text, **kwargs)


class Keys(InputCase):
    def test_a_key_of_another_type_is_a_type_error(self):
        for key in (1, 1.5, bytearray(b"k"), memoryview(b"k"), object(), ("k",), ["k"], True):
            self.check_all(TypeError, key, add, text=type(key).__name__)
            self.check_refused(TypeError, self.pool.key, key)

    def test_a_key_that_is_too_long_is_a_value_error(self):
        for key in ("k" * 65536, b"k" * 65536, "\u00e9" * 32768):
            self.check_all(ValueError, key, add)
            self.check_refused(ValueError, self.pool.key, key)

    def test_a_key_that_is_not_unicode_is_a_value_error(self):
        for key in ("\ud800", "k\udc80", "\udfff" * 70000):
            self.check_all(ValueError, key, add)
            self.check_refused(ValueError, self.pool.key, key)

    def test_a_key_executor_needs_a_key(self):
        self.check_refused(TypeError, self.pool.key, None, text="None")

    def test_the_keys_of_map_are_checked(self):
        for kind, key in ((TypeError, 1), (ValueError, "k" * 65536), (ValueError, "\ud800")):
            self.check_refused(kind, self.pool.map, add, [1], key=lambda item, key=key: key)

    def test_what_the_key_function_of_map_raises_is_raised_at_the_call(self):
        def fail(item):
            raise LookupError("on purpose")

        self.check_refused(LookupError, self.pool.map, add, [1, 2], key=fail, text="on purpose")


class Calls(InputCase):
    def test_what_cannot_be_called_is_a_type_error(self):
        for fn in (None, 1, "print", object(), [add]):
            self.check_each(TypeError, fn, text="not callable")
            self.check_refused(TypeError, self.pool.map, fn, [1], text="not callable")

    def test_a_missing_callable_is_a_type_error(self):
        for call in self.calls.values():
            self.check_refused(TypeError, call, "key")
        for call in self.bound.values():
            self.check_refused(TypeError, call)
        self.check_refused(TypeError, self.pool.map)

    def test_an_unknown_option_is_a_type_error(self):
        self.check_each(TypeError, add, text="_foo", _foo=1)
        self.check_each(TypeError, add, text="_", _=1)
        self.check_each(TypeError, add, text="_delays", _delay=0, _delays=1)

    def test_words_without_an_underscore_are_the_jobs(self):
        for call in (functools.partial(self.pool.submit, "key"), *self.bound.values()):
            self.assertEqual(call(add, delay=1, ttl=2, timeout=-3, key=4, fn=5, self=6, pool=7).result(), 7)

    def test_arguments_that_do_not_fit_are_the_jobs_matter(self):
        with self.assertRaises(TypeError):
            self.pool.submit("key", int, 1, 2, 3, 4).result()


class Times(InputCase):
    def test_negative_times_are_value_errors(self):
        for word in ("_timeout", "_delay", "_ttl"):
            for value in (-1, -0.001, -INF, -10**30):
                self.check_each(ValueError, add, text=word, **{word: value})

    def test_times_that_are_not_a_number_are_value_errors(self):
        for word in ("_timeout", "_delay", "_ttl"):
            self.check_each(ValueError, add, text=word, **{word: NAN})

    def test_times_of_another_type_are_type_errors(self):
        for word in ("_timeout", "_delay", "_ttl"):
            for value in ("1", b"1", [1], 1j, object()):
                self.check_each(TypeError, add, **{word: value})

    def test_empty_values_are_no_times(self):
        for word in ("_timeout", "_delay", "_ttl"):
            for value in ("", [], {}, 0j):
                self.check_each(TypeError, add, **{word: value})
        for word in ("_delay", "_ttl"):
            self.check_each(TypeError, add, **{word: None})

    def test_endless_times_are_taken(self):
        for value in (INF, 1e300, 10**30, 2**63):
            self.assertEqual(self.pool.submit("key", add, 1, _timeout=value, _ttl=value).result(), 1)
            self.assertEqual(self.run_job("key", add, 1, _timeout=value, _ttl=value), 1)
            delayed = self.pool.submit("key", add, _delay=value)
            self.assertTrue(delayed.cancel())
            self.assertTrue(self.pool.wait(value))
            self.assertTrue(self.pool.key("key").wait(value))
        self.assertTrue(self.pool.shutdown(drain=INF, cancel=INF))

    def test_results_can_be_waited_for_endlessly(self):
        for value in (INF, 1e300, 10**30, 2**63):
            gate, future = self.occupy(self.pool.submit, "key")
            threading.Thread(target=gate.open).start()
            self.assertEqual(future.result(value), "opened")
            gate, future = self.occupy(self.pool.submit, "key")
            threading.Thread(target=gate.open).start()
            self.assertIsNone(future.exception(value))
            self.assertEqual(list(self.pool.map(add, [1], timeout=value)), [1])

    def test_waits_check_their_timeout(self):
        key = self.pool.key("key")
        for call in (self.pool.wait, key.wait, functools.partial(self.pool.map, add, [1])):
            for kind, value in ((ValueError, -1), (ValueError, -0.5), (ValueError, NAN), (TypeError, "1"),
                                (TypeError, [])):
                self.check_refused(kind, call, timeout=value)

    def test_a_shutdown_checks_its_times_and_changes_nothing(self):
        for word in ("drain", "cancel"):
            for kind, value in ((ValueError, -1), (ValueError, NAN), (TypeError, "1"), (TypeError, [])):
                for wait in (True, False):
                    self.check_refused(kind, self.pool.shutdown, wait, **{word: value})
        self.assertEqual(self.pool.submit("key", add, 1).result(), 1)

    def test_a_sleep_checks_its_time(self):
        def sleep(value):
            return taskpool.current().sleep(value)

        for kind, value in ((ValueError, -1), (ValueError, NAN), (TypeError, "1"), (TypeError, None)):
            with self.assertRaises(kind):
                self.pool.submit("key", sleep, value).result()


class Closed(InputCase):
    def check_closed(self):
        del self.calls["module"]
        self.check_each(RuntimeError, add, text=SHUTDOWN)
        self.check_refused(RuntimeError, self.pool.map, add, [1], text=SHUTDOWN)

    def test_a_pool_that_was_shut_down_refuses_in_the_words_of_the_standard_library(self):
        self.pool.shutdown()
        self.check_closed()

    def test_a_pool_that_was_stopped_refuses_in_the_words_of_the_standard_library(self):
        self.pool.stop()
        self.check_closed()

    def test_a_pool_that_is_draining_refuses_in_the_words_of_the_standard_library(self):
        gate, _ = self.occupy(self.pool.submit, "key")
        self.pool.shutdown(wait=False)
        self.check_closed()
        gate.open()

    def test_a_pool_that_is_canceling_refuses_in_the_words_of_the_standard_library(self):
        gate, _ = self.occupy(self.pool.submit, "key")
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.check_closed()
        gate.open()

    def test_bad_arguments_are_told_even_then(self):
        self.pool.shutdown()
        self.check_refused(TypeError, self.pool.submit, 1, add)
        self.check_refused(TypeError, self.pool.submit, "key", None)
        self.check_refused(ValueError, self.pool.submit, "key", add, _timeout=-1)

    def test_a_closed_executor_refuses_and_the_pool_goes_on(self):
        for executor in (self.pool.key("key"), self.pool.executor):
            executor.shutdown()
            self.check_refused(RuntimeError, executor.submit, add, text=SHUTDOWN)
            self.check_refused(RuntimeError, executor.map, add, [1], text=SHUTDOWN)
        self.assertEqual(self.pool.submit("key", add, 1).result(), 1)


class Full(InputCase):
    def setUp(self):
        super().setUp()
        self.pool = self.make_pool(1, queue_capacity=2)
        self.calls = {"submit": self.pool.submit, "post": self.pool.post, "run": self.run_job}
        self.bound = {"key": self.pool.key("key").submit, "executor": self.pool.executor.submit}
        self.gate, _ = self.occupy(self.pool.submit, "key")
        self.waiting = [self.pool.submit("key", add), self.pool.submit(None, add)]

    def test_a_full_queue_refuses_who_does_not_wait(self):
        self.assertTrue(issubclass(taskpool.QueueFull, Exception))
        self.check_each(taskpool.QueueFull, add, _timeout=0)

    def test_a_full_queue_refuses_who_has_waited_in_vain(self):
        self.check_each(taskpool.QueueFull, add, _timeout=0.01)
        self.check_each(taskpool.QueueFull, add, _timeout=0.06)

    def test_bad_arguments_are_told_before(self):
        self.check_each(ValueError, add, _timeout=0, _ttl=-1)
        self.check_each(TypeError, None, _timeout=0)
        self.check_all(TypeError, 1, add, _timeout=0)

    def test_what_was_refused_does_not_run_and_what_was_accepted_does(self):
        ran = []
        for call in self.bound.values():
            self.check_refused(taskpool.QueueFull, call, ran.append, 1, _timeout=0)
        self.gate.open()
        self.assertEqual([future.result() for future in self.waiting], [0, 0])
        self.pool.wait()
        self.assertEqual(ran, [])


class Options(TestCase):
    def check_options(self, kind, *args, text="", **options):
        before = threading.active_count(), len(os.listdir("/proc/self/task")) if os.path.exists("/proc/self") else 0
        with self.subTest(args=args, options=options), self.assertRaisesRegex(kind, text):
            taskpool.TaskPool(*args, **options)
        after = threading.active_count(), len(os.listdir("/proc/self/task")) if os.path.exists("/proc/self") else 0
        self.assertLessEqual(after, before)

    def test_counts_out_of_range_are_value_errors(self):
        for name in ("workers", "queue_capacity", "key_capacity", "key_turn", "key_burst", "stack_size"):
            for value in (0, -1, 2**32, 2**64, -2**70):
                self.check_options(ValueError, text=name, **{name: value})

    def test_counts_beyond_what_the_library_can_are_value_errors(self):
        self.check_options(ValueError, workers=2**32 - 1)
        self.check_options(ValueError, workers=16385)
        self.check_options(ValueError, queue_capacity=2**26 + 1)

    def test_counts_of_another_type_are_type_errors(self):
        for name in ("workers", "queue_capacity", "key_capacity", "key_turn", "key_burst", "stack_size"):
            for value in (2.0, "2", b"2", [2], object()):
                self.check_options(TypeError, **{name: value})

    def test_unknown_choices_are_value_errors(self):
        for name in ("placement", "hash"):
            for value in ("", "FLOATING", "unknown", "fnv1a "):
                self.check_options(ValueError, text=name, **{name: value})

    def test_a_name_of_another_type_is_a_type_error(self):
        for name in (b"name", 1, ["n"]):
            self.check_options(TypeError, text="name", name=name)

    def test_a_name_with_what_no_name_may_have_is_a_value_error(self):
        for name in ("na\0me", "\0", "\ud800"):
            self.check_options(ValueError, name=name)

    def test_a_bad_interval_is_refused(self):
        for kind, value in ((ValueError, -1), (ValueError, NAN), (ValueError, -INF), (TypeError, "1"), (TypeError, None)):
            self.check_options(kind, key_interval=value)

    def test_an_unknown_option_is_a_type_error(self):
        self.check_options(TypeError, text="threads", threads=2)
        self.check_options(TypeError, 1, 1, "name", "floating", 1)


class KeyCalls(InputCase):
    def setUp(self):
        super().setUp()
        self.key = self.pool.key("key")

    def test_limits_out_of_range_are_value_errors(self):
        for interval in (-1, -0.001, NAN, -INF):
            self.check_refused(ValueError, self.key.limit, interval)
        for burst in (-1, 2**32, 2**70):
            self.check_refused(ValueError, self.key.limit, 1, burst)
        self.check_refused(ValueError, self.key.limit, interval=1, burst=-5)

    def test_limits_of_another_type_are_type_errors(self):
        for interval in ("1", None, [], 1j):
            self.check_refused(TypeError, self.key.limit, interval)
        for burst in ("1", None, 1.5, []):
            self.check_refused(TypeError, self.key.limit, 1, burst)

    def test_a_refused_limit_limits_nothing(self):
        for arguments in ((-1,), (60, -1), (60, "1"), ("60",)):
            with self.assertRaises((ValueError, TypeError)):
                self.key.limit(*arguments)
        self.assertEqual([self.key.submit(add, i).result(30) for i in range(3)], [1, 1, 1])

    def test_resume_without_pause_is_a_value_error(self):
        self.check_refused(ValueError, self.key.resume)
        self.key.pause()
        self.key.resume()
        self.check_refused(ValueError, self.key.resume)

    def test_hot_keys_that_nobody_wants_are_none(self):
        self.key.pause()
        self.addCleanup(self.key.resume)
        self.key.submit(add)
        self.assertEqual(self.pool.hot_keys(0), [])
        self.assertEqual(self.pool.hot_keys(1), [(b"key", 1)])

    def test_hot_keys_of_a_bad_number_are_refused(self):
        self.check_refused(ValueError, self.pool.hot_keys, -1)
        for count in ("1", None, 1.5):
            self.check_refused(TypeError, self.pool.hot_keys, count)

    def test_chunks_of_a_bad_size_are_refused(self):
        for size in (0, -1):
            self.check_refused(ValueError, self.pool.map, add, [1], chunksize=size)
        for size in ("1", None, 1.5):
            self.check_refused((TypeError, ValueError), self.pool.map, add, [1], chunksize=size)

    def test_what_cannot_be_iterated_is_a_type_error(self):
        self.check_refused(TypeError, self.pool.map, add, 1)
        self.check_refused(TypeError, self.pool.map, add, [1], 2)

    def test_what_an_iterable_raises_is_raised_at_the_call_and_cancels_the_rest(self):
        def items():
            yield from (1, 2, 3)
            raise LookupError("on purpose")

        self.key.pause()
        self.addCleanup(self.key.resume)
        with self.assertRaisesRegex(LookupError, "on purpose"):
            self.pool.map(add, items(), key=lambda item: "key")
        stats = self.pool.stats()
        self.assertEqual((stats["canceled"], stats["queued"], len(jobs)), (3, 0, 0))


if __name__ == "__main__":
    unittest.main()
