# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""The examples run by themselves, without a warning, and do what they say."""

import contextlib
import http.client
import http.server
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import taskpool
from support import LIMIT, TestCase, wait_for

EXAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "examples")
# A shell starts what it puts into the background with SIGINT ignored, and so are its children.
INTERRUPT = signal.SIGTERM if signal.getsignal(signal.SIGINT) == signal.SIG_IGN else signal.SIGINT
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.path.dirname(os.path.dirname(os.path.abspath(taskpool.__file__))),
    "PYTHONDONTWRITEBYTECODE": "1",
}


def start(name, *args):
    command = [sys.executable, "-X", "dev", "-W", "error", os.path.join(EXAMPLES, name), *args]
    return subprocess.Popen(command, env=ENVIRONMENT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


class Receiver(http.server.ThreadingHTTPServer):
    """What a customer has: takes each event, but says 500 to the first try."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ReceiverHandler)
        self.tries = []
        self.events = []
        self.complete = threading.Event()


class ReceiverHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        event = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.tries.append(self.path + " " + event)
        if len(self.server.tries) > 1:
            self.server.events.append(self.path + " " + event)
        self.send_response(500 if len(self.server.tries) == 1 else 200)
        self.end_headers()
        if len(self.server.events) == 5:
            self.server.complete.set()

    def log_message(self, *args):
        pass


class ExamplesTest(TestCase):
    def run_example(self, name, *args):
        """Its lines; it must end well and say nothing on stderr, but for asyncio's remarks on how busy the machine is."""
        status, out, err = self.communicate(start(name, *args))
        err = re.sub(r"^Executing .* took \S+ seconds\n", "", err, flags=re.MULTILINE)
        self.assertEqual((status, err), (0, ""), out)
        return out.splitlines()

    def communicate(self, program):
        """Its exit status and the rest of its output; if it hangs, where."""
        try:
            out, err = program.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            program.send_signal(signal.SIGABRT)
            out, err = program.communicate()
        return program.returncode, out, err

    @contextlib.contextmanager
    def receiver(self):
        with Receiver() as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield server
            finally:
                server.shutdown()
                thread.join()

    def dispatcher(self, url):
        """A dispatcher that delivers to the url, and its port."""
        program = start("webhooks.py", "0", url)
        self.addCleanup(lambda: (program.kill(), program.communicate()))
        line = program.stdout.readline()
        self.assertRegex(line, r"^http://127\.0\.0\.1:\d+/hooks/CUSTOMER\n$")
        return program, int(line.split(":")[2].split("/")[0])

    def post(self, port, customer, event):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
        with contextlib.closing(connection):
            connection.request("POST", "/hooks/" + customer, event)
            return connection.getresponse().status

    def test_each_example_is_tested(self):
        self.assertEqual(sorted(name for name in os.listdir(EXAMPLES) if name.endswith(".py")),
                         ["aio.py", "webhooks.py", "writer.py"])

    def test_aio_keeps_order_and_stops_what_takes_too_long(self):
        self.assertEqual(self.run_example("aio.py"), [
            "balances: ann 25, bob 25, carl 25, dora 25",
            "visits of ann: [0, 1, 2, 3, 4]",
            "the waiting one took too long",
            "the running one took too long",
            "balance of ann: 25",
            "balance of bob: 35",
        ])

    def test_writer_keeps_the_lines_of_each_thread_in_order(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.run_example("writer.py", folder), [
                "8 files of 2000 lines; of 32 sequences 32 are complete and in order"])
            lines = {}
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    lines[name] = file.read().splitlines()
        self.assertEqual(sorted(lines), [f"log-{number}.txt" for number in range(8)])
        for name, written in lines.items():
            self.assertEqual(sorted(written), sorted(f"thread-{t} {n}" for t in range(4) for n in range(500)), name)

    def test_writer_says_what_it_could_not_write(self):
        status, out, err = self.communicate(start("writer.py", "/nonexistent"))
        self.assertEqual((status, err), (1, ""))
        self.assertRegex(out, r"^(/nonexistent/log-\d.txt): \[Errno 2\] No such file or directory: '\1'\n$")

    def test_writer_needs_no_folder(self):
        self.assertEqual(len(self.run_example("writer.py")), 1)

    def test_webhooks_of_each_customer_arrive_in_order(self):
        lines = self.run_example("webhooks.py")
        self.assertIn("bob: nobody answers, trying again", lines)
        lines.remove("bob: nobody answers, trying again")
        carl = lines.pop(3)  # 20 waited, one was at work or not yet, and one had to come back
        self.assertRegex(carl, r"^carl: 2[12] events in order$")
        self.assertEqual(lines, ["carl: 503, come back in 1 s", "ann: 10 events in order", "bob: 10 events in order",
                                 "stopped: 0 events lost"])

    def test_webhooks_are_delivered_over_http_and_tried_again(self):
        with self.receiver() as receiver:
            program, port = self.dispatcher(f"http://127.0.0.1:{receiver.server_port}/in")
            for number in range(5):
                self.assertEqual(self.post(port, "ann", str(number)), 202)
            wait_for(receiver.complete)
            program.send_signal(signal.SIGTERM)
            status, out, err = self.communicate(program)
        self.assertEqual(receiver.tries, ["/in/ann 0"] + [f"/in/ann {number}" for number in range(5)])
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out.splitlines()[1:], ["stopped: 0 events lost"])

    def test_webhooks_say_what_a_stop_has_lost(self):
        program, port = self.dispatcher("http://127.0.0.1:9/closed")
        self.assertEqual(self.post(port, "ann", "0"), 202)
        self.assertIn("trying again", program.stdout.readline())
        program.send_signal(INTERRUPT)
        status, out, err = self.communicate(program)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out.splitlines()[-1], "stopped: 1 events lost")


if __name__ == "__main__":
    unittest.main()
