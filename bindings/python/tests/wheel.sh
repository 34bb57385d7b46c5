#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# The package as others get it: an sdist and a wheel of it, made with the installed library as pkg-config tells of it,
# and the wheel in an environment of its own. No network, and nothing of this build tree but what it installs.
set -eu

srcdir=${srcdir:-.}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
export PYTHONDONTWRITEBYTECODE=1
unset PYTHONPATH LD_LIBRARY_PATH PKG_CONFIG_PATH PKG_CONFIG_LIBDIR

skip()
{
	echo "skipped: $*"
	exit 77
}

fail()
{
	echo "FAILED: $*"
	exit 1
}

# quietly COMMAND...: what it says is shown if it fails.
quietly()
{
	"$@" >"$tmp/log" 2>&1 || {
		cat "$tmp/log"
		fail "$*"
	}
}

# The Python that configure took, or else the system's, if it has what makes wheels. (setuptools comes before pip, or
# does not come.)
find_python()
{
	for python in "${PYTHON:=python3}" /usr/bin/python3; do
		"$python" -c 'import setuptools, cffi, pip, venv, wheel' 2>/dev/null && return
	done
	skip "neither $PYTHON nor /usr/bin/python3 has all of cffi, pip, setuptools, venv and wheel"
}

# expect FILE PATTERN...: each pattern is a whole line of the file, and there are no others.
expect()
{
	file=$1
	shift
	printf '%s\n' "$@" | LC_ALL=C sort >"$tmp/expected"
	LC_ALL=C sort "$file" | diff -u "$tmp/expected" - || fail "$(basename "$file") has other files"
}

nm -u lib/.libs/libtaskpool.so | grep -q '__[at]san_init\|__ubsan_handle\|__msan_init' &&
	skip 'under a sanitizer a plain module cannot use the library'
find_python
echo "with $python"

prefix=$tmp/installed
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
quietly make -s install-libLTLIBRARIES install-includeHEADERS install-nodist_includeHEADERS install-pkgconfigDATA \
	prefix="$prefix" exec_prefix="$prefix" libdir="$prefix/lib" includedir="$prefix/include"
# Its taskpool.pc has the prefix of configure.
sed "s|^prefix=.*|prefix=$prefix|; s|^libdir=.*|libdir=$prefix/lib|; s|^includedir=.*|includedir=$prefix/include|" \
	pkgconfig/taskpool.pc >"$prefix/lib/pkgconfig/taskpool.pc"
export PKG_CONFIG_LIBDIR="$prefix/lib/pkgconfig"
version=$(pkg-config --modversion taskpool)

# pip leaves what it makes beside the sources.
sources='LICENSE MANIFEST.in README.md _build_taskpool.py functions.c native.c native.h pyproject.toml setup.py'
mkdir "$tmp/python"
# shellcheck disable=SC2086 # names without spaces
(cd "$srcdir/bindings/python" && cp -RL $sources src "$tmp/python")
chmod -R u+w "$tmp/python"
rm -rf "$tmp/python/src/taskpool/__pycache__"
modules=$(cd "$tmp/python/src" && echo taskpool/*)
cd "$tmp/python"

sdist()
{
	quietly "$python" setup.py -q sdist -d "$tmp/sdist"
	tar -tzf "$tmp/sdist/taskpool-$version.tar.gz" |
		sed "s|^taskpool-$version/||; /\/$/d; /^$/d; /egg-info/d" >"$tmp/sdist.list"
	# shellcheck disable=SC2046,SC2086 # names without spaces
	expect "$tmp/sdist.list" $sources PKG-INFO setup.cfg $(printf 'src/%s ' $modules)
}

# From the sdist, as pip would.
wheel()
{
	mkdir "$tmp/unpacked"
	tar -xzf "$tmp/sdist/taskpool-$version.tar.gz" -C "$tmp/unpacked" --strip-components=1
	cd "$tmp/unpacked"
	quietly "$python" -m pip wheel . --no-build-isolation --no-deps --no-index --no-cache-dir -w "$tmp/dist"
	wheel=$(echo "$tmp/dist/taskpool-$version-cp39-abi3-"*.whl)
	[ -f "$wheel" ] || fail "another wheel was made: $(ls "$tmp/dist")"
	"$python" -m zipfile -e "$wheel" "$tmp/wheel"
	(cd "$tmp/wheel" && find . -type f | sed "s|^\./||; /\.dist-info/d") >"$tmp/wheel.list"
	# shellcheck disable=SC2086 # names without spaces
	expect "$tmp/wheel.list" $modules taskpool/_native.abi3.so
	[ -n "$(find "$tmp/wheel/taskpool-$version.dist-info" -name LICENSE)" ] ||
		fail 'the wheel has no licence'
}

# The environment sees what it is made from, for cffi; taskpool is not there.
environment()
{
	cd "$tmp"
	"$python" -m venv --system-site-packages --without-pip "$tmp/venv"
	quietly "$tmp/venv/bin/python" -m pip install --no-index --no-cache-dir "$wheel"
	LD_LIBRARY_PATH=$prefix/lib "$tmp/venv/bin/python" -X dev -W error - "$version" "$prefix/lib" <<'PROGRAM'
import importlib.metadata
import sys

import taskpool

assert taskpool.__file__.startswith(sys.prefix), taskpool.__file__
assert importlib.metadata.version("taskpool") == sys.argv[1]
told = {"ann": [], "bob": []}
with taskpool.TaskPool(workers=2) as pool:
    for i in range(100):
        for user, notes in told.items():
            pool.submit(user, notes.append, i)
assert told == {"ann": list(range(100)), "bob": list(range(100))}, told
with open("/proc/self/maps", encoding="utf-8") as maps:
    loaded = {line.split()[-1] for line in maps if "libtaskpool.so" in line}
assert loaded and all(name.startswith(sys.argv[2] + "/") for name in loaded), loaded
PROGRAM
}

sdist
wheel
environment
