#!/bin/sh
# Compiles every program in the EXAMPLES of the man pages, links it with the library that was built, and runs it: each
# must end by itself and return 0. A page without an example fails. A program that does not end by itself stands under
# the comment line `.\" not run`.
#
# By hand: man/check-examples.sh, in the build directory or in the source directory. CC and CFLAGS override those of
# the build. Where nothing is built yet the programs are only compiled, and the check counts as skipped (77).
set -eu

srcdir=${srcdir:-$(dirname "$0")/..}
builddir=${top_builddir:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

configured() { sed -n "s/^$1 = //p" "$builddir/Makefile" 2>/dev/null || :; }

CC=${CC:-$(configured CC)}
CC=${CC:-cc}
flags="${CFLAGS-$(configured CFLAGS)} -Wall -Wextra -Wpedantic -Werror -pthread -I$srcdir/include -I$builddir/include"
libs="$(configured LDFLAGS) -L$builddir/lib/.libs -ltaskpool"
built=no
for suffix in so dylib a; do
	[ -e "$builddir/lib/.libs/libtaskpool.$suffix" ] && built=yes
done
if [ ! -e "$builddir/include/taskpool-version.h" ]; then
	sed 's/"@PACKAGE_VERSION@"/"1.0.0"/; s/@[A-Z_]*MAJOR@/1/; s/@[A-Z_]*@/0/' \
		"$srcdir/include/taskpool-version.h.in" >"$work/taskpool-version.h"
	flags="$flags -I$work"
fi
limit=
if command -v timeout >/dev/null; then limit='timeout 120'; fi
LD_LIBRARY_PATH=$builddir/lib/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
DYLD_LIBRARY_PATH=$builddir/lib/.libs

failed=0
for page in "$srcdir"/man/*.3; do
	name=$(basename "$page" .3)
	grep -q '^\.so ' "$page" && continue
	awk -v out="$work/$name" '
		/^\.SH/ { examples = ($2 == "EXAMPLES") }
		/^\.\\" not run/ { run = "norun" }
		/^\.EE/ { inside = 0; run = "" }
		inside {
			sub(/^\\&/, ""); gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047"); gsub(/\\\(ha/, "^")
			gsub(/\\\(ti/, "~"); gsub(/\\\(ga/, "`"); gsub(/\\e/, "\\")
			print >file
		}
		examples && /^\.EX/ { inside = 1; file = out "-" ++n run ".c" }
	' "$page"
	[ -e "$work/$name-1.c" ] || [ -e "$work/$name-1norun.c" ] || { echo "$name: no example"; failed=1; }
done

for program in "$work"/*.c; do
	name=$(basename "$program" .c)
	# shellcheck disable=SC2086
	if [ $built = no ]; then
		$CC $flags -c -o "$work/object" "$program" || { echo "$name: does not compile"; failed=1; }
	elif ! $CC $flags -o "${program%.c}" "$program" $libs; then
		echo "$name: does not compile and link"
		failed=1
	elif [ "${name%norun}" = "$name" ]; then
		echo "$name:"
		(export LD_LIBRARY_PATH DYLD_LIBRARY_PATH; $limit "${program%.c}") ||
			{ echo "$name: returned $?"; failed=1; }
	fi
done
[ $failed = 0 ] || exit 1
[ $built = yes ] || { echo "no library in $builddir/lib: compiled only"; exit 77; }
