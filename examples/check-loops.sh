#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# The examples with an event loop end by themselves, and have done what they say. Where a pool has no descriptor for a
# loop they say so: skipped.
set -u

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

fail()
{
	failed=1
	echo "FAILED: $*"
	cat "$tmp/out"
}

# run EXAMPLE: false if there is nothing to look at.
run()
{
	[ -x "examples/$1" ] || return
	"./examples/$1" >"$tmp/out"
	status=$?
	[ "$status" -ne 77 ] || skip
	[ "$status" -eq 0 ] || fail "$1 exits with $status"
}

skip()
{
	cat "$tmp/out"
	exit 77
}

# Six orders at three tables; nobody eats what was not ordered.
epoll()
{
	awk '
		$3 == "orders" { waits[$2]++; orders++ }
		$3 == "eats" { if (--waits[$2] < 0) exit 1; meals++ }
		END { exit !(NR == 12 && orders == 6 && meals == 6) }' "$tmp/out" || fail 'epoll: not six meals as ordered'
}

loop()
{
	grep -qx '1000 and 1000 readings, 0 mistakes' "$tmp/out" || fail 'loop: not all readings, in order, in one thread'
}

run epoll && epoll
run loop && loop
exit "$failed"
