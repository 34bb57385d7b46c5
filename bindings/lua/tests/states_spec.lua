-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- The states that jobs run on.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local describe, it, assert, after_each, pending = describe, it, assert, after_each, pending
local support = require "support"
local _ENV = support.globals -- luacheck: ignore
local taskpool = require "taskpool"

local pool

local function new(options)
	pool = taskpool.new(options)
	return pool
end

after_each(function()
	pool:close("cancel")
end)

-- Counts its calls in a global.
local function count()
	counter = (counter or 0) + 1 -- luacheck: ignore
	return counter
end

local function has(text, part)
	assert.truthy(text:find(part, 1, true), ("%q is not in %q"):format(part, text))
end

local function error_of(future)
	local ok, err = future:pcall()
	assert.is_false(ok)
	return err.message
end

-- Whether the allocator of states may be ours: LuaJIT has its own where addresses have to be small.
local function has_allocator()
	return not (jit and not pcall(function()
		local probe = taskpool.new{workers = 1, max_memory = 10000000}
		local ok = probe:submit(nil, function() return true end):pcall()
		probe:close()
		assert(ok)
	end))
end

describe("states of workers", function()
	it("keep globals, whatever the key", function()
		new{workers = 1, state = "worker"}
		assert.equal(1, pool:submit("a", count):get())
		assert.equal(2, pool:submit("b", count):get())
		assert.equal(3, pool:submit(nil, count):get())
		assert.is_nil(rawget(_G, "counter"))
		assert.is_nil(pool:submit("a", function() return require("taskpool").state end):get())
	end)

	it("know their modules, and where the others are", function()
		package.path = package.path .. ";./no/such/place/?.lua"
		new{workers = 1}
		local path, cpath = pool:submit(nil, function() return package.path, package.cpath end):get()
		assert.equal(package.path, path)
		assert.equal(package.cpath, cpath)
		package.path = package.path:gsub(";%./no/such/place/%?%.lua$", "")
		assert.equal("function", pool:submit(nil, function() return type(require("support").gate) end):get())
	end)
end)

describe("states of keys", function()
	it("keep the globals of a key", function()
		new{workers = 2, state = "key"}
		for i = 1, 5 do
			assert.equal(i, pool:submit("a", count):get())
			assert.equal(i, pool:submit("b", count):get())
		end
		assert.equal(1, pool:submit("", count):get())
		assert.equal(1, pool:submit("a\0", count):get())
		assert.equal(6, pool:submit("a", count):get())
	end)

	it("have a table for the key", function()
		new{workers = 2, state = "key"}
		local function note(value)
			local state = require("taskpool").state
			state.last, value = value, state.last
			return value
		end
		assert.is_nil(pool:submit("a", note, 1):get())
		assert.is_nil(pool:submit("b", note, 2):get())
		assert.equal(1, pool:submit("a", note, 3):get())
		assert.equal(2, pool:submit("b", note, 4):get())
		assert.is_nil(pool:submit(nil, function() return require("taskpool").state end):get())
		assert.is_nil(taskpool.state)
	end)

	it("go when there are too many", function()
		new{workers = 1, state = "key", max_states = 2}
		for _, key in ipairs{"a", "b", "a"} do
			pool:submit(key, count):get()
		end
		assert.equal(1, pool:submit("c", count):get()) -- in place of b's
		assert.equal(3, pool:submit("a", count):get())
		assert.equal(1, pool:submit("b", count):get()) -- in place of c's
		assert.equal(4, pool:submit("a", count):get())
		assert.equal(1, pool:submit("c", count):get())
	end)

	it("may be none at all", function()
		new{workers = 2, state = "key", max_states = 0}
		for i = 1, 20 do
			assert.equal(1, pool:submit("k" .. i % 3, count):get())
		end
	end)

	it("are many", function()
		new{workers = 2, state = "key", max_states = 10, queue_capacity = 1000}
		local futures = {}
		for i = 1, 300 do
			futures[i] = pool:submit("k" .. i % 40, count)
		end
		for _, n in ipairs(taskpool.all(futures):get()) do
			assert.is_true(n >= 1 and n <= 8)
		end
	end)
end)

