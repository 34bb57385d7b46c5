#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# run.sh SPEC: runs it with busted under each Lua in $LUAS.
set -eu

# A shell that has to load TSan crashes.
case $PRELOAD:$1 in
*libtsan*:*exit_spec.lua | *libtsan*:*deadlocks_spec.lua | *libtsan*:*fuzz_spec.lua)
	echo 'skipped: it starts programs, which cannot be under TSan'
	exit 77
	;;
esac
failed=
for version in $LUAS; do
	echo "Lua $version"
	bindings/lua/lua "$version" "$BUSTED" --output=plainTerminal "$1" || failed="$failed $version"
done
[ -z "$failed" ] || { echo "FAILED under$failed" && exit 1; }
