#!/bin/sh
# The man pages are clean under the lint of mandoc and of groff, whichever is there. Skipped (77) without either.
# mandoc dislikes every .so line, so it sees the topics' pages only; groff follows the others.
set -eu

srcdir=${srcdir:-$(dirname "$0")/..}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/man3"
cp "$srcdir"/man/*.3 "$work/man3"
cd "$work"

checked=no
failed=0
if command -v mandoc >/dev/null; then
	checked=yes
	# shellcheck disable=SC2046
	mandoc -T lint -W warning $(grep -L '^\.so ' man3/*.3) || failed=1
fi
if command -v groff >/dev/null; then
	checked=yes
	for page in man3/*.3; do
		groff -s -man -Tutf8 -ww -z "$page" 2>>groff.log || failed=1
	done
	if [ -s groff.log ]; then
		cat groff.log
		failed=1
	fi
fi
[ $checked = yes ] || { echo "neither mandoc nor groff is here"; exit 77; }
exit $failed
