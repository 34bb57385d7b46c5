#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# The shared library has the probes where configure found <sys/sdt.h>, and none elsewhere.
set -u

shared=lib/.libs/libtaskpool.so
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

if [ ! -e "$shared" ]; then
	echo 'skipped: no shared library was built'
	exit 77
fi
LC_ALL=C readelf -n "$shared" >"$tmp/notes" || exit 99
sed -n '/Provider: /{s/.*Provider: //; h; n; s/.*Name: //; H; x; s/\n/:/p;}' "$tmp/notes" | sort -u >"$tmp/actual"
: >"$tmp/expected"
if grep -q '^#define HAVE_SYS_SDT_H 1' config.h; then
	printf 'taskpool:%s\n' end park start steal submit >"$tmp/expected"
fi
diff -u "$tmp/expected" "$tmp/actual" || {
	echo "FAILED: these are not the library's probes"
	exit 1
}
