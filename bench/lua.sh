#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# The benchmark of the Lua module still runs under each Lua. Speed is not looked at.
set -eu
for version in $LUAS; do
	bindings/lua/lua "$version" "${srcdir:-.}/bench/lua.lua" --small
done
