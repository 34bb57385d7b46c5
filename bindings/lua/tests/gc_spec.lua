-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- Objects that are collected, at any moment and more than once; and those that outlive their pool.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local describe, it, assert = describe, it, assert
local support = require "support"
local _ENV = support.globals -- luacheck: ignore
local taskpool = require "taskpool"

local function nothing() end

local function new()
	return taskpool.new{workers = 2, queue_capacity = 1000}
end

local function collect()
	collectgarbage()
	collectgarbage()
end

-- Calls every method, with arguments that would be right.
local function call_all(object, metatable)
	local arguments = {submit = {nothing, nothing}, post = {nothing, nothing}, defer = {nothing, nothing},
		on_done = {nothing}, on_error = {nothing}, key = {"k"}, limit = {0}, wait = {0}, pcall = {0}, poll = {0}}
	for name, method in pairs(metatable.__index) do
		pcall(method, object, support.unpack(arguments[name] or {}))
	end
	for _, name in ipairs{"__tostring", "__eq", "__gc", "__close"} do
		if metatable[name] then
			pcall(metatable[name], object, object)
		end
	end
end

describe("garbage", function()
	it("may be a pool with all it has", function()
		for i = 1, 30 do
			local pool = new()
			for k = 1, 10 do
				pool:post("k" .. k, nothing)
			end
			local _ = pool:submit("k", nothing), pool:key("k"), taskpool.prepare(nothing)
			if i % 3 == 0 then
				pool:defer("k", nothing)
				pool:key("k"):pause()
				pool:post("k", nothing)
			end
			if i % 5 == 0 then
				collectgarbage()
			end
		end
		collect()
	end)

	it("may be a pool that its own callbacks refer to", function()
		local weak = setmetatable({}, {__mode = "k"})
		for _ = 1, 5 do
			local pool = new()
			weak[pool] = true
			pool:on_error(function() return pool end)
			pool:defer("k", function() return pool end)
			local f
			f = pool:submit("k", nothing):on_done(function() return pool, f end)
		end
		collect()
		collect()
		assert.is_nil(next(weak))
	end)

	it("is no pool of which a future or a key is left", function()
		local f = new():submit("k", function() return 5 end)
		local key = new():key "k"
		collect()
		assert.equal(5, f:get())
		assert.equal(6, key:submit(function() return 6 end):get())
		local called
		key:defer(function() called = true end)
		collect()
		key:submit(nothing):get()
		assert.is_true(called)
	end)

	it("may be a future before, while and after its job runs", function()
		local pool = new()
		for i = 1, 200 do
			local f = pool:submit("k" .. i % 3, nothing)
			if i % 2 == 0 then
				f:on_done(nothing)
			end
			if i % 7 == 0 then
				f:cancel()
			end
			if i % 20 == 0 then
				collectgarbage()
				pool:poll()
			end
		end
		pool:close()
	end)

	it("may come in callbacks, in coroutines, and of the pool that is polled", function()
		local count = 0
		for _ = 1, 10 do
			local pool = new()
			pool:defer("k", function()
				pool = nil
				collect()
				count = count + 1
			end)
			pool:poll(60)
		end
		assert.equal(10, count)
		for _ = 1, 10 do
			coroutine.wrap(function()
				local pool = new()
				pool:submit("k", nothing):on_done(nothing)
				coroutine.yield()
			end)()
		end
		collect()
	end)

	it("may be handles in states of jobs", function()
		local pool = taskpool.new{workers = 2, state = "key"}
		for i = 1, 100 do
			pool:submit("k" .. i % 5, function(p, k, f)
				kept = {p, k, f} -- luacheck: ignore
				if i % 10 == 0 then
					kept = nil -- luacheck: ignore
					collectgarbage()
				end
			end, pool, pool:key("other"), pool:submit("other", nothing))
		end
		pool = nil -- luacheck: ignore
		collect()
	end)

	it("may be a pool whose jobs still have it", function()
		local entered, release, ended = support.gate(), support.gate(), support.gate()
		do
			local pool = new()
			pool:post("k", function(a, b, c)
				a.key:resume()
				b.opened:get()
				local _ = pool:workers()
				c.key:resume()
			end, entered, release, ended)
			support.pass(entered)
			support.open(release)
		end
		collect()
		support.pass(ended)
	end)
end)

describe("an object", function()
	it("may be collected by hand, and again", function()
		local pool = new()
		local objects = {taskpool.prepare(nothing), pool:submit("k", nothing), pool:key("k"), pool}
		for _, object in ipairs(objects) do
			local metatable = debug.getmetatable(object)
			metatable.__gc(object)
			metatable.__gc(object)
			call_all(object, metatable)
			tostring(object)
			assert.is_false(object == pool and object ~= pool)
		end
		objects, pool = nil, nil -- luacheck: ignore
		collect()
	end)

	it("that is dead is told from one that lives", function()
		local pool = new()
		local f = pool:submit("k", nothing)
		debug.getmetatable(f).__gc(f)
		assert.is_false((pcall(function() f:get() end)))
		assert.is_false((pcall(function() f:on_done(nothing) end)))
		assert.is_false((pcall(taskpool.all, {f})))
		assert.is_false((pcall(pool.submit, pool, "k", nothing, f)))
		pool:close()
	end)

	it("of a pool that is closed has all its methods", function()
		for _, how in ipairs{"", "cancel"} do
			local pool = new()
			local f, key, prepared = pool:submit("k", nothing), pool:key("k"), taskpool.prepare(nothing)
			pool:close(how ~= "" and how or nil)
			for _, object in ipairs{f, key, prepared, pool} do
				local metatable = debug.getmetatable(object)
				local gc = metatable.__gc
				metatable.__gc = nil
				call_all(object, metatable)
				metatable.__gc = gc
			end
			assert.truthy(f:status() == "done" or f:status() == "canceled")
			assert.equal("k", key:name())
			assert.equal(2, pool:workers())
			assert.is_true(pool:stats().submitted == 1)
			pool:poll()
			pool:close()
		end
	end)

	it("hides its metatable", function()
		local pool = new()
		assert.equal("taskpool.Pool", getmetatable(pool))
		assert.truthy(tostring(pool):find("taskpool.Pool", 1, true))
		assert.truthy(tostring(pool:key("abc")):find("abc", 1, true))
		assert.truthy(tostring(pool:submit("k", nothing)):find("taskpool.Future", 1, true))
		assert.has_error(function() pool.x = 1 end)
		assert.is_nil(pool.x)
		assert.is_true(pool:key("a") ~= pool:key("b"))
		assert.is_true(pool ~= new() and pool ~= 5)
		pool:close()
	end)
end)
