#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# The examples in Lua do what they say, under each Lua of this build.
#
# usage: examples.sh [NAME...]    with names, only these: logs, actor, server
set -eu
LC_ALL=C
export LC_ALL

srcdir=${srcdir:-.}
examples=$srcdir/bindings/lua/examples
sample=$srcdir/examples/dpkg-sample.log
tmp=$(mktemp -d) || exit 99
server=
trap 'rm -rf "$tmp"; [ -z "$server" ] || kill "$server" 2>/dev/null' EXIT
failed=0

fail()
{
	failed=1
	echo "FAILED under Lua $lua: $*"
	cat "$tmp/out" "$tmp/err"
}

# run STATUS EXAMPLE ARGUMENT...: it must exit so. Its output is then in $tmp/out and $tmp/err.
run()
{
	command=$2
	expected=$1 status=0
	shift 2
	timeout 120 bindings/lua/lua "$lua" "$examples/$command.lua" "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
	[ "$status" -eq "$expected" ] || fail "$command exits with $status"
}

# says LINE...: these are the lines of the last run, and it has complained of nothing.
says()
{
	printf '%s\n' "$@" >"$tmp/expected"
	diff -u "$tmp/expected" "$tmp/out" >"$tmp/diff" || fail "$command says something else: $(cat "$tmp/diff")"
	[ ! -s "$tmp/err" ] || fail "$command complains"
}

# Of each package, how many states it had and which one was the last, in logs.lua's order.
last_states()
{
	awk '$3 == "status" { sub(/:.*/, "", $5); count[$5]++; last[$5] = $4 }
		END { for (p in count) print count[p], p, last[p] }' "$1" | sort -k1,1nr -k2,2
}

logs()
{
	run 0 logs "$sample" </dev/null
	sed -n 's/^ *\([0-9]*\) \([^ ]*\): .*; last \(.*\)$/\1 \2 \3/p' "$tmp/out" >"$tmp/states"
	last_states "$sample" | cmp -s - "$tmp/states" || fail 'logs: other states than the log has'
	cp "$tmp/out" "$tmp/first"
	run 0 logs <"$sample"
	cmp -s "$tmp/out" "$tmp/first" || fail 'logs: the same log from stdin gives something else'
	run 0 logs <<-'END'
		Jan  2 12:00:00 mars sshd[99]: Server listening on port 22
		::1 - ann [02/Jan/2026:12:00:00 +0000] "GET /list HTTP/1.1" 404 12
		Jan  2 12:00:01 mars CRON[100]: (root) CMD (true)
		Jan 12 12:00:00 venus kernel: Linux version 6.1
		no line of a log
		::1 - - [02/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 512
		Jan 12 12:00:01 mars sshd[99]: Received signal 15
	END
	says '     3 mars: sshd 2, CRON 1; last sshd' '     2 ::1: 200 1, 404 1; last 200' \
		'     1 venus: kernel 1; last kernel' '     3 hosts; of 1 lines the host is not known'
	run 0 logs </dev/null
	says '     0 hosts; of 0 lines the host is not known'
	run 1 logs "$tmp/missing" </dev/null
	grep -q '^logs: .*missing: No such file' "$tmp/err" || fail 'logs: does not say what is missing'
}

actor()
{
	run 0 actor </dev/null
	says 'yes: each message was handled once' 'yes: the balances are what was deposited and not withdrawn' \
		'yes: no account was overdrawn, although some tried' 'yes: fred, who has nothing, is told what is missing'
}

# It stops when it is told to, with the exit status of success.
serve_until_signal()
{
	mkfifo "$tmp/fifo"
	# In the foreground it hands a signal on once, and not to its group as well.
	timeout --foreground 120 bindings/lua/lua "$lua" "$examples/server.lua" >"$tmp/fifo" 2>"$tmp/err" </dev/null &
	server=$!
	status=0
	{
		read -r line || line=nothing
		echo "$line" >"$tmp/out"
		kill "$server"
		cat >>"$tmp/out"
	} <"$tmp/fifo"
	wait "$server" || status=$?
	server=
	rm "$tmp/fifo"
	[ "$status" -eq 0 ] || fail "server exits with $status after a signal"
	grep -q '^127\.0\.0\.1:[0-9][0-9]*$' "$tmp/out" || fail 'server does not say where it is'
	[ ! -s "$tmp/err" ] || fail 'server complains'
}

server()
{
	LUA_CPATH='/nowhere/?.so' run 77 server --self-test </dev/null
	grep -q 'has no luv' "$tmp/err" || fail 'server does not say what is missing'
	if ! bindings/lua/lua "$lua" -e 'require "luv"' >/dev/null 2>&1 </dev/null; then
		echo "Lua $lua has no luv: server.lua was not run"
		return
	fi
	run 0 server --self-test </dev/null
	says 'ann: 100 lines' 'bob: 100 lines' 'carl: 100 lines' '0 wrong answers'
	serve_until_signal
}

if [ -z "${LUAS:-}" ]; then
	echo 'skipped: no Lua'
	exit 77
fi
for lua in $LUAS; do
	for example in "${@:-all}"; do
		case $example in
		all) logs; actor; server ;;
		*) "$example" ;;
		esac
	done
done
exit "$failed"
