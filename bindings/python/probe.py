# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""For configure: can the package be built with this Python?

Prints its own path (not that of a shim), the folder of Python.h, its version and cffi's; or says what is missing.
"""

import os
import sys
import sysconfig


def probe():
    if sys.version_info < (3, 9):
        return "older than 3.9"
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "the stable ABI is CPython's, with a GIL"
    try:
        import cffi
    except ImportError as error:
        return str(error)
    if cffi.__version_info__ < (1, 15):
        return "cffi %s is older than 1.15" % cffi.__version__
    include = sysconfig.get_paths()["include"]
    if not os.path.exists(os.path.join(include, "Python.h")):
        return "no Python.h in " + include
    print("%s %s %d.%d.%d %s" % ((sys.executable, include) + sys.version_info[:3] + (cffi.__version__,)))
    return None


sys.exit(probe())
