# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""A job that is canceled ends, whatever goes wrong meanwhile: an interrupt at any line, a stack that is nearly full."""

import concurrent.futures as cf
import sys
import unittest

import taskpool
from support import LIMIT, TestCase
from taskpool._jobs import jobs


def interrupted_at(number, call):
    """Whether the call came to its line of that number, counted through all it calls, which raises KeyboardInterrupt."""
    def trace(frame, event, arg):
        nonlocal left
        if event == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    left, before = number, sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return left <= 0


def at_depth(frames, call):
    """The call, with so many frames of the stack left."""
    if frames > 0:
        return at_depth(frames - 1, call)
    return call()


class Ending(TestCase):
    def setUp(self):
        self.pool = self.make_pool(1, queue_capacity=1000)
        self.occupy(self.pool.submit, "key")
        self.table = len(jobs)

    def submit(self, told):
        """`told`: somebody waits for the future already, by its condition."""
        future = self.pool.submit("key", int)
        if told:
            future.add_done_callback(lambda future: None)
        return future

    def check(self, future):
        """It was canceled, or can be now; and that was told."""
        future.cancel()
        self.assertTrue(future.cancelled())
        self.assertEqual(cf.wait([future], LIMIT).done, {future})
        self.assertRaises(cf.CancelledError, future.result, LIMIT)
        self.assertEqual(len(jobs), self.table)

    def check_interrupts(self, cancel, told):
        number = 1
        future = self.submit(told)
        while interrupted_at(number, lambda: cancel(future)):
            self.check(future)
            number += 1
            future = self.submit(told)
        self.check(future)
        self.assertGreater(number, 10)

    def test_an_interrupt_at_any_line_of_a_cancel(self):
        for told in (False, True):
            self.check_interrupts(lambda future: future.cancel(), told)

    def test_an_interrupt_at_any_line_of_a_cancel_of_the_key(self):
        for told in (False, True):
            self.check_interrupts(lambda future: self.pool.key("key").cancel(), told)

    def check_depths(self, cancel, told):
        limit, refused = sys.getrecursionlimit(), 0
        for frames in range(limit - 150, limit):
            future = self.submit(told)
            try:
                at_depth(frames, lambda: cancel(future))
            except RecursionError:
                refused += 1
            self.check(future)
        self.assertIn(refused, range(20, 150))

    def test_a_stack_that_is_nearly_full_at_a_cancel(self):
        for told in (False, True):
            self.check_depths(lambda future: future.cancel(), told)

    def test_a_stack_that_is_nearly_full_at_a_cancel_of_the_key(self):
        for told in (False, True):
            self.check_depths(lambda future: self.pool.key("key").cancel(), told)

    def test_what_a_handler_raises_reaches_who_canceled(self):
        class Late(Exception):
            pass

        future = self.submit(True)
        taskpool._future.ending.interrupt = Late()
        self.assertRaises(Late, future.cancel)
        self.check(future)


if __name__ == "__main__":
    unittest.main()
