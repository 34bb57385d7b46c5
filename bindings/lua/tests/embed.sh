#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# The program with Lua in it: its journals are complete and in order, it ends well whatever its scripts do, and valgrind
# finds nothing wrong with that.
set -eu

srcdir=${srcdir:-.}
script=$srcdir/examples/lua-embed.lua
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
unset LUA_PATH_5_4 LUA_CPATH_5_4
LUA_PATH="$srcdir/bindings/lua/?.lua;;"
LUA_CPATH="$PWD/bindings/lua/5.4/?.so;;"
export LUA_PATH LUA_CPATH

skip()
{
	echo "skipped: $*"
	exit 77
}

fail()
{
	echo "FAILED: $*"
	cat "$tmp/out" "$tmp/err"
	exit 1
}

# run STATUS COMMAND...: it must exit so. Its output is then in $tmp/out and $tmp/err.
run()
{
	expected=$1 status=0
	shift
	timeout 300 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
	[ "$status" -eq "$expected" ] || fail "$* exits with $status"
}

# keeps_order COMMAND...: runs the example, which is the last word of the command.
keeps_order()
{
	run 0 "$@" "$script"
	printf '%s: 800 entries, 0 out of order\n' ann bob carl dora | cmp -s - "$tmp/out" || fail "$*: other journals"
	[ ! -s "$tmp/err" ] || fail "$* complains"
}

# survives COMMAND...: with a script that fails while its jobs and callbacks wait.
survives()
{
	cat >"$tmp/fails.lua" <<-'END'
		local pool = require("taskpool").adopt(host.pool, {state = "key"})
		for i = 1, 50 do
			pool:submit(host.customers[i % 4 + 1], function(n) return n end, i)
			pool:defer(host.customers[i % 4 + 1], function() end)
		end
		error("enough of that")
	END
	run 1 "$@" "$tmp/fails.lua"
	[ "$(grep -c '^script [0-2]: .*enough of that$' "$tmp/err")" = 3 ] || fail "$*: not three scripts failed"
	[ "$(wc -l <"$tmp/err")" -eq 3 ] || fail "$* complains of something else"
}

[ -e examples/lua-embed ] || skip 'no Lua 5.4 to be embedded'
keeps_order examples/lua-embed
survives examples/lua-embed

nm -u bindings/lua/5.4/taskpool/core.so | grep -q '__[at]san_init\|__ubsan_handle\|__msan_init' &&
	skip 'under a sanitizer valgrind cannot run; without it all was well'
command -v valgrind >/dev/null || skip 'no valgrind; without it all was well'
set -- ./libtool --mode=execute valgrind -q --fair-sched=try --error-exitcode=99 --leak-check=full \
	--show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible examples/lua-embed
"$@" "$script" 2>&1 | grep -q 'Possibly corrupted debuginfo' &&
	skip 'this valgrind cannot read what this compiler writes; without it all was well'
keeps_order "$@"
survives "$@"
