# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Runs the tests of one file, as `make check` does: bindings/python/python run.py TEST_FILE [OPTION OF UNITTEST...]

Fails where there are none, too; and where they hang, which shows what each thread is doing.
"""

import faulthandler
import os
import sys
import unittest

TIMEOUT = 600


def main(path, *options):
    folder, name = os.path.split(os.path.abspath(path))
    sys.path[0] = folder
    faulthandler.dump_traceback_later(TIMEOUT, exit=True)
    program = unittest.main(os.path.splitext(name)[0], argv=[name, *options], exit=False)
    if program.result.testsRun == 0:
        return "no tests"
    return 0 if program.result.wasSuccessful() else 1


if __name__ == "__main__":  # not in processes that multiprocessing spawns
    sys.exit(main(*sys.argv[1:]))
