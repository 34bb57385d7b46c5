-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- Misuse, and errors of jobs and of callbacks.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local describe, it, assert, before_each, after_each = describe, it, assert, before_each, after_each
local support = require "support"
local _ENV = support.globals -- luacheck: ignore
local taskpool = require "taskpool"

local misuse = support.misuse
local pool

local function nothing() end

local function has(text, part)
	assert.truthy(text:find(part, 1, true), ("%q is not in %q"):format(part, text))
end

local function error_of(job, ...)
	local ok, err = pool:submit("k", job, ...):pcall()
	assert.is_false(ok)
	return err
end

before_each(function()
	pool = taskpool.new{workers = 1}
end)

after_each(function()
	pool:close("cancel")
end)

describe("misuse raises at the caller's line", function()
	it("of submit, post and defer", function()
		for _, name in ipairs{"submit", "post", "defer"} do
			local method = pool[name]
			has(misuse(function() method(pool, 42, nothing) end), "not a number")
			has(misuse(function() method(pool, true, nothing) end), "not a boolean")
			has(misuse(function() method(pool, pool, nothing) end), "not a userdata")
			has(misuse(function() method(pool, "k", 5) end), "function expected, got number")
			has(misuse(function() method(pool, "k") end), "function expected, got n")
			misuse(function() method(pool) end)
			has(misuse(function() method() end), "taskpool.Pool expected")
			has(misuse(function() method(io.stdout, "k", nothing) end), "taskpool.Pool expected")
			has(misuse(function() method({}, "k", nothing) end), "taskpool.Pool expected")
			has(misuse(function() method(pool, {key = 5}, nothing) end), "'key'")
			has(misuse(function() method(pool, {ttl = -1}, nothing) end), "'ttl'")
			has(misuse(function() method(pool, {delay = 0 / 0}, nothing) end), "'delay'")
			has(misuse(function() method(pool, {timeout = "1"}, nothing) end), "'timeout'")
			has(misuse(function() method(pool, {key = "k", replace = 1}, nothing) end), "'replace'")
			has(misuse(function() method(pool, {replace = true}, nothing) end), "needs a key")
			has(misuse(function() method(pool, {keys = "k"}, nothing) end), "unknown option 'keys'")
			has(misuse(function() method(pool, {"k"}, nothing) end), "names")
			has(misuse(function() method(pool, ("k"):rep(65536), nothing) end), "65535")
			has(misuse(function() method(pool, {key = ("k"):rep(65536)}, nothing) end), "65535")
		end
		assert.is_true(pool:submit(("k"):rep(65535), nothing):pcall())
		assert.equal(0, pool:pending())
		has(misuse(function() pool:submit("k", nothing, io.stdout) end), "arg 1: userdata")
		has(misuse(function() pool:submit("k", nothing, {x = io.stdout}) end), "arg 1.x: userdata")
		has(misuse(function() taskpool.submit(42, nothing) end), "not a number")
		has(misuse(function() taskpool.post("k", 5) end), "function expected")
		has(misuse(function() taskpool.defer("k", 5) end), "function expected")
		has(misuse(function() taskpool.prepare(5) end), "function expected")
		has(misuse(function() taskpool.prepare(coroutine.wrap(nothing)) end), "a C function")
	end)

	it("of options of a pool", function()
		for name, value in pairs{workers = -1, queue_capacity = 0.5, key_capacity = "x", key_turn = 2^32, key_interval = -1,
			key_burst = {}, placement = "somewhere", hash = 5, strict = 1, name = 5, state = "thread", init = 5,
			max_states = -1, grace = "x", max_memory = -5, unknown = 1} do
			has(misuse(function() taskpool.new{[name] = value} end), name)
		end
		misuse(function() taskpool.new(5) end)
		misuse(function() taskpool.new{"workers"} end)
		has(misuse(function() taskpool.new{init = function() return pool, io.stdout, io.stdout, coroutine.wrap end,
			grace = "x"} end), "grace")
		has(misuse(function() taskpool.adopt(5) end), "light userdata")
		has(misuse(function() taskpool.adopt() end), "light userdata")
	end)

	it("of the other methods", function()
		local key, f = pool:key "k", pool:submit("k", nothing)
		misuse(function() pool:key(5) end)
		misuse(function() pool:key() end)
		misuse(function() pool:key(("k"):rep(65536)) end)
		misuse(function() pool:poll(-1) end)
		misuse(function() pool:poll("x") end)
		misuse(function() pool.poll(f) end)
		misuse(function() pool.pending(key) end)
		misuse(function() pool:on_error(5) end)
		misuse(function() pool:close("now") end)
		misuse(function() pool.close() end)
		misuse(function() pool:wait(-1) end)
		misuse(function() pool:wait("x") end)
		misuse(function() pool:hot_keys(0) end)
		misuse(function() pool:hot_keys("x") end)
		misuse(function() pool.stats(key) end)
		misuse(function() pool.metrics() end)
		misuse(function() pool.fd(nil) end)
		misuse(function() key:wait(0 / 0) end)
		misuse(function() key:limit() end)
		misuse(function() key:limit("x") end)
		misuse(function() key:limit(1, -1) end)
		misuse(function() key:limit(1, 1.5) end)
		misuse(function() key.pause(pool) end)
		misuse(function() key:resume() end)
		misuse(function() key.name(f) end)
		misuse(function() key:submit(5) end)
		misuse(function() f:pcall(-1) end)
		misuse(function() f:pcall("x") end)
		misuse(function() f.get(key) end)
		misuse(function() f:on_done() end)
		misuse(function() f:on_done(5) end)
		misuse(function() f.status(nil) end)
		misuse(function() f.cancel({}) end)
		misuse(function() taskpool.all(5) end)
		misuse(function() taskpool.all{f, 5} end)
		misuse(function() taskpool.all{f}:pcall(-1) end)
		misuse(function() taskpool.sleep() end)
		misuse(function() taskpool.sleep(-1) end)
	end)

	it("of a pool that is closed", function()
		local key = pool:key "k"
		pool:close()
		has(misuse(function() pool:submit("k", nothing) end), "closed")
		has(misuse(function() pool:post("k", nothing) end), "closed")
		has(misuse(function() pool:defer("k", nothing) end), "closed")
		has(misuse(function() key:submit(nothing) end), "closed")
		assert.equal(0, pool:pending())
	end)
end)

