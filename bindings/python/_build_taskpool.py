# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Describes the compiled module to cffi, from the declarations of <taskpool.h> and native.h themselves.

    python3 _build_taskpool.py OUTPUT.c     writes the module's C source

setup.py has it compiled; the build of the library compiles it itself.
"""

import os
import re
import shlex
import subprocess
import sys

import cffi

HERE = os.path.dirname(os.path.abspath(__file__))

FROM_PYTHON = """
extern "Python" int taskpool_py_run(uint64_t number);
extern "Python" int taskpool_py_end(uint64_t number, int outcome);
"""


def pkg_config(*options):
    command = [os.environ.get("PKG_CONFIG", "pkg-config"), *options, "taskpool"]
    return shlex.split(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def flags(words, prefix):
    return [word[len(prefix):] for word in words if word.startswith(prefix)]


def declarations(path):
    """What stands between the markers of a header, as cffi likes it: a constant has no parentheses."""
    with open(path, encoding="utf-8") as header:
        parts = re.findall(r"/\* bindings: begin \*/\n(.*?)/\* bindings: end \*/\n", header.read(), re.DOTALL)
    return re.sub(r"(#define \w+) \((-?\d+)\)", r"\1 \2", "".join(parts))


def find_header(folders):
    for folder in [*folders, "/usr/local/include", "/usr/include"]:
        path = os.path.join(folder, "taskpool.h")
        if os.path.exists(path):
            return path
    raise FileNotFoundError("taskpool.h")


def describe():
    cflags, libs = pkg_config("--cflags"), pkg_config("--libs")
    include = flags(cflags, "-I")
    ffi = cffi.FFI()
    ffi.cdef(declarations(find_header(include)))
    ffi.cdef(declarations(os.path.join(HERE, "native.h")))
    ffi.cdef(FROM_PYTHON)
    ffi.set_source("taskpool._native", '#include "native.c"\n#include "functions.c"', include_dirs=[*include, HERE],
                   library_dirs=flags(libs, "-L"), libraries=flags(libs, "-l"),
                   define_macros=[("Py_LIMITED_API", "0x03090000")], py_limited_api=True)
    return ffi


ffi = describe()

if __name__ == "__main__":
    ffi.emit_c_code(sys.argv[1])
