# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""A wait that could never end raises DeadlockError, that one alone; all other waits go on."""

import concurrent.futures as cf
import threading
import unittest

import taskpool
from support import LIMIT, TestCase, wait_for
from taskpool import DeadlockError

#: For waits that would end by it if they were not refused; longer than such a test may take, and no longer.
PATIENCE = 5

#: None, and others: whether a wait is refused does not depend on it.
TIMEOUTS = (None, PATIENCE, LIMIT)


def outcome(call, *args):
    """What the call returns, or the type of what it raises."""
    try:
        return call(*args)
    except Exception as error:
        return type(error)


class DeadlockCase(TestCase):
    def check_alive(self, *pools):
        """That each worker of the pools still runs jobs."""
        for pool in pools:
            self.assertTrue(pool.wait(LIMIT))
            workers = int(repr(pool).partition("workers=")[2].rstrip(">"))
            barrier = threading.Barrier(workers)
            futures = [pool.submit(None, barrier.wait, LIMIT) for _ in range(workers)]
            self.assertEqual(sorted(future.result() for future in futures), list(range(workers)))


class Own(DeadlockCase):
    """A job waits for its own key, its own pool, or itself."""

    def ask(self, pool, question, *args):
        """What the question returns in a job of the key that gets itself and a later job of the key."""
        def job():
            wait_for(submitted)
            return outcome(question, future, later, *args)

        submitted = threading.Event()
        future = pool.submit("key", job)
        later = pool.submit("key", int, "7")
        submitted.set()
        answer = future.result()
        self.assertEqual(later.result(), 7)
        return answer

    def test_the_result_of_a_later_job_of_the_key(self):
        pool = self.make_pool(2)
        for timeout in TIMEOUTS:
            self.assertIs(self.ask(pool, lambda own, later: later.result(timeout)), DeadlockError)
        self.check_alive(pool)

    def test_the_exception_of_a_later_job_of_the_key(self):
        pool = self.make_pool(2)
        for timeout in TIMEOUTS:
            self.assertIs(self.ask(pool, lambda own, later: later.exception(timeout)), DeadlockError)
        self.check_alive(pool)

    def test_the_own_result(self):
        pool = self.make_pool(2)
        for timeout in TIMEOUTS:
            self.assertIs(self.ask(pool, lambda own, later: own.result(timeout)), DeadlockError)
            self.assertIs(self.ask(pool, lambda own, later: own.exception(timeout)), DeadlockError)

    def test_the_own_result_without_a_key(self):
        pool = self.make_pool(2)
        for timeout in TIMEOUTS:
            future, told = [], threading.Event()
            future.append(pool.submit(None, lambda: (wait_for(told), outcome(future[0].result, timeout))[1]))
            told.set()
            self.assertIs(future[0].result(), DeadlockError)

    def test_without_patience_it_is_a_timeout(self):
        pool = self.make_pool(2)
        for timeout in (0, 0.0, -1):
            self.assertIs(self.ask(pool, lambda own, later: later.result(timeout)), cf.TimeoutError)
            self.assertIs(self.ask(pool, lambda own, later: later.exception(timeout)), cf.TimeoutError)
            self.assertIs(self.ask(pool, lambda own, later: own.result(timeout)), cf.TimeoutError)

    def test_the_own_key(self):
        pool = self.make_pool(2)
        for timeout in TIMEOUTS:
            self.assertIs(self.ask(pool, lambda own, later: pool.key("key").wait(timeout)), DeadlockError)
            self.assertIs(self.ask(pool, lambda own, later: pool.key(b"key").wait(timeout)), DeadlockError)
        self.assertIs(self.ask(pool, lambda own, later: pool.key("key").shutdown()), DeadlockError)

    def test_another_key_is_fine(self):
        pool = self.make_pool(2)
        for timeout in TIMEOUTS:
            self.assertIs(self.ask(pool, lambda own, later: pool.key("other").wait(timeout)), True)

    def test_the_own_pool(self):
        pool = self.make_pool(2)
        for timeout in TIMEOUTS:
            self.assertIs(self.ask(pool, lambda own, later: pool.wait(timeout)), DeadlockError)
        self.check_alive(pool)

    def test_waits_of_the_own_pool_and_key_without_patience_return(self):
        pool = self.make_pool(2)
        self.assertIs(self.ask(pool, lambda own, later: pool.wait(0)), False)
        self.assertIs(self.ask(pool, lambda own, later: pool.key("key").wait(0)), False)

    def test_a_map_under_the_own_key(self):
        pool = self.make_pool(2)
        for timeout in TIMEOUTS:
            self.assertIs(self.ask(pool, lambda own, later: list(
                pool.map(int, "123", key=lambda item: "key", timeout=timeout))), DeadlockError)
        self.assertEqual(self.ask(pool, lambda own, later: list(pool.map(int, "123", key=str))), [1, 2, 3])

    def test_what_has_ended_can_be_waited_for(self):
        pool = self.make_pool(2)
        earlier = pool.submit("key", int, "1")
        failed = pool.submit("key", int, "x")
        self.assertEqual(self.ask(pool, lambda own, later: (
            earlier.result(), earlier.exception(), outcome(failed.result), type(failed.exception()))),
            (1, None, ValueError, ValueError))

    def test_a_canceled_job_can_be_waited_for(self):
        pool = self.make_pool(2)

        def job():
            wait_for(submitted)
            return later.cancel(), outcome(later.result)

        submitted = threading.Event()
        future = pool.submit("key", job)
        later = pool.submit("key", int)
        submitted.set()
        self.assertEqual(future.result(), (True, cf.CancelledError))

    def test_the_refused_job_may_cancel_and_wait_then(self):
        pool = self.make_pool(2)

        def job():
            return outcome(later.result), later.cancel(), outcome(later.result)

        gate, _ = self.occupy(pool.submit, "key")
        future = pool.submit("key", job)
        later = pool.submit("key", int)
        gate.open()
        self.assertEqual(future.result(), (DeadlockError, True, cf.CancelledError))