describe("errors of jobs", function()
	it("have a message, a traceback and the key", function()
		local line = debug.getinfo(1, "l").currentline
		local function deep() error("oh") end
		local err = error_of(function() deep() end)
		has(err.message, ("errors_spec.lua:%d: oh"):format(line + 1))
		assert.equal("k", err.key)
		has(err.traceback, ("errors_spec.lua:%d: in "):format(line + 1))
		has(err.traceback, ("errors_spec.lua:%d: in "):format(line + 2))
		local text = tostring(err)
		for _, part in ipairs{err.message, err.traceback, "k"} do
			has(text, part)
		end
		local ok, keyless = pool:submit(nil, error, "oh", 0):pcall()
		assert.is_false(ok)
		assert.equal("oh", keyless.message)
		assert.is_nil(keyless.key)
		tostring(keyless)
	end)

	it("are raised by get", function()
		local f = pool:submit("k", error, "oh", 0)
		local ok, err = pcall(f.get, f)
		assert.is_false(ok)
		assert.equal("oh", err.message)
		assert.equal("taskpool.Error", getmetatable(err).__name)
	end)

	it("carry over what was raised", function()
		local cyclic = {code = 5}
		cyclic.self = cyclic
		for _, value in ipairs{{code = 5, list = {1, 2}}, cyclic, 42, true, "text"} do
			assert.is_true(support.same(value, error_of(error, value, 0).message))
			tostring(error_of(error, value, 0))
		end
		local err = error_of(function() error() end)
		assert.is_true(err.message == nil or err.message == "nil")
		tostring(err)
	end)

	it("become text where it cannot travel", function()
		has(error_of(function() error(io.stdout) end).message, "file (0x")
		has(error_of(function() error(coroutine.create(function() end)) end).message, "thread")
		has(error_of(function() error{io.stdout} end).message, "table")
		has(error_of(function()
			error(setmetatable({io.stdout}, {__tostring = function() return "told" end}))
		end).message, "told")
		tostring(error_of(function()
			error(setmetatable({io.stdout}, {__tostring = function() error("again") end}))
		end))
		tostring(error_of(function() error(setmetatable({io.stdout}, {__tostring = function() return {} end})) end))
		for _, worse in ipairs{function() error("again") end, function() return {} end} do
			has(error_of(function() error(setmetatable({io.stdout}, {__tostring = worse})) end).message, "table")
		end
	end)

	it("pass on those of other jobs", function()
		local other = taskpool.new{workers = 1}
		local err = error_of(function()
			other:submit("inner", function() error("deep", 0) end):get()
		end)
		other:close()
		has(tostring(err), "deep")
	end)

	it("leave the state in order", function()
		for _ = 1, 300 do
			error_of(function(t) local _ = t.x.y end, {})
		end
		local overflow = error_of(function() local function f() return 1 + f() end f() end)
		has(tostring(overflow), "overflow")
		assert.equal(1, pool:submit(nil, function() return 1 end):get())
	end)

	it("of posted jobs go to on_error", function()
		local errors = {}
		pool:on_error(function(err) errors[#errors + 1] = err end)
		pool:post("k", function() error({code = 5}) end)
		pool:post("k", function() return io.stdout end)
		pool:close()
		assert.equal(2, #errors)
		assert.equal(5, errors[1].message.code)
		assert.equal("k", errors[1].key)
		has(errors[2].message, "result 1: userdata")
	end)
end)

describe("errors of callbacks", function()
	it("go to on_error, and never leave poll", function()
		local errors = {}
		pool:on_error(function(err) errors[#errors + 1] = err error("on_error itself fails") end)
		pool:defer("k", function() error("deferred", 0) end)
		pool:defer(nil, function() error({code = 5}) end)
		pool:submit("k", nothing):on_done(function() error("done", 0) end)
		assert.is_true(support.eventually(function() return pool:pending() == 0 end, pool))
		assert.equal(3, #errors)
		local seen = {}
		for _, err in ipairs(errors) do
			seen[type(err.message) == "table" and err.message.code or err.message] = err
			assert.equal("string", type(err.traceback))
		end
		assert.equal("k", seen.deferred.key)
		assert.truthy(seen.done and seen[5])
		has(seen.deferred.traceback, "errors_spec.lua")
	end)

	it("are dropped without one", function()
		for _ = 1, 3 do
			pool:defer("k", error, "deferred")
		end
		pool:submit("k", nothing):on_done(error)
		assert.is_true(support.eventually(function() return pool:pending() == 0 end, pool))
		pool:defer("k", error, "deferred")
		pool:close()
		assert.equal(0, pool:pending())
	end)
end)
