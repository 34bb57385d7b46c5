#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# The module as the dynamic linker sees it: it has no Lua of its own, gives away one symbol, and is never unloaded.
set -eu

fail()
{
	echo "FAILED: $*"
	exit 1
}

for module in bindings/lua/5.*/taskpool/core.so; do
	[ -e "$module" ] || fail 'there is no module'
	! readelf -d "$module" | grep -q 'NEEDED.*lua' || fail "$module links a Lua"
	readelf -d "$module" | grep -q 'NEEDED.*libtaskpool.so.1' || fail "$module does not link the library"
	readelf -d "$module" | grep -q 'NODELETE' || fail "$module can be unloaded"
	nm -D --defined-only "$module" | awk '{ print $3 }' | grep -v '^luaopen_taskpool_core$\|^__\|^_' &&
		fail "$module exports more than it should"
done
exit 0