class Circles(DeadlockCase):
    """Jobs that wait for each other: the wait that closes the circle is refused, and the others get their results."""

    def check_circle(self, wait, pools):
        """Jobs of `pools` of which each waits for the next; how many were refused."""
        def job(i):
            everybody.wait(LIMIT)
            answer = outcome(wait, pools[(i + 1) % count], f"key {(i + 1) % count}", futures[(i + 1) % count])
            if answer is DeadlockError:
                refused.append(i)
            return i

        count = len(pools)
        refused = []
        futures = {}
        everybody = threading.Barrier(count + 1)
        for i, pool in enumerate(pools):
            futures[i] = pool.submit(f"key {i}", job, i)
        everybody.wait(LIMIT)
        self.assertEqual([futures[i].result() for i in range(count)], list(range(count)))
        self.assertEqual(len(refused), 1)
        self.check_alive(*set(pools))

    def test_two_that_wait_for_results(self):
        self.check_circle(lambda pool, key, future: future.result(), [self.make_pool(2)] * 2)

    def test_three_that_wait_for_results(self):
        self.check_circle(lambda pool, key, future: future.result(), [self.make_pool(3)] * 3)

    def test_two_that_wait_for_exceptions(self):
        self.check_circle(lambda pool, key, future: future.exception(), [self.make_pool(2)] * 2)

    def test_two_that_wait_for_keys(self):
        self.check_circle(lambda pool, key, future: pool.key(key).wait(), [self.make_pool(2)] * 2)

    def test_three_that_wait_for_keys(self):
        self.check_circle(lambda pool, key, future: pool.key(key).wait(), [self.make_pool(4)] * 3)

    def test_two_of_two_pools(self):
        self.check_circle(lambda pool, key, future: future.result(), [self.make_pool(1), self.make_pool(1)])

    def test_three_of_three_pools(self):
        self.check_circle(lambda pool, key, future: future.result(), [self.make_pool(1) for _ in range(3)])

    def test_two_pools_that_wait_for_each_other(self):
        self.check_circle(lambda pool, key, future: pool.wait(), [self.make_pool(1), self.make_pool(1)])

    def test_two_that_wait_for_results_with_a_timeout(self):
        self.check_circle(lambda pool, key, future: future.result(PATIENCE), [self.make_pool(2)] * 2)

    def test_three_that_wait_for_results_with_a_timeout(self):
        self.check_circle(lambda pool, key, future: future.result(PATIENCE), [self.make_pool(3)] * 3)

    def test_two_that_wait_for_keys_with_a_timeout(self):
        self.check_circle(lambda pool, key, future: pool.key(key).wait(PATIENCE), [self.make_pool(2)] * 2)

    def test_two_of_two_pools_with_a_timeout(self):
        self.check_circle(lambda pool, key, future: future.result(PATIENCE), [self.make_pool(1), self.make_pool(1)])

    def test_one_that_waits_with_a_timeout_and_one_without(self):
        patience = {"key 0": PATIENCE, "key 1": None}
        self.check_circle(lambda pool, key, future: future.result(patience[key]), [self.make_pool(2)] * 2)

    def test_a_queued_job_behind_the_one_that_waits(self):
        pool = self.make_pool(2)

        def first():
            both.wait(LIMIT)
            return outcome(behind_second.result)

        def second():
            both.wait(LIMIT)
            return outcome(behind_first.result)

        both = threading.Barrier(3)
        one, two = pool.submit("one", first), pool.submit("two", second)
        behind_first, behind_second = pool.submit("one", int, "1"), pool.submit("two", int, "2")
        both.wait(LIMIT)
        answers = one.result(), two.result()
        self.assertIn(answers, [(DeadlockError, 1), (2, DeadlockError)])
        self.assertEqual((behind_first.result(), behind_second.result()), (1, 2))

    def test_a_wait_that_gives_up_leaves_no_trace(self):
        pool = self.make_pool(2)

        def first():
            both.wait(LIMIT)
            return outcome(two.result, 0.02), gave_up.set()

        def second():
            both.wait(LIMIT)
            wait_for(gave_up)
            return outcome(one.result)

        both, gave_up = threading.Barrier(3), threading.Event()
        one, two = pool.submit("one", first), pool.submit("two", second)
        both.wait(LIMIT)
        self.assertEqual(two.result(), (cf.TimeoutError, None))
        self.assertEqual(one.result(), (cf.TimeoutError, None))