describe("init", function()
	it("runs once in each state", function()
		new{workers = 1, init = function() base = (base or 0) + 100 end} -- luacheck: ignore
		for _ = 1, 3 do
			assert.equal(100, pool:submit("a", function() return base end):get()) -- luacheck: ignore
		end
		pool:close()
		local n = 5
		new{workers = 2, state = "key", init = function() base = (base or n) + 1 end} -- luacheck: ignore
		for _ = 1, 3 do
			assert.equal(6, pool:submit("a", function() return base end):get()) -- luacheck: ignore
			assert.equal(6, pool:submit("b", function() return base end):get()) -- luacheck: ignore
			assert.equal(6, pool:submit(nil, function() return base end):get()) -- luacheck: ignore
		end
	end)

	it("may fail: then its error is that of the jobs", function()
		for _, state in ipairs{"worker", "key"} do
			new{workers = 1, state = state, init = function() error("no init") end}
			for _ = 1, 5 do
				has(tostring(error_of(pool:submit("k", count))), "no init")
				has(tostring(error_of(pool:submit(nil, count))), "no init")
			end
			local errors = {}
			pool:on_error(function(err) errors[#errors + 1] = err end)
			pool:post("k", count)
			pool:close()
			assert.equal(1, #errors)
			has(tostring(errors[1].message), "no init")
		end
		new{workers = 1, init = function() error({code = 5}) end}
		assert.equal(5, error_of(pool:submit("k", count)).code)
		pool:close()
		new{workers = 1, init = function() error(io.stdout) end}
		has(tostring(error_of(pool:submit("k", count))), "file")
	end)
end)

describe("memory", function()
	local function hog()
		local t = {}
		for i = 1, 1e9 do
			t[i] = ("x"):rep(10000) .. i
		end
	end

	it("is bounded, and the state that went beyond is replaced", function()
		if not has_allocator() then
			pending("this Lua has no allocator but its own")
			return
		end
		for _, state in ipairs{"worker", "key"} do
			new{workers = 1, state = state, max_memory = 4000000}
			assert.equal(1, pool:submit("k", count):get())
			assert.equal(2, pool:submit("k", count):get())
			for _ = 1, 3 do
				has(tostring(error_of(pool:submit("k", hog))), "not enough memory")
				assert.equal(1, pool:submit("k", count):get())
				assert.equal(2, pool:submit("k", count):get())
			end
			has(tostring(error_of(pool:submit("k", function(s) return s:rep(100) end, ("x"):rep(100000)))), "not enough")
			has(tostring(error_of(pool:submit("k", count, ("x"):rep(5000000)))), "not enough memory")
			assert.equal(3, pool:submit("k", function() return 3 end):get())
			pool:close()
		end
	end)

	it("may not even be enough for a state", function()
		if not has_allocator() then
			pending("this Lua has no allocator but its own")
			return
		end
		for _, bytes in ipairs{1, 100, 1000, 3000, 5000, 8000, 12000, 16000, 20000, 25000} do
			new{workers = 1, max_memory = bytes}
			for _ = 1, 2 do
				local ok, err = pool:submit("k", function(t) return t end, {1}):pcall()
				assert.is_true(ok or tostring(err.message):find("not enough memory", 1, true) ~= nil, tostring(err))
			end
			pool:close()
		end
	end)
end)

describe("a job that is told to stop", function()
	it("is seen by canceled(), and wakes from sleep()", function()
		new{workers = 1}
		assert.is_false(taskpool.canceled())
		assert.is_true(taskpool.sleep(0))
		assert.is_nil(taskpool.key())
		local entered = support.gate()
		local f = pool:submit("k", function(gate)
			local tp = require "taskpool"
			local before = tp.canceled()
			gate.key:resume()
			local ok, why = tp.sleep(1e6)
			return before, ok, why, tp.canceled(), tp.sleep(1e6)
		end, entered)
		support.pass(entered)
		assert.is_false(f:cancel())
		local before, ok, why, after, again = f:get()
		assert.same({false, nil, "canceled", true, nil}, {before, ok, why, after, again})
		assert.is_false(pool:submit("k", function() return require("taskpool").canceled() end):get())
		assert.is_true(pool:submit("k", function() return require("taskpool").sleep(0.001) end):get())
	end)

	it("is ended after the grace", function()
		new{workers = 1, grace = 0.02}
		for _ = 1, 2 do
			local entered = support.gate()
			local f = pool:submit("k", function(gate)
				gate.key:resume()
				while true do end -- luacheck: ignore
			end, entered)
			support.pass(entered)
			assert.is_false(pool:key("k"):cancel() ~= 0)
			has(tostring(error_of(f)), "canceled")
		end
		assert.equal(1, pool:submit("k", count):get())
		local entered = support.gate()
		local f = pool:submit("k", function(gate)
			gate.key:resume()
			while true do end -- luacheck: ignore
		end, entered)
		support.pass(entered)
		pool:close("cancel")
		has(tostring(error_of(f)), "canceled")
	end)

	it("is ended in a coroutine, too, and though it catches errors", function()
		new{workers = 1, grace = 0.02}
		for _, job in ipairs{
			function(gate)
				coroutine.wrap(function()
					gate.key:resume()
					while true do end -- luacheck: ignore
				end)()
			end,
			function(gate)
				gate.key:resume()
				while true do
					pcall(function() while true do end end) -- luacheck: ignore
				end
			end,
		} do
			local entered = support.gate()
			local f = pool:submit("k", job, entered)
			support.pass(entered)
			f:cancel()
			local ok = f:pcall(20)
			assert.is_false(ok, "it still runs")
		end
	end)
end)
