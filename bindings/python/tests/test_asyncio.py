# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Coroutines that await jobs: pool.run, and executors and futures in an event loop."""

import asyncio
import gc
import queue
import sys
import threading
import time
import unittest
import weakref

import taskpool
from support import LIMIT, TestCase, wait_for

SHUTDOWN = "cannot schedule new futures after shutdown"


class Special(BaseException):
    pass


def fail(error=ValueError("on purpose")):
    raise error


class LoopCase(TestCase):
    def run_loop(self, coroutine, debug=False):
        """The coroutine's result, within a limit; the loop must have had nothing to complain of."""
        async def main():
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
            result = await asyncio.wait_for(coroutine, LIMIT)
            await asyncio.sleep(0)
            return result
        complaints = []
        result = asyncio.run(main(), debug=debug)
        self.assertEqual(complaints, [])
        return result

    async def started(self, gate):
        """Until the gate's job runs, while the loop goes on."""
        await asyncio.get_running_loop().run_in_executor(None, wait_for, gate.started)

    async def tick(self, times=50):
        for _ in range(times):
            await asyncio.sleep(0)

    async def until(self, condition):
        deadline = time.monotonic() + LIMIT
        while not condition():
            self.assertLess(time.monotonic(), deadline, "waited in vain")
            await asyncio.sleep(0.001)