class NoWorker(DeadlockCase):
    """A wait that would leave no worker to run what it waits for."""

    def check_lone(self, key, timeout, call):
        pool = self.make_pool(1)

        def job():
            return outcome(call, pool.submit(key, int, "7"), timeout)

        self.assertIs(pool.submit(None, job).result(), DeadlockError)
        self.assertEqual(pool.stats()["overflow"], 0)
        self.check_alive(pool)

    def test_a_lone_worker_that_waits_for_a_queued_job(self):
        for key in (None, "key"):
            self.check_lone(key, None, lambda future, timeout: future.result(timeout))
            self.check_lone(key, None, lambda future, timeout: future.exception(timeout))

    def test_a_lone_worker_that_waits_for_a_queued_job_with_a_timeout(self):
        self.check_lone(None, PATIENCE, lambda future, timeout: future.result(timeout))

    def test_a_lone_worker_that_waits_for_another_key(self):
        pool = self.make_pool(1)

        def job():
            other = pool.submit("other", int, "7")
            return outcome(pool.key("other").wait), other

        answer, other = pool.submit("key", job).result()
        self.assertIs(answer, DeadlockError)
        self.assertEqual(other.result(), 7)

    def test_without_patience_it_is_a_timeout(self):
        pool = self.make_pool(1)
        self.assertIs(pool.submit(None, lambda: outcome(pool.submit(None, int).result, 0)).result(), cf.TimeoutError)

    def test_the_last_worker_that_would_wait(self):
        pool = self.make_pool(2)

        def job():
            both.wait(LIMIT)
            return outcome(pool.submit(None, int, "7").result)

        both = threading.Barrier(2)
        futures = [pool.submit(None, job) for _ in range(2)]
        answers = [future.result() for future in futures]
        self.assertIn(DeadlockError, answers)
        self.assertIn(answers.count(7), (0, 1))
        self.check_alive(pool)

    def test_the_last_worker_alone_is_refused(self):
        pool = self.make_pool(2)
        queued, two = [], []

        def first():
            both.wait(LIMIT)
            both.wait(LIMIT)
            return outcome(queued[0].result)

        def second():
            both.wait(LIMIT)
            both.wait(LIMIT)
            return outcome(queued[1].result)

        both = threading.Barrier(3)
        two += [pool.submit("one", first), pool.submit("two", second)]
        both.wait(LIMIT)  # both have started
        queued += [pool.submit(None, int, "7"), pool.submit(None, int, "7")]
        both.wait(LIMIT)
        answers = [future.result() for future in two]
        self.assertEqual(sorted(answers, key=str), sorted([DeadlockError, 7], key=str))
        self.assertEqual([future.result() for future in queued], [7, 7])

    def test_the_worker_of_another_pool_may_run_it(self):
        pool, other = self.make_pool(1), self.make_pool(1)
        self.assertEqual(pool.submit(None, lambda: other.submit(None, int, "7").result()).result(), 7)
        self.assertEqual(pool.submit(None, lambda: other.submit(None, int, "7").result(LIMIT)).result(), 7)

    def test_the_workers_of_two_pools_that_wait_for_each_other(self):
        pool, other = self.make_pool(1), self.make_pool(1)

        def there():
            return outcome(pool.submit(None, int, "7").result)

        def here():
            return outcome(other.submit(None, there).result)

        self.assertIs(pool.submit(None, here).result(), DeadlockError)
        self.check_alive(pool, other)

    def test_a_job_may_wait_where_a_worker_is_left(self):
        pool = self.make_pool(2)
        for timeout in TIMEOUTS:
            for call in (lambda future: future.result(timeout), lambda future: future.exception(timeout) or 7):
                self.assertEqual(pool.submit("key", lambda: call(pool.submit(None, int, "7"))).result(), 7)
                self.assertEqual(pool.submit("key", lambda: call(pool.submit("other", int, "7"))).result(), 7)

    def test_a_chain_of_waits_may_be_as_long_as_there_are_workers(self):
        pool = self.make_pool(4)

        def job(depth):
            return 0 if depth == 0 else 1 + pool.submit(f"key {depth}", job, depth - 1).result()

        self.assertEqual(pool.submit("key", job, 3).result(), 3)
        with self.assertRaises(DeadlockError):
            pool.submit("key", job, 4).result()
        self.check_alive(pool)


