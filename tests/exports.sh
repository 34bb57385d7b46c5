#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# What the built libraries show to others is what exports.list says, and that is what the header declares.
set -u
LC_ALL=C
export LC_ALL

srcdir=${srcdir:-.}
shared=lib/.libs/libtaskpool.so
static=lib/.libs/libtaskpool.a
failed=0
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

fail()
{
	echo "FAILED: $*"
	failed=1
}

# expect_equal WHAT EXPECTED ACTUAL
expect_equal()
{
	diff -u "$2" "$3" || fail "$1"
}

check_header()
{
	# Every call begins a line or follows the * of its type, and is followed by its arguments.
	sed -n 's/^[a-z].*[ *]\(taskpool_[a-z_]*\)(.*/\1/p' "$srcdir/include/taskpool.h" | grep -v '_fn$' |
		sort >"$tmp/header"
	expect_equal 'exports.list and the header differ' "$srcdir/tests/exports.list" "$tmp/header"
}

check_symbols()
{
	{
		echo 'A TASKPOOL_1.0'
		sed 's/.*/T &@@TASKPOOL_1.0/' "$srcdir/tests/exports.list"
	} | sort >"$tmp/expected"
	# The node itself is an absolute symbol, which newer nm prints with its own version.
	nm -D --defined-only "$shared" | sed 's/^[0-9a-f]* //; s/^A TASKPOOL_1\.0@@TASKPOOL_1\.0$/A TASKPOOL_1.0/' |
		sort >"$tmp/actual"
	expect_equal 'the shared library exports something else' "$tmp/expected" "$tmp/actual"
}

check_dynamic()
{
	readelf -dW "$shared" >"$tmp/dynamic"
	readelf -lW "$shared" >"$tmp/segments"
	grep -q 'SONAME.*\[libtaskpool\.so\.1\]' "$tmp/dynamic" || fail 'the SONAME is not libtaskpool.so.1'
	grep -q 'TEXTREL' "$tmp/dynamic" && fail 'the shared library has text relocations'
	grep -q 'RPATH\|RUNPATH' "$tmp/dynamic" && fail 'the shared library has a search path of its own'
	grep 'GNU_STACK' "$tmp/segments" | grep -q 'RWE' && fail 'the shared library wants an executable stack'
	sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' "$tmp/dynamic" >"$tmp/needed"
	grep -v '^\(libc\|libpthread\|ld-[a-z0-9_-]*\)\.so' "$tmp/needed" && fail 'it needs more than libc and pthreads'
	# What is undefined has a version of the C library, or is one of the weak names that every object has.
	nm -D --undefined-only "$shared" | sed 's/^ *//' |
		grep -v '@\|^w \(__cxa_finalize\|__gmon_start__\|_ITM_[a-zA-Z]*\)$' &&
		fail 'undefined symbols without a home'
}

check_static()
{
	nm -g --defined-only "$static" | sed -n 's/^[0-9a-f]\{8,\} [A-Za-z] //p' | sort -u >"$tmp/static"
	# The last one is the anchor of the probes: weak, hidden, and the same in all that use <sys/sdt.h>.
	grep -v '^\(taskpool_\|tpi_\|_\.stapsdt\.base$\)' "$tmp/static" && fail 'the static library defines names that are not its own'
	grep '^taskpool_' "$tmp/static" >"$tmp/static-calls"
	expect_equal 'the static library has other calls' "$srcdir/tests/exports.list" "$tmp/static-calls"
}

is_sanitized()
{
	nm -u "$1" | grep -q '__[at]san_init\|__ubsan_handle\|__msan_init'
}

check_header
if [ ! -e "$shared" ]; then
	echo 'no shared library was built'
elif is_sanitized "$shared"; then
	echo 'under a sanitizer: only the exported names are looked at'
	check_symbols
else
	check_symbols
	check_dynamic
fi
if [ ! -e "$static" ]; then
	echo 'no static library was built'
elif ! is_sanitized "$static"; then
	check_static
fi
exit $failed
