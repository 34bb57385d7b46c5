#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# Traces by TASKPOOL_TRACE and by the calls: each is JSON to the letter, and holds what the program did, however it ended.
set -u

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
unset TASKPOOL_TRACE
failed=0
# One that starts fast, if it is there.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

fail()
{
	echo "FAILED: $*"
	failed=1
}

# traced FILE MODE: runs it with TASKPOOL_TRACE=FILE; it ends well and prints nothing.
traced()
{
	rm -f "$tmp/trace"
	TASKPOOL_TRACE=$1 timeout 120 tests/traced "$2" >"$tmp/out" 2>&1 || fail "traced $2 exits with $?"
	[ ! -s "$tmp/out" ] || fail "traced $2 prints: $(cat "$tmp/out")"
}

# holds FILE PYTHON: the file is strict JSON and whole, and the expression is true of what stands in it: `slices`, and
# `lanes` and `pools`, the names in order.
holds()
{
	"$python" - "$1" "$2" <<'END' || fail "$command: not so: $2"
import json, sys

def refuse(what):
    raise ValueError(what)

with open(sys.argv[1], "rb") as file:
    text = file.read().decode("utf-8")
events = json.loads(text, parse_constant=refuse)
slices = [event for event in events if event["ph"] == "X"]
named = {}
for event in events:
    lane = event["pid"], event["tid"]
    if event["ph"] == "M":
        value, = event["args"].values()
        assert named.setdefault((event["name"], lane), value) == value, event
        if event["name"] == "thread_sort_index":
            assert value == event["tid"], event
    else:
        assert event["ph"] == "X" and event["pid"] >= 1 and event["tid"] >= 0, event
        assert event["ts"] > 0 and event["dur"] >= 0 and event["args"].get("wait_us", 0) >= 0, event
        assert event["args"]["outcome"] == "ran" and ("thread_name", lane) in named, event
pools = [named[key] for key in sorted(named) if key[0] == "process_name"]
lanes = [named[key] for key in sorted(named) if key[0] == "thread_name"]
assert len(pools) == len(lanes)
# The jobs of one worker follow each other, and so do the jobs of one key.
for group in (lambda s: (s["pid"], s["tid"]), lambda s: (s["pid"], s["name"])):
    end = {}
    for s in sorted(slices, key=lambda s: s["ts"]):
        if s["name"] != "(no key)" or group(s)[1] != s["name"]:
            assert s["ts"] >= end.get(group(s), 0) - 0.002, s
            end[group(s)] = s["ts"] + s["dur"]
names = [s["name"] for s in slices]
if not eval(sys.argv[2]):
    print(len(slices), "slices, pools", pools, "lanes", lanes)
    sys.exit(1)
END
}

command='TASKPOOL_TRACE, normal end'
traced "$tmp/trace" quiet
holds "$tmp/trace" 'len(slices) == 2 * 2000 + 9 + 1 and names.count("(no key)") == 1000'
holds "$tmp/trace" 'set(pools) == {"one", "\"two\" \\ \u00ff"}'
holds "$tmp/trace" 'set(lanes) <= {"one-0", "one-1"} | {"\"two\" \\ \u00ff-%d" % i for i in range(3)}'
holds "$tmp/trace" '"\"\\ ü € 😀" in names and "".join(map(chr, range(96))) in names'
holds "$tmp/trace" 'names.count("".join(map(chr, range(128)))) == 5'
traced "$tmp/trace" default
holds "$tmp/trace" 'len(slices) == 4000 and set(pools) == {"taskpool"}'
"$python" -m json.tool "$tmp/trace" >/dev/null || fail 'json.tool does not read the trace'

command='TASKPOOL_TRACE, exit while jobs run'
for mode in exit exit-in-job exit exit-in-job; do
	traced "$tmp/trace" $mode
	holds "$tmp/trace" 'len(slices) > 2010 and {"a", "b", "c", "d"} < set(names)'
done

command='TASKPOOL_TRACE, fork'
for mode in fork fork-in-job; do
	traced "$tmp/trace" $mode
	holds "$tmp/trace" "len(slices) == 4000 + (\"$mode\" == \"fork-in-job\") and set(pools) == {\"traced\"}"
done

command='TASKPOOL_TRACE, stopped by the program'
traced "$tmp/trace" stop
holds "$tmp/trace" 'len(slices) == 2000'

command='TASKPOOL_TRACE that names nothing that could be written'
traced "$tmp/none/trace" quiet
traced "$tmp" quiet
traced '' quiet
[ ! -e "$tmp/none" ] || fail "$command: something was made"
traced "$tmp/trace" none
[ ! -e "$tmp/trace" ] || fail 'a program without a pool leaves a trace'

command='start without stop'
tests/traced start "$tmp/start" || fail "$command: exits with $?"
holds "$tmp/start" 'len(slices) == 2000 and pools[0] == "start"'

command='two traces'
tests/traced again "$tmp/one" "$tmp/two" || fail "$command: exits with $?"
holds "$tmp/one" 'len(slices) == 2000 and set(pools) == {"own"} and {s["pid"] for s in slices} == {1}'
holds "$tmp/two" 'len(slices) == 2000 and set(pools) == {"own"} and {s["pid"] for s in slices} == {2}'
exit "$failed"