class Run(LoopCase):
    def setUp(self):
        self.pool = self.make_pool(2)

    def test_run_awaits_the_result(self):
        thing = object()

        async def main():
            self.assertIs(await self.pool.run("k", lambda: thing), thing)
            self.assertIsNone(await self.pool.run(None, lambda: None))
            return await self.pool.run(b"k", dict, a=1, self=2, key=3, fn=4, pool=5, _ttl=LIMIT)
        self.assertEqual(self.run_loop(main()), {"a": 1, "self": 2, "key": 3, "fn": 4, "pool": 5})

    def test_run_works_in_debug_mode(self):
        async def main():
            with self.assertRaises(ValueError):
                await self.pool.run("k", fail)
            return await asyncio.gather(*(self.pool.run("k", abs, -i) for i in range(100)))
        self.assertEqual(self.run_loop(main(), debug=True), list(range(100)))

    def test_run_does_nothing_before_it_is_awaited(self):
        async def main():
            coroutine = self.pool.run("k", abs, -1)
            await self.tick()
            self.assertEqual(self.pool.stats()["submitted"], 0)
            return await coroutine
        self.assertEqual(self.run_loop(main()), 1)

    def test_the_job_runs_under_its_key_on_a_worker(self):
        async def main():
            return await self.pool.run("user", lambda: (taskpool.current().key, threading.get_ident()))
        key, thread = self.run_loop(main())
        self.assertEqual(key, b"user")
        self.assertNotEqual(thread, threading.get_ident())

    def test_the_loop_goes_on_while_the_job_runs(self):
        async def main():
            gate = self.make_gate()
            task = asyncio.ensure_future(self.pool.run("k", gate))
            await self.started(gate)
            await self.tick()
            self.assertFalse(task.done())
            gate.open()
            return await task
        self.assertEqual(self.run_loop(main()), "opened")

    def test_run_raises_what_the_job_raised(self):
        async def main():
            for error in (ValueError(), KeyboardInterrupt(), SystemExit(3), Special(), GeneratorExit(), KeyError()):
                with self.assertRaises(type(error)) as caught:
                    await self.pool.run("k", fail, error)
                self.assertIs(caught.exception, error)
            for error in (StopIteration(1), StopAsyncIteration()):
                with self.assertRaises((RuntimeError, StopAsyncIteration)):
                    await self.pool.run("k", fail, error)
            return await self.pool.run("k", abs, -1)
        self.assertEqual(self.run_loop(main()), 1)

    def test_what_run_raises_has_the_frames_of_the_job(self):
        async def main():
            try:
                await self.pool.run("k", fail)
            except ValueError as error:
                trace = error.__traceback__
                while trace.tb_next:
                    trace = trace.tb_next
                return trace.tb_frame.f_code.co_name
        self.assertEqual(self.run_loop(main()), "fail")

    def test_run_keeps_nothing_alive(self):
        class Thing(Exception):
            pass

        def job():
            raise Thing

        async def fails():
            try:
                await self.pool.run("k", job)
            except Thing as error:
                return weakref.ref(error)

        async def main():
            thing, result = Thing(), Thing()
            references = [weakref.ref(thing), weakref.ref(result)]
            self.assertIs(await self.pool.run("k", lambda thing: result, thing), result)
            del thing, result
            references.append(await fails())
            await self.until(lambda: not any(reference() for reference in references))
        self.without_gc()
        self.run_loop(main())

    def test_an_expired_job_is_a_timeout(self):
        async def main():
            self.pool.key("k").pause()
            with self.assertRaises(taskpool.JobExpired) as caught:
                await self.pool.run("k", abs, -1, _ttl=0.001)
            self.assertIsInstance(caught.exception, TimeoutError)
            self.pool.key("k").resume()
        self.run_loop(main())

    def test_a_delay_is_awaited(self):
        async def main():
            begin = time.monotonic()
            return await self.pool.run("k", time.monotonic, _delay=0.03) - begin
        self.assertGreaterEqual(self.run_loop(main()), 0.03)

    def test_a_job_that_its_key_canceled_raises_cancelled_error(self):
        async def main():
            gate, _ = self.occupy(self.pool.submit, "k")
            task = asyncio.ensure_future(self.pool.run("k", abs, -1))
            await self.until(lambda: self.pool.key("k").stats()["queued"])
            self.assertEqual(self.pool.key("k").cancel(), 1)
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertTrue(task.cancelled())
            gate.open()
        self.run_loop(main())

    def test_a_job_that_a_stop_of_the_pool_canceled_raises_cancelled_error(self):
        async def main():
            pool = self.make_pool(1)
            gate, _ = self.occupy(pool.submit, "k")
            task = asyncio.ensure_future(pool.run("k", abs, -1))
            await self.until(lambda: pool.stats()["queued"])
            pool.shutdown(wait=False, cancel_futures=True)
            with self.assertRaises(asyncio.CancelledError):
                await task
            gate.open()
        self.run_loop(main())

    def test_cancelling_the_task_cancels_a_waiting_job(self):
        async def main():
            ran = []
            gate, _ = self.occupy(self.pool.submit, "k")
            task = asyncio.ensure_future(self.pool.run("k", ran.append, 1))
            await self.until(lambda: self.pool.key("k").stats()["queued"])
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertEqual(self.pool.key("k").stats()["queued"], 0)
            gate.open()
            await self.pool.run("k", abs, -1)
            self.assertEqual(ran, [])
        self.run_loop(main())

    def test_cancelling_the_task_tells_a_running_job_to_stop(self):
        async def main():
            started, slept = threading.Event(), queue.Queue()

            def job():
                started.set()
                slept.put(taskpool.current().sleep(3600))
            task = asyncio.ensure_future(self.pool.run("k", job))
            await self.until(started.is_set)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertIs(slept.get(timeout=LIMIT), False)
        self.run_loop(main())

    def test_cancelling_the_task_before_it_began_submits_nothing(self):
        async def main():
            task = asyncio.ensure_future(self.pool.run("k", abs, -1))
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertEqual(self.pool.stats()["submitted"], 0)
        self.run_loop(main())

    def test_cancelling_races_with_the_end(self):
        async def main():
            for i in range(200):
                task = asyncio.ensure_future(self.pool.run(f"{i % 3}", abs, -i))
                await self.tick(1 + i % 5)
                if task.cancel():
                    with self.assertRaises(asyncio.CancelledError):
                        await task
                else:
                    self.assertEqual(task.result(), i)
        self.run_loop(main())

    def test_a_timeout_of_asyncio_cancels_the_job(self):
        async def main():
            gate, _ = self.occupy(self.pool.submit, "k")
            ran = []
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(self.pool.run("k", ran.append, 1), 0.02)
            gate.open()
            await self.pool.run("k", abs, -1)
            self.assertEqual(ran, [])
        self.run_loop(main())

    def test_run_after_shutdown_is_refused(self):
        async def main():
            with self.assertRaisesRegex(RuntimeError, SHUTDOWN):
                await self.pool.run("k", abs, -1)
        self.pool.shutdown()
        self.run_loop(main())

    def test_jobs_of_a_key_run_in_the_order_in_which_tasks_were_made(self):
        async def main():
            order = []
            await asyncio.gather(*(self.pool.run("k", order.append, i) for i in range(500)))
            return order
        self.assertEqual(self.run_loop(main()), list(range(500)))

    def test_a_job_may_use_a_loop_of_its_own(self):
        def job():
            return asyncio.run(self.pool.run("inner", abs, -6))
        self.assertEqual(self.pool.submit("outer", job).result(LIMIT), 6)


