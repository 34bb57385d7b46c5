#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# The small examples do what the README says they do.
set -u

srcdir=${srcdir:-.}
tmp=$(mktemp -d) || exit 99
service=
trap 'rm -rf "$tmp"; [ -z "$service" ] || kill "$service" 2>/dev/null' EXIT
failed=0

fail()
{
	failed=1
	echo "FAILED: $*"
	cat "$tmp/out"
}

# What a user was told, in order.
told() { sed -n "s/^worker [0-3] to $1: //p" "$tmp/out" | tr '\n' '|'; }

hello()
{
	./examples/hello >"$tmp/out" || fail "hello exits with $?"
	[ "$(told ann)" = 'order received|order paid|order sent|' ] || fail 'hello: ann was told in another order'
	[ "$(told bob)" = 'welcome|your password was changed|' ] || fail 'hello: bob was told in another order'
	[ "$(wc -l <"$tmp/out")" -eq 5 ] || fail 'hello: not five lines'
}

# The README shows this very program.
readme()
{
	sed -n '/^#include/,$p' "$srcdir/examples/hello.c" >"$tmp/hello.c"
	awk '/^```/ { if (on) exit; on = $0 ~ /c$/; next } on' "$srcdir/README.md" >"$tmp/out"
	cmp -s "$tmp/hello.c" "$tmp/out" || fail 'the README shows another examples/hello.c'
}

# Signals the service as soon as it is ready; it stops within its second, whoever is still in the queue.
shutdown()
{
	mkfifo "$tmp/fifo"
	./examples/shutdown >"$tmp/fifo" &
	service=$!
	{
		read -r line
		echo "$line" >"$tmp/out"
		kill -s "$1" "$service"
		cat >>"$tmp/out"
	} <"$tmp/fifo"
	wait "$service" || fail "shutdown: exits with $? after $1"
	service=
	rm "$tmp/fifo"
	head -n 1 "$tmp/out" | grep -qx ready || fail 'shutdown: was not ready'
	jobs=$(awk '/^stopped: / && /, 0 still running$/ { print $2 + $4 }' "$tmp/out")
	[ "$jobs" = 60 ] || fail "shutdown: not 60 jobs ended"
}

hello
readme
shutdown TERM
shutdown INT
exit "$failed"
