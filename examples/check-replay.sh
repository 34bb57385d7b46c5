#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# dpkg-replay on a real log, on broken ones, and on wrong options. What fails is printed; the rest is silent.
set -u

replay=./examples/dpkg-replay
sample=${srcdir:-.}/examples/dpkg-sample.log
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

fail()
{
	failed=1
	echo "FAILED: $*"
	cat "$tmp/out" "$tmp/err"
}

# run STATUS ARGUMENT...: the program must exit so. Its output is then in $tmp/out and $tmp/err.
run()
{
	command="dpkg-replay $*"
	expected=$1
	shift
	"$replay" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	[ "$status" -eq "$expected" ] || fail "$command: exit status $status"
}

# The number behind a label of the report.
value() { sed -n "s/^ *$1  *\([0-9][0-9]*\).*/\1/p" "$tmp/out" | tail -n 1; }

# is LABEL NUMBER, says PATTERN, warns PATTERN: about the last run.
is() { [ "$(value "$1")" = "$2" ] || fail "$command: '$1' is '$(value "$1")', not $2"; }
says() { grep -q -e "$1" "$tmp/out" || fail "$command: does not say '$1'"; }
warns() { grep -q -e "$1" "$tmp/err" || fail "$command: does not warn '$1'"; }
silent() { [ ! -s "$tmp/err" ] || fail "$command: warns"; }

# What the log itself says about the end: the last status of each package, counted, in the report's form.
final_states()
{
	awk '$3 == "status" { last[$5] = $4 }
		END { for (p in last) n[last[p]]++; for (s in n) print s, n[s] }' "$1" | sort
}

reported_states() { awk '/^  [a-z-]+ +[0-9]+$/ { print $1, $2 }' "$tmp/out" | sort; }

# The last run must have found the whole sample in order, and its packages in their last states.
is_the_sample()
{
	is lines "$(wc -l <"$sample" | tr -d ' ')"
	is "out of order" 0
	reported_states >"$tmp/states"
	final_states "$sample" | cmp -s - "$tmp/states" || fail "$command: other final states than the log's"
}

good_logs()
{
	run 0 "$sample"
	is_the_sample
	silent
	says '(and 0 malformed)'
	run 0 --workers 1 --capacity 1 "$sample"
	is_the_sample
	run 0 --workers 3 --capacity 1 --placement pinned --work 5 "$sample"
	is_the_sample
	is "ran away from home" 0
	says '3 workers, pinned'
	"$replay" - <"$sample" >"$tmp/out" 2>"$tmp/err"
	command='dpkg-replay - <sample'
	is_the_sample
	run 0
	is "out of order" 0
}

# Twelve files as logrotate leaves them, the oldest with the highest number. Named in any order they are sorted.
rotated_logs()
{
	mkdir "$tmp/rotated"
	split -a 2 -l 130 "$sample" "$tmp/rotated/part-"
	number=$(find "$tmp/rotated" -name 'part-*' | wc -l)
	for part in "$tmp"/rotated/part-*; do
		number=$((number - 1))
		case $number in
		0) mv "$part" "$tmp/rotated/dpkg.log" ;;
		1) mv "$part" "$tmp/rotated/dpkg.log.1" ;;
		*) gzip -c "$part" >"$tmp/rotated/dpkg.log.$number.gz" && rm "$part" ;;
		esac
	done
	run 0 --dir "$tmp/rotated"
	is_the_sample
	is files 12
	run 0 "$tmp"/rotated/dpkg.log*
	is_the_sample
	mkdir "$tmp/none"
	run 0 --dir "$tmp/none"
	is lines 0
}

