-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors
--
-- For luarocks. It builds the library and the module from a checkout of the whole tree, and needs what that needs:
-- autoconf, automake, libtool, make, a C compiler, pkg-config, SWIG 4, and the Lua which luarocks builds for as the
-- program lua5.4 (5.3, 5.1) and as lua5.4.pc, as Debian has them. In
-- the root of the tree:
--
--     luarocks --lua-version 5.4 --local make bindings/lua/taskpool-1.0.0-1.rockspec
--
-- The library stays in the rock's own folder, where the module finds it. Where libtaskpool is to be used from C as well
-- `make install` is the better way: docs/lua.md.
rockspec_format = "3.0"
package = "taskpool"
version = "1.0.0-1"
source = {
	url = "git+file://.", -- of the tree that you have: `luarocks make` takes nothing from anywhere
	tag = "v1.0.0",
}
description = {
	summary = "Jobs of the same key one at a time and in order, jobs of different keys in parallel",
	detailed = [[
Runs Lua functions on a pool of threads, each on a Lua state of a worker or of a key. Jobs that share a key never run at
once, and run in the order in which they were submitted.]],
	license = "MIT",
	labels = {"threading", "concurrency"},
}
supported_platforms = {"linux"}
dependencies = {"lua >= 5.1, < 5.5"}
build = {
	type = "command",
	-- The folders of the module are told to both: the link has them, too.
	build_command = [[autoreconf -fi && mkdir -p build-rock && cd build-rock &&
		version=`$(LUA) -e "print((_VERSION:match('%d.%d')))"` && short=`echo $version | tr -d .` &&
		../configure --prefix=$(PREFIX) --libdir=$(PREFIX)/clib --with-python=no --with-lua=$version &&
		make "lua${short}dir=$(LIBDIR)/taskpool" "lua${short}sharedir=$(LUADIR)"]],
	install_command = [[cd build-rock &&
		short=`$(LUA) -e "print((_VERSION:match('%d.%d')))" | tr -d .` &&
		make install "lua${short}dir=$(LIBDIR)/taskpool" "lua${short}sharedir=$(LUADIR)"]],
}
