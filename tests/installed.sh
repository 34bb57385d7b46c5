#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# A program outside this tree builds against the installed library, and against the one in the build tree, with
# nothing but cc and pkg-config.
#
# usage: installed.sh [PREFIX]    with PREFIX, what is installed there is used; else this build tree is staged first
set -eu

srcdir=${srcdir:-.}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

skip()
{
	echo "skipped: $*"
	exit 77
}

# build_and_run NAME LIBRARY_DIRECTORY
build_and_run()
{
	flags=$(pkg-config --cflags --libs taskpool)
	echo "$1: cc external.c $flags"
	# shellcheck disable=SC2086 # the flags are words
	(cd "$tmp" && ${CC:-cc} external.c $flags -o "$1")
	[ "$(LD_LIBRARY_PATH=$2 "$tmp/$1")" = 1000 ]
	LD_LIBRARY_PATH=$2 ldd "$tmp/$1" | grep -q "libtaskpool\.so\.1 => $2/" || {
		echo 'FAILED: the program does not use the library it was built with'
		exit 1
	}
}

command -v pkg-config >/dev/null || skip 'no pkg-config'
cp "$srcdir/tests/external.c" "$tmp/"

if [ $# -gt 0 ]; then
	PKG_CONFIG_PATH=$(dirname "$(find "$1" -name taskpool.pc | head -n 1)")
	export PKG_CONFIG_PATH
	build_and_run installed "$(pkg-config --variable=libdir taskpool)"
	exit 0
fi

[ -e lib/.libs/libtaskpool.so ] || skip 'no shared library was built'
nm -u lib/.libs/libtaskpool.so | grep -q '__[at]san_init\|__ubsan_handle\|__msan_init' &&
	skip 'under a sanitizer a plain program cannot use the library'

(
	PKG_CONFIG_PATH=$PWD/pkgconfig
	export PKG_CONFIG_PATH
	build_and_run uninstalled "$PWD/lib/.libs"
)

# Staged: the configured prefix below a root of its own, which pkg-config is told of.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
make -s install DESTDIR="$tmp/root" >"$tmp/install.log" 2>&1 || {
	cat "$tmp/install.log"
	exit 1
}
pc=$(find "$tmp/root" -name taskpool.pc)
PKG_CONFIG_LIBDIR=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$tmp/root
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_ALLOW_SYSTEM_CFLAGS PKG_CONFIG_ALLOW_SYSTEM_LIBS
build_and_run installed "$(dirname "$PKG_CONFIG_LIBDIR")"
