#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# trace-svg.py on real and on odd traces: what it draws is XML, and shows the jobs.
set -u

srcdir=${srcdir:-.}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0
# One that starts fast, if it is there.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

fail()
{
	failed=1
	echo "FAILED: $*"
}

draw() { "$python" "$srcdir/examples/trace-svg.py" "$@"; }

# The whole text of the picture, if it is good XML.
texts()
{
	"$python" -c 'import sys, xml.etree.ElementTree as tree
print(" ".join(tree.parse(sys.argv[1]).getroot().itertext()))' "$1"
}

# shows FILE PATTERN...: the trace can be drawn, and the picture has these texts.
shows()
{
	trace=$1
	shift
	draw "$trace" "$tmp/picture.svg" || fail "$trace is not drawn"
	texts "$tmp/picture.svg" >"$tmp/texts" || fail "the picture of $trace is no XML"
	for pattern; do
		grep -q -e "$pattern" "$tmp/texts" || fail "$trace: the picture does not show '$pattern'"
	done
}

TASKPOOL_TRACE=$tmp/hello ./examples/hello >/dev/null || fail 'examples/hello'
shows "$tmp/hello" '5 jobs of 2 keys' 'taskpool (pool 1): 5 jobs' 'taskpool-[0-3]' 'ann: 3 jobs' 'bob: 2 jobs'
draw "$tmp/hello" | cmp -s - "$tmp/picture.svg" || fail 'the standard output gets another picture'

# A crash leaves a trace without an end, perhaps in the middle of a line.
head -c "$(($(wc -c <"$tmp/hello") - 30))" "$tmp/hello" >"$tmp/crash"
shows "$tmp/crash" '4 jobs of 2 keys'

lane='{"ph":"M","pid":1,"tid":0,"name":"thread_name","args":{"name":"<&\"\u0001\ud800"}}'
echo '[]' >"$tmp/empty"
shows "$tmp/empty" '0 jobs of 0 keys'
cat >"$tmp/odd" <<END
[$lane,
{"ph":"X","pid":1,"tid":0,"ts":5,"dur":0,"name":"<&\"'\u0000\uffff","args":{"outcome":"expired"}},
{"ph":"X","pid":1,"tid":0,"ts":5,"dur":0,"name":"<&\"'\u0000\uffff","args":{"wait_us":1,"outcome":"ran"}}]
END
shows "$tmp/odd" '2 jobs of 1 keys' 'expired'
lane=$lane awk 'BEGIN {
	print "[" ENVIRON["lane"]
	for (i = 0; i < 50000; i++)
		printf(",\n{\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%d.5,\"dur\":%s,\"name\":\"%d\",\"args\":{\"outcome\":\"ran\"}}",
			1 + i % 2, i % 40 / 2, i * 10, i % 5000 ? "7.25" : "30000", i % 700)
	print "]"
}' >"$tmp/many"
shows "$tmp/many" '50000 jobs of 700 keys'
[ "$(wc -c <"$tmp/picture.svg")" -lt 3000000 ] || fail 'the picture of many jobs is too large to be opened'
draw --from 100 --to 101 "$tmp/many" "$tmp/part.svg" || fail 'a part is not drawn'
texts "$tmp/part.svg" >"$tmp/texts"
grep -q '[0-9] jobs of [0-9]* keys in 1 ms' "$tmp/texts" || fail 'a part is not a part'

draw "$tmp/none" >/dev/null 2>&1 && fail 'a file that is not there is drawn'
draw "$srcdir/examples/hello.c" >/dev/null 2>&1 && fail 'a C program is drawn'
draw --to -5 "$tmp/hello" >/dev/null 2>&1 && fail 'a time before the first job is drawn'
exit "$failed"
