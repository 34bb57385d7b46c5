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

# Whatever the speed of the machine: each file's saves in order, the last one written, and each of the 100 accounted for.
debounce()
{
	./examples/debounce >"$tmp/out" || fail "debounce exits with $?"
	awk -F '[: ]+' '
		$2 == "keystroke" { if ($3 <= last[$1]) exit 1; last[$1] = $3; written++; next }
		/^saved: / { ended = $2 == written && $4 > 0 && $2 + $4 == 100 }
		END { exit !(ended && last["letter.txt"] == 100 && last["todo.txt"] == 99) }' "$tmp/out" ||
		fail 'debounce: not what was saved'
}

hello
readme
debounce
shutdown TERM
shutdown INT
exit "$failed"
