# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""The compiled module, once it is sure that it can be used, and complete."""

from __future__ import annotations

import importlib


def _check_interpreter() -> None:
    """Workers, which are threads that Python did not make, can only enter the main interpreter."""
    for name in ("_interpreters", "_xxsubinterpreters"):  # since Python 3.13, and before
        try:
            interpreters = importlib.import_module(name)
        except ImportError:
            continue
        if interpreters.get_current() != interpreters.get_main():
            raise RuntimeError("taskpool works in the main interpreter only, not in a sub-interpreter")
        return


_check_interpreter()

from ._native import ffi, lib

if lib.taskpool_py_add_functions() != 0:
    raise MemoryError

from ._native import hold, settle, submit_now

__all__ = ["ffi", "hold", "lib", "settle", "submit_now"]
