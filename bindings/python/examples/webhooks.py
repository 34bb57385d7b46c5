#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""A dispatcher of web-hooks: the events of a customer are delivered in order, and no customer waits for another.

    webhooks.py                 starts a dispatcher, sends it events of three customers, says what arrived
    webhooks.py PORT URL        takes POST /hooks/CUSTOMER on 127.0.0.1, delivers to URL/CUSTOMER, until a signal

While an event cannot be delivered the key of its customer is paused: no later event overtakes it, and no worker waits.
What belongs to a customer is touched by the customer's jobs only, so nothing here has a lock.
"""

import signal
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable
from urllib.request import urlopen

import taskpool

PAUSE = 0.05  # seconds from one try to the next


class Handler(BaseHTTPRequestHandler):
    server: "Dispatcher"
    timeout = 10

    def do_POST(self) -> None:
        customer = self.path.rpartition("/")[2]
        event = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            job = self.server.pool.submit(customer, self.server.take, customer, event, _timeout=0)
        except (taskpool.QueueFull, RuntimeError):  # too much waits for this customer, or the pool stops
            self.send_response(503)
            self.send_header("Retry-After", "1")
        else:
            job.add_done_callback(self.server.ended)
            self.send_response(202)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Dispatcher(ThreadingHTTPServer):
    daemon_threads = False  # server_close waits for the requests that are being answered

    def __init__(self, port: int, deliver: Callable[[str, bytes], object]) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.deliver = deliver
        self.pool = taskpool.TaskPool(workers=8, queue_capacity=1000, name="hooks", key_capacity=20)
        self.waiting: dict[str, deque[bytes]] = {}  # by customer, what was taken from the queue and not delivered
        self.lost = 0

    def take(self, customer: str, event: bytes) -> None:
        self.waiting.setdefault(customer, deque()).append(event)
        self.send(customer)

    def send(self, customer: str) -> None:
        waiting = self.waiting.get(customer)
        while waiting:
            try:
                self.deliver(customer, waiting[0])
            except Exception as error:
                print(f"{customer}: {error}, trying again", flush=True)
                return self.try_later(customer)
            waiting.popleft()
        self.waiting.pop(customer, None)

    def try_later(self, customer: str) -> None:
        key = self.pool.key(customer)
        key.pause()
        try:
            self.pool.post(customer, self.send, customer)  # there may be no later event
            self.pool.post(None, key.resume, _delay=PAUSE)
        except RuntimeError:  # the pool stops and takes no further jobs: those that wait for this key try again
            key.resume()

    def ended(self, job: "Future[None]") -> None:
        if job.cancelled():  # by the stop, on its thread
            self.lost += 1

    def serve(self) -> None:
        """Until Ctrl-C or SIGTERM, which raise the same exception in the main thread."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self.serve_forever()
        except KeyboardInterrupt:
            pass
        self.server_close()
        self.pool.shutdown(drain=5, cancel=5)  # goes on for 5 seconds, then cancels what still waits
        print(f"stopped: {self.lost + sum(map(len, self.waiting.values()))} events lost", flush=True)


class Demo(threading.Thread):
    """Customers: ann answers, bob does not at first, and carl is slow, until his queue is full."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: dict[str, list[int]] = {"ann": [], "bob": [], "carl": []}
        self.tries = 0
        self.carl_answers = threading.Event()
        self.dispatcher = Dispatcher(0, self.deliver)

    def deliver(self, customer: str, event: bytes) -> None:
        if customer == "bob":
            self.tries += 1
            if self.tries == 1:
                raise ConnectionRefusedError("nobody answers")
        if customer == "carl":
            self.carl_answers.wait()
        self.arrived[customer].append(int(event))

    def post(self, customer: str, number: int) -> bool:
        connection = HTTPConnection("127.0.0.1", self.dispatcher.server_port, timeout=10)
        connection.request("POST", f"/hooks/{customer}", str(number))
        response = connection.getresponse()
        connection.close()
        if response.status == 503:
            print(f"{customer}: 503, come back in {response.headers['Retry-After']} s", flush=True)
        return response.status == 202

    def say(self, customer: str) -> None:
        self.dispatcher.pool.key(customer).wait()
        numbers = self.arrived[customer]
        print(f"{customer}: {len(numbers)} events", "in order" if numbers == sorted(numbers) else numbers, flush=True)

    def run(self) -> None:
        try:
            carls = 0
            while self.post("carl", carls):
                carls += 1
            for number in range(10):
                self.post("ann", number)
                self.post("bob", number)
            self.say("ann")
            self.say("bob")
            self.carl_answers.set()
            time.sleep(1)  # as the 503 said
            self.post("carl", carls)
            self.say("carl")
        finally:
            self.carl_answers.set()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        port, url = int(sys.argv[1]), sys.argv[2]
        dispatcher = Dispatcher(port, lambda customer, event: urlopen(f"{url}/{customer}", event, 10).close())
        print(f"http://127.0.0.1:{dispatcher.server_port}/hooks/CUSTOMER", flush=True)
    else:
        demo = Demo()
        dispatcher = demo.dispatcher
        demo.start()
    dispatcher.serve()
