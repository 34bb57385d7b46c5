# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""What is written: the examples of docs/python.md and of the docstrings run; nothing public is without a docstring."""

import doctest
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
import unittest

import taskpool
from support import LIMIT, TestCase

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.environ.get("TOP_SRCDIR") or os.path.join(HERE, "..", "..", "..")
GUIDE = os.path.join(TOP, "docs", "python.md")
MODULES = [f"taskpool.{module.name}" for module in pkgutil.iter_modules(taskpool.__path__) if module.name != "_native"]


def load_tests(loader, tests, pattern):
    for name in ["taskpool", *MODULES]:
        tests.addTests(doctest.DocTestSuite(importlib.import_module(name)))
    # An error of the package is shown with its module, which is no promise.
    tests.addTests(doctest.DocFileSuite(GUIDE, module_relative=False, encoding="utf-8",
                                        optionflags=doctest.IGNORE_EXCEPTION_DETAIL))
    return tests


def public_names():
    """What is public, by its name: ``TaskPool``, ``TaskPool.submit``, ..."""
    for name in taskpool.__all__:
        thing = getattr(taskpool, name)
        yield name, thing
        if inspect.isclass(thing) and not issubclass(thing, BaseException):
            for word, member in inspect.getmembers(thing):
                if not word.startswith("_") and (callable(member) or isinstance(member, property)):
                    yield f"{name}.{word}", member


def guide():
    with open(GUIDE, encoding="utf-8") as file:
        return file.read()


class DocsTest(TestCase):
    def test_the_guide_has_examples(self):
        self.assertGreater(len(doctest.DocTestParser().get_examples(guide())), 60)

    def test_everything_public_has_a_docstring(self):
        names = dict(public_names())
        self.assertIn("TaskPool.submit", names)
        self.assertIn("Context.canceled", names)
        self.assertEqual([name for name, thing in names.items() if not inspect.getdoc(thing)], [])

    def test_each_method_of_this_package_has_a_docstring_of_its_own(self):
        missing = [name for name, thing in public_names()
                   if getattr(thing, "__module__", "").startswith("taskpool") and not thing.__doc__]
        self.assertEqual(missing, [])

    def test_the_guide_names_everything_public(self):
        text = guide()
        missing = [name for name in taskpool.__all__ if not re.search(rf"\b{name}\b", text)]
        self.assertEqual(missing, [])

    def test_the_guide_names_each_option_and_each_count(self):
        text = guide()
        options = [name for name in inspect.signature(taskpool.TaskPool).parameters]
        with taskpool.TaskPool(workers=1) as pool:
            counts = list(pool.stats())
        self.assertEqual([name for name in options + counts if f"`{name}`" not in text], [])

    def test_the_links_of_the_guide_lead_somewhere(self):
        text = guide()
        headings = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
                    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
        for target in re.findall(r"\]\(([^)]*)\)", text):
            if target.startswith("#"):
                self.assertIn(target[1:], headings)
            else:
                self.assertTrue(os.path.exists(os.path.join(os.path.dirname(GUIDE), target)), target)

    def test_pydoc_shows_everything_public(self):
        root = os.path.dirname(os.path.dirname(os.path.abspath(taskpool.__file__)))
        page = subprocess.run([sys.executable, "-m", "pydoc", "taskpool"], check=True, timeout=LIMIT, text=True,
                              env={**os.environ, "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
        page = " ".join(word for word in page.split() if word != "|")
        for name, thing in public_names():
            self.assertIn(name.split(".")[-1], page)
            if getattr(thing, "__module__", "").startswith("taskpool"):
                self.assertIn(" ".join((inspect.getdoc(thing) or "").split()), page, name)


if __name__ == "__main__":
    unittest.main()