class Callbacks(DeadlockCase):
    """In the callbacks of a future its key is still busy."""

    def test_on_the_worker(self):
        pool = self.make_pool(2)
        for timeout in TIMEOUTS:
            gate, future = self.occupy(pool.submit, "key")
            later = pool.submit("key", int, "7")
            answers = []
            future.add_done_callback(lambda future: answers.extend([
                outcome(later.result, timeout), outcome(later.exception, timeout), outcome(pool.wait, timeout),
                outcome(pool.key("key").wait, timeout), outcome(later.result, 0)]))
            gate.open()
            self.assertEqual(later.result(), 7)
            self.assertEqual(answers, [DeadlockError] * 4 + [cf.TimeoutError])

    def check_cancel(self, timeout):
        """The same where a thread that is no worker cancels a job of the key."""
        def ask(call):
            gate, _ = self.occupy(pool.submit, "key")
            future, later = pool.submit("key", int), pool.submit("key", int, "7")
            answers = []
            future.add_done_callback(lambda future: answers.append(outcome(call, later)))
            self.assertTrue(future.cancel())
            gate.open()
            self.assertEqual(later.result(), 7)
            return answers

        pool = self.make_pool(2)
        for call in (lambda later: later.result(timeout), lambda later: later.exception(timeout),
                     lambda later: pool.key("key").wait(timeout), lambda later: pool.wait(timeout)):
            self.assertEqual(ask(call), [DeadlockError])
        self.assertEqual(ask(lambda later: later.result(0)), [cf.TimeoutError])

    def test_in_a_cancel_on_another_thread(self):
        self.join(self.start_thread(self.check_cancel, None))

    def test_in_a_cancel_on_another_thread_with_a_timeout(self):
        self.join(self.start_thread(self.check_cancel, PATIENCE))

    def test_in_a_cancel_on_the_main_thread(self):
        for timeout in (PATIENCE, LIMIT, None):
            self.check_cancel(timeout)

    def test_the_own_future_is_done(self):
        pool = self.make_pool(2)
        gate, future = self.occupy(pool.submit, "key")
        answers = []
        future.add_done_callback(lambda future: answers.append(future.result()))
        gate.open()
        pool.wait()
        self.assertEqual(answers, ["opened"])

    def test_other_keys_can_be_waited_for(self):
        pool = self.make_pool(2)
        gate, future = self.occupy(pool.submit, "key")
        answers = []
        future.add_done_callback(lambda future: answers.append(pool.submit("other", int, "7").result()))
        gate.open()
        pool.key("key").wait()
        self.assertEqual(answers, [7])

    def test_the_pool_can_not_be_ended_there(self):
        pool = self.make_pool(2)
        gate, future = self.occupy(pool.submit, "key")
        waiting = pool.submit("key", int)
        answers = []
        for each in (future, waiting):
            each.add_done_callback(lambda future: answers.extend([outcome(pool.shutdown), outcome(pool.stop)]))
        self.assertTrue(waiting.cancel())
        gate.open()
        pool.wait()
        self.assertEqual(answers, [DeadlockError] * 4)
        self.check_alive(pool)

    def test_in_on_error(self):
        pool = self.make_pool(2)
        answers = []
        gate, _ = self.occupy(pool.submit, "key")
        pool.on_error = lambda error, key: answers.append(outcome(later.result))
        pool.post("key", int, "x")
        later = pool.submit("key", int, "7")
        gate.open()
        self.assertEqual(later.result(), 7)
        self.assertEqual(answers, [DeadlockError])