class Room(LoopCase):
    """run on a full queue."""

    def setUp(self):
        self.pool = self.make_pool(1, queue_capacity=1)

    async def fill(self):
        gate, _ = self.occupy(self.pool.submit, "gate")
        return gate, self.pool.submit("first", abs, -1, _timeout=0)

    def test_run_awaits_room_and_the_loop_goes_on(self):
        async def main():
            gate, _ = await self.fill()
            task = asyncio.ensure_future(self.pool.run("k", abs, -2))
            await self.tick(200)
            await asyncio.sleep(0.03)
            self.assertFalse(task.done())
            self.assertEqual(self.pool.stats()["queued"], 1)
            gate.open()  # by this loop: it must not be blocked
            return await task
        self.assertEqual(self.run_loop(main()), 2)

    def test_room_that_comes_free_without_any_end_of_ours_is_found(self):
        async def main():
            gate, first = await self.fill()
            tasks = [asyncio.ensure_future(self.pool.run("k", abs, -i)) for i in range(3)]
            await self.tick()
            self.assertTrue(first.cancel())
            await self.until(lambda: self.pool.key("k").stats()["queued"])
            gate.open()
            return await asyncio.gather(*tasks)
        self.assertEqual(self.run_loop(main()), [0, 1, 2])

    def test_jobs_of_a_key_keep_their_order_while_they_wait_for_room(self):
        async def main():
            order = {"a": [], "b": [], None: []}
            gate, _ = await self.fill()
            tasks = [asyncio.ensure_future(self.pool.run(key, order[key].append, i))
                     for i in range(60) for key in order]
            await self.tick()
            gate.open()
            await asyncio.gather(*tasks)
            self.assertEqual(order["a"], list(range(60)))
            self.assertEqual(order["b"], list(range(60)))
            self.assertEqual(sorted(order[None]), list(range(60)))
        self.run_loop(main())

    def test_those_that_come_later_do_not_overtake_those_that_wait(self):
        async def main():
            order = []
            gate, first = await self.fill()
            tasks = [asyncio.ensure_future(self.pool.run("k", order.append, i)) for i in range(5)]
            await self.tick()
            first.cancel()  # now there is room, which nobody has found yet
            tasks += [asyncio.ensure_future(self.pool.run("k", order.append, i)) for i in range(5, 10)]
            await self.tick()
            gate.open()
            await asyncio.gather(*tasks)
            return order
        self.assertEqual(self.run_loop(main()), list(range(10)))

    def test_without_a_timeout_a_full_queue_refuses_at_once(self):
        async def main():
            gate, _ = await self.fill()
            with self.assertRaises(taskpool.QueueFull):
                await self.pool.run("k", abs, -1, _timeout=0)
            gate.open()
            await self.pool.run("k", abs, -1)
            self.pool.wait()
            self.assertEqual(await self.pool.run("k", abs, -1, _timeout=0), 1)
        self.run_loop(main())

    def test_a_full_queue_refuses_after_the_timeout(self):
        async def main():
            gate, _ = await self.fill()
            patient = asyncio.ensure_future(self.pool.run("k", abs, -5))
            begin = time.monotonic()
            with self.assertRaises(taskpool.QueueFull):
                await self.pool.run("k", abs, -1, _timeout=0.03)
            self.assertGreaterEqual(time.monotonic() - begin, 0.03 - 0.002)
            gate.open()
            return await patient, await self.pool.run("k", abs, -6, _timeout=LIMIT)
        self.assertEqual(self.run_loop(main()), (5, 6))

    def test_nothing_is_kept_of_what_was_refused_or_canceled(self):
        class Thing:
            def method(self, *args):
                pass

        async def refused(timeout):
            thing = Thing()
            try:  # assertRaises would clear the frames
                await self.pool.run("k", thing.method, thing, _timeout=timeout)
            except taskpool.QueueFull:
                return weakref.ref(thing)

        async def canceled():
            thing = Thing()
            task = asyncio.ensure_future(self.pool.run("k", thing.method, thing))
            await self.tick()
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                return weakref.ref(thing)

        async def main():
            gate, _ = await self.fill()
            for reference in (await refused(0), await refused(0.001), await canceled()):
                await self.until(lambda: reference() is None)
            gate.open()
        self.without_gc()
        self.run_loop(main())

    def test_what_was_canceled_while_it_waited_for_room_never_runs(self):
        async def main():
            ran = []
            gate, _ = await self.fill()
            tasks = [asyncio.ensure_future(self.pool.run("k", ran.append, i)) for i in range(6)]
            await self.tick()
            for task in tasks[::2]:
                task.cancel()
            gate.open()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            self.assertEqual([type(result) for result in results], [asyncio.CancelledError, type(None)] * 3)
            self.pool.wait()
            self.assertEqual(ran, [1, 3, 5])
            self.assertEqual(self.pool.stats()["submitted"], 5)
        self.run_loop(main())

    def test_a_shutdown_refuses_those_that_wait_for_room(self):
        async def main():
            gate, first = await self.fill()
            tasks = [asyncio.ensure_future(self.pool.run("k", abs, -i)) for i in range(3)]
            await self.tick()
            self.pool.shutdown(wait=False)
            results = await asyncio.gather(*tasks, return_exceptions=True)
            self.assertEqual([(type(error), str(error)) for error in results], [(RuntimeError, SHUTDOWN)] * 3)
            gate.open()
            first.result(LIMIT)
        self.run_loop(main())

    def test_a_full_key_does_not_keep_others_waiting(self):
        async def main():
            pool = self.make_pool(2, key_capacity=1)
            gate, _ = self.occupy(pool.submit, "full")
            tasks = [asyncio.ensure_future(pool.run("full", abs, -i)) for i in range(50)]
            await self.tick()
            for i in range(20):
                self.assertEqual(await pool.run("other", abs, -i), i)
            gate.open()
            return await asyncio.gather(*tasks)
        self.assertEqual(self.run_loop(main()), list(range(50)))

    def test_one_that_waits_for_room_does_not_stand_before_others_that_do(self):
        async def main():
            pool = self.make_pool(2, key_capacity=1)
            pool.key("stuck").pause()
            pool.submit("stuck", abs, -1)
            stuck = [asyncio.ensure_future(pool.run("stuck", abs, -i)) for i in range(3)]
            await self.tick()
            gate, _ = self.occupy(pool.submit, "other")
            pool.submit("other", abs, -1)
            others = [asyncio.ensure_future(pool.run("other", abs, -i)) for i in range(5)]
            await self.tick()
            gate.open()
            self.assertEqual(await asyncio.gather(*others), list(range(5)))
            self.assertFalse(any(task.done() for task in stuck))
            pool.key("stuck").resume()
            self.assertEqual(await asyncio.gather(*stuck), list(range(3)))
        self.run_loop(main())

    def test_room_is_awaited_in_two_pools_at_once(self):
        async def main():
            other = self.make_pool(1, queue_capacity=1)
            gate, _ = await self.fill()
            stuck = asyncio.ensure_future(self.pool.run("k", abs, -1))
            await self.tick()
            self.assertEqual(await asyncio.gather(*(other.run("k", abs, -i) for i in range(20))), list(range(20)))
            self.assertFalse(stuck.done())
            gate.open()
            await stuck
        self.run_loop(main())