broken_lines()
{
	{
		head -n 40 "$sample"
		echo 'no line of dpkg'
		echo '2025-01-01 00:00:00 '
		echo '2025-01-01 00:00:00 status'
		echo '2025-01-01 00:00:00 status asleep libc6:amd64 1'
		echo '2025-01-01 00:00:00 status installed libc6:amd64'
		echo '2025-01-01 00:00:00 status installed libc6:amd64 1 2'
		echo '2025-01-01 00:00:00 status installed -libc6 1'
		echo '2025-01-01 00:00:00 status installed libc6: 1'
		echo '2025-01-01 00:00:00 devour libc6:amd64 1 2'
		echo '2025-01-01T00:00:00 status installed libc6:amd64 1'
		printf '2025-01-01 00:00:00 status installed lib\000c6:amd64 1\n'
		echo
		awk 'BEGIN { for (i = 0; i < 40000; i++) printf "long "; print "" }'
		tail -n +41 "$sample"
	} >"$tmp/broken"
	run 0 "$tmp/broken"
	is_the_sample
	says '(and 13 malformed)'
	for line in 41 42 43 44 45 46 47 48 49 50 51 52 53; do
		warns "^$tmp/broken:$line: malformed: "
	done
	warns 'broken:53: malformed: longer than'
	awk '{ printf "%s\r\n", $0 }' "$sample" >"$tmp/crlf"
	run 0 "$tmp/crlf"
	is_the_sample
	printf '2025-01-01 00:00:00 status installed libc6:amd64 1' >"$tmp/unended"
	run 0 "$tmp/unended"
	is installed 1
	dd if=/dev/zero of="$tmp/zeros" bs=1000 count=100 2>/dev/null
	run 0 "$tmp/zeros"
	says '(and 1 malformed)'
	yes | head -n 1000 >"$tmp/yes"
	run 0 "$tmp/yes"
	says '(and 1000 malformed)'
	[ "$(wc -l <"$tmp/err")" -le 30 ] || fail "$command: names every single line"
}

broken_files()
{
	: >"$tmp/empty"
	run 0 "$tmp/empty"
	is lines 0
	run 2 "$tmp/missing" "$sample"
	is_the_sample
	warns 'missing: No such file'
	run 2 "$tmp"
	warns 'Is a directory'
	gzip -c "$sample" >"$tmp/good.gz"
	size=$(wc -c <"$tmp/good.gz")
	head -c $((size / 2)) "$tmp/good.gz" >"$tmp/short.gz"
	run 2 "$tmp/short.gz"
	warns 'short.gz: a gzip file that ends too early; the [1-9][0-9]* lines before are used'
	is "out of order" 0
	{ head -c $((size - 2000)) "$tmp/good.gz"; head -c 1000 /dev/zero; tail -c 1000 "$tmp/good.gz"; } >"$tmp/bad.gz"
	run 2 "$tmp/bad.gz"
	warns 'bad.gz: a damaged gzip file; the [1-9][0-9]* lines before are used'
	is "out of order" 0
	cp "$sample" "$tmp/text.gz"
	run 2 "$tmp/text.gz"
	warns 'text.gz: not a gzip file'
}

slow_package()
{
	run 0 --slow dash=2 "$sample"
	is_the_sample
	says 'floating  *p50 .* p99'
	says 'pinned  *p50 .* p99'
	run 0 --slow dash:amd64=2 --work 10 --workers 2 "$sample"
	says 'jobs of dash:amd64 took 2 ms each'
	run 0 --slow 1 "$sample"
	says 'From submit to start'
	run 2 --slow no-such-package=1 "$sample"
	warns 'no line is about the package no-such-package'
}

# The check has teeth: a log that runs backwards, and one that is submitted in the wrong order.
wrong_order()
{
	run 1 --break-order "$sample"
	[ "$(value overtaken)" -gt 500 ] || fail "$command: hardly noticed"
	warns 'is not the package.s next line'
	awk '{ line[NR] = $0 } END { for (i = NR; i > 0; i--) print line[i] }' "$sample" >"$tmp/backwards"
	run 1 "$tmp/backwards"
	is overtaken 0
	[ "$(value "no step of dpkg's")" -gt 100 ] || fail "$command: hardly noticed"
	warns 'backwards:[0-9]*: [a-z].* is a step that dpkg does not make there'
}

wrong_options()
{
	for options in '--workers 0' '--workers -1' '--workers two' '--workers 4000000000' --workers \
			'--workers 99999999999999999999' '--capacity 0' '--placement sideways' '--work -5' '--work 1s' \
			'--slow dash' '--slow -1' '--slow =5' '--slow dash=' '--slow dash=0' --nonsense; do
		# shellcheck disable=SC2086 # two words
		run 2 $options "$sample"
		[ -s "$tmp/err" ] || fail "$command: says nothing"
	done
	run 0 --help
	for option in workers capacity placement work slow dir break-order help; do
		says "--$option"
	done
}

good_logs
rotated_logs
broken_lines
broken_files
slow_package
wrong_order
wrong_options
exit "$failed"