class Paused(DeadlockCase):
    """Somebody will resume it: that is no deadlock."""

    def test_a_job_may_wait_for_a_paused_key(self):
        pool = self.make_pool(2)
        key = pool.key("paused")
        for wait in (lambda future: future.result(), lambda future: key.wait() and 7,
                     lambda future: future.result(LIMIT), lambda future: future.exception() or 7):
            key.pause()
            future = key.submit(int, "7")
            waiting = threading.Event()
            waiter = pool.submit("key", lambda: (waiting.set(), outcome(wait, future))[1])
            wait_for(waiting)
            with self.assertRaises(cf.TimeoutError):
                waiter.result(0.01)
            key.resume()
            self.assertEqual(waiter.result(), 7)

    def test_a_wait_for_a_paused_key_times_out(self):
        pool = self.make_pool(2)
        key = pool.key("paused")
        key.pause()
        future = key.submit(int, "7")
        self.assertIs(pool.submit("key", lambda: outcome(future.result, 0.01)).result(), cf.TimeoutError)
        self.assertIs(pool.submit("key", lambda: outcome(key.wait, 0.01)).result(), False)
        key.resume()
        self.assertEqual(future.result(), 7)

    def test_a_delayed_job_can_be_waited_for(self):
        pool = self.make_pool(2)
        self.assertEqual(pool.submit("key", lambda: pool.submit("other", int, "7", _delay=0.02).result()).result(), 7)


class Ends(DeadlockCase):
    """A job cannot wait for the end of its own pool."""

    def check_end(self, end):
        pool = self.make_pool(2)
        gate, _ = self.occupy(pool.submit, "other")
        queued = pool.submit("other", int, "7")
        self.assertIs(pool.submit("key", outcome, end, pool).result(), DeadlockError)
        gate.open()
        self.assertEqual(queued.result(), 7)
        self.check_alive(pool)

    def test_shutdown(self):
        self.check_end(lambda pool: pool.shutdown())

    def test_shutdown_that_cancels(self):
        self.check_end(lambda pool: pool.shutdown(cancel_futures=True))

    def test_shutdown_with_times(self):
        self.check_end(lambda pool: pool.shutdown(drain=PATIENCE, cancel=PATIENCE))

    def test_stop(self):
        self.check_end(lambda pool: pool.stop())

    def test_the_end_of_a_block(self):
        def block(pool):
            with pool:
                pass

        self.check_end(block)

    def test_shutdown_without_wait_is_fine(self):
        pool = self.make_pool(2)
        gate, _ = self.occupy(pool.submit, "other")
        queued = pool.submit("other", int, "7")
        self.assertIs(pool.submit("key", outcome, lambda: pool.shutdown(wait=False)).result(), False)
        self.assertIs(outcome(pool.submit, "key", int), RuntimeError)
        gate.open()
        self.assertEqual(queued.result(), 7)
        self.assertIs(pool.shutdown(), True)

    def test_shutdown_without_wait_that_cancels_is_fine(self):
        pool = self.make_pool(2)
        gate, _ = self.occupy(pool.submit, "other")
        queued = pool.submit("other", int, "7")
        future = pool.submit("key", outcome, lambda: pool.shutdown(wait=False, cancel_futures=True))
        self.assertIs(future.result(), False)
        self.assertTrue(queued.cancelled())
        gate.open()
        self.assertIs(pool.shutdown(), True)

    def test_a_job_may_end_another_pool(self):
        pool, other = self.make_pool(1), self.make_pool(1)
        future = other.submit("key", int, "7")
        self.assertIs(pool.submit("key", outcome, other.shutdown).result(), True)
        self.assertEqual(future.result(), 7)
        self.assertIsNone(pool.submit("key", outcome, other.stop).result())

    def test_a_job_cannot_wait_for_one_that_ends_its_pool(self):
        pool, other = self.make_pool(1), self.make_pool(1)

        def wait():
            both.wait(LIMIT)
            return outcome(ender.result)

        def end():
            both.wait(LIMIT)
            return outcome(other.shutdown)

        both = threading.Barrier(3)
        waiter, ender = other.submit("key", wait), pool.submit("key", end)
        both.wait(LIMIT)
        self.assertIn((waiter.result(), ender.result()), [(DeadlockError, True), (DeadlockError, DeadlockError)])
        self.check_alive(pool)


if __name__ == "__main__":
    unittest.main()