class Many(LoopCase):
    def check(self, keys):
        async def main():
            return await asyncio.gather(*(pool.run(f"{i % keys}", abs, -i) for i in range(10_000)))
        pool = self.make_pool(2)
        self.assertEqual(self.run_loop(main()), list(range(10_000)))

    def test_ten_thousand_over_few_keys(self):
        self.check(3)

    def test_ten_thousand_over_many_keys(self):
        self.check(5000)


class Loops(LoopCase):
    def setUp(self):
        self.pool = self.make_pool(2)

    def test_executors_run_in_the_loop(self):
        async def main():
            loop = asyncio.get_running_loop()
            for executor in (self.pool.key("k"), self.pool.executor):
                self.assertEqual(await loop.run_in_executor(executor, abs, -3), 3)
                with self.assertRaises(ValueError):
                    await loop.run_in_executor(executor, fail)
            order = []
            await asyncio.gather(*(loop.run_in_executor(self.pool.key("k"), order.append, i) for i in range(50)))
            self.assertEqual(order, list(range(50)))
        self.run_loop(main())

    def test_a_future_of_a_pool_can_be_wrapped(self):
        async def main():
            gate, future = self.occupy(self.pool.submit, "k")
            wrapped = asyncio.wrap_future(future)
            waiting = asyncio.wrap_future(self.pool.submit("k", abs, -1))
            failing = asyncio.wrap_future(self.pool.submit("k", fail))
            await self.tick()
            self.assertFalse(wrapped.done())
            gate.open()
            with self.assertRaises(ValueError):
                await failing
            return await wrapped, await waiting
        self.assertEqual(self.run_loop(main()), ("opened", 1))

    def test_a_loop_may_be_closed_while_jobs_run(self):
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda loop, context: None)  # of the task that was never done
        gate = self.make_gate()
        tasks = [loop.create_task(self.pool.run("k", gate)), loop.create_task(self.pool.run("k", abs, -1))]
        loop.run_until_complete(self.until(gate.started.is_set))
        loop.close()
        gate.open()
        self.assertTrue(self.pool.wait(LIMIT))
        self.assertEqual(self.pool.stats()["ran"], 2)
        self.assertFalse(any(task.done() for task in tasks))
        self.assertEqual(self.run_loop(self.pool.run("k", abs, -2)), 2)

    def test_a_loop_may_end_while_others_wait_for_room(self):
        pool = self.make_pool(1, queue_capacity=1)
        gate, _ = self.occupy(pool.submit, "gate")

        async def main():
            tasks = [asyncio.ensure_future(pool.run("k", abs, -i)) for i in range(5)]
            await self.tick()
            return tasks
        tasks = self.run_loop(main())  # asyncio.run cancels them
        self.assertTrue(all(task.cancelled() for task in tasks))
        gate.open()
        self.assertTrue(pool.wait(LIMIT))
        self.assertEqual(self.run_loop(pool.run("k", abs, -7)), 7)

    def test_one_pool_serves_loops_in_several_threads(self):
        pool = self.make_pool(2, queue_capacity=10)
        ran = []

        def loop(thread):
            async def main():
                async def one(i):
                    self.assertEqual(await pool.run(f"{i % 4}", divmod, thread, i), divmod(thread, i))
                await asyncio.gather(*(one(i) for i in range(1, 200)))
            self.run_loop(main())
            ran.append(thread)
        threads = [self.start_thread(loop, thread) for thread in range(4)]
        for thread in threads:
            self.join(thread)
        self.assertEqual(sorted(ran), list(range(4)))

    def test_loops_come_and_go(self):
        for i in range(20):
            self.assertEqual(self.run_loop(self.pool.run("k", abs, -i)), i)

    def test_a_loop_that_is_gone_is_not_kept(self):
        class Loop(asyncio.SelectorEventLoop):
            pass

        def run_all(coroutines):
            """In a loop that ends when the first has ended."""
            loop = Loop()
            loop.set_exception_handler(lambda loop, context: None)  # of tasks that were never done
            tasks = [loop.create_task(coroutine) for coroutine in coroutines]
            loop.run_until_complete(tasks[0])
            gate.open()
            self.pool.wait()
            loop.close()
            return weakref.ref(loop)

        async def full():
            with self.assertRaises(taskpool.QueueFull):
                await pool.run("k", abs, -1, _timeout=0.001)
        gate = self.make_gate()
        pool = self.make_pool(1, queue_capacity=1)
        other, _ = self.occupy(pool.submit, None)
        pool.submit("k", abs, -1)
        loops = [
            run_all([self.pool.run("k", abs, -1)]),
            run_all([full()]),
            run_all([self.tick(), pool.run("k", abs, -1)]),
            run_all([self.tick(), self.pool.run("k", gate), self.pool.run("k", abs, -1)]),
        ]
        for i, reference in enumerate(loops):
            gc.collect()
            with self.subTest(i):
                self.assertIsNone(reference())
        other.open()

    def test_keyboard_interrupt_of_a_job_ends_the_loop_as_one_of_a_coroutine_does(self):
        async def main():
            await self.pool.run("k", fail, KeyboardInterrupt())
        for _ in range(2):
            with self.assertRaises(KeyboardInterrupt):
                asyncio.run(main(), debug=False)
        self.assertEqual(self.run_loop(self.pool.run("k", abs, -1)), 1)

    def test_ends_reach_the_loop_under_a_small_switch_interval(self):
        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        sys.setswitchinterval(1e-5)

        async def main():
            async def one(i):
                for j in range(20):
                    self.assertEqual(await self.pool.run(f"{i}", abs, -j), j)
            await asyncio.gather(*(one(i) for i in range(30)))
        self.run_loop(main())


if __name__ == "__main__":
    unittest.main()
