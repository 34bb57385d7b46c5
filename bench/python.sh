#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# The benchmark of the Python package still runs. Speed is not looked at.
exec bindings/python/python "${srcdir:-.}/bench/python.py" --small
