#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# The example with seeds finds its bug, the same each time, and finds it again under the seed that it names.
set -u

srcdir=${srcdir:-.}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
unset SEED
failed=0

fail()
{
	failed=1
	echo "FAILED: $*"
	cat "$tmp/out"
}

./examples/seeds >"$tmp/out" || fail "seeds exits with $?"
seed=$(sed -n 's/^a key per place: fails, repeat it with SEED=//p' "$tmp/out")
[ "${seed:-0}" -ge 1 ] || fail 'names no seed'
grep -q 'an empty parcel is sent' "$tmp/out" || fail 'does not tell what happens'
grep -qx 'a key per sale: good' "$tmp/out" || fail 'finds a bug where there is none'
# docs/seeds.md shows this very helper.
sed -n '/^typedef bool/,/^\/\* ---- A scenario/{ /^\/\* ----/d; p; }' "$srcdir/examples/seeds.c" | sed '$d' >"$tmp/helper"
awk '/^```/ { if (on) exit; on = $0 ~ /c$/; next } on' "$srcdir/docs/seeds.md" | cmp -s - "$tmp/helper" ||
	fail 'docs/seeds.md shows another helper'
for given in '' "$seed"; do
	env ${given:+"SEED=$given"} ./examples/seeds >"$tmp/again" || fail "seeds exits with $? under SEED=$given"
	cmp -s "$tmp/out" "$tmp/again" || fail "another run under SEED=$given"
done
exit "$failed"
