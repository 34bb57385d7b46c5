# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""What pyproject.toml cannot say: the version, which is the library's, and the compiled module."""

import os
import subprocess

from setuptools import setup


def version():
    """An sdist has been given its own, whatever library it meets."""
    if os.path.exists("PKG-INFO"):
        with open("PKG-INFO", encoding="utf-8") as info:
            return next(line.split()[1] for line in info if line.startswith("Version:"))
    command = [os.environ.get("PKG_CONFIG", "pkg-config"), "--modversion", "taskpool"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


setup(
    version=version(),
    cffi_modules=["_build_taskpool.py:ffi"],
    options={"bdist_wheel": {"py_limited_api": "cp39"}},
)
