-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- What travels to a job and back: functions with their upvalues, userdata, handles.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local describe, it, assert, before_each, after_each = describe, it, assert, before_each, after_each
local support = require "support"
local _ENV = support.globals -- luacheck: ignore
local taskpool = require "taskpool"

local pool

local function echo(...)
	return ...
end

local function trip(...)
	return pool:submit(nil, echo, ...):get()
end

local function has(text, part)
	assert.truthy(text:find(part, 1, true), ("%q is not in %q"):format(part, text))
end

local function refusal(...)
	local ok, message = pcall(pool.submit, pool, nil, ...)
	assert.is_false(ok)
	return message
end

before_each(function()
	pool = taskpool.new{workers = 2}
end)

after_each(function()
	pool:close()
end)

describe("functions", function()
	it("have copies of their upvalues, as they are at the submit", function()
		local n, t, absent = 1, {x = {1, 2}}, nil
		local f = function() n = n + 1 t.x[1] = t.x[1] + 10 return n, t.x[1], absent end
		local future = pool:submit(nil, f)
		n = 100
		assert.same({2, 11}, {future:get()})
		assert.equal(100, n)
		assert.equal(1, t.x[1])
		assert.same({101, 11}, {pool:submit(nil, f):get()})
		assert.equal(100, n)
	end)

	it("have copies of what they share", function()
		local n = 0
		local function up() n = n + 1 return n end
		local function look() return n end
		assert.same({1, 0}, {pool:submit(nil, function(a, b) return a(), b() end, up, look):get()})
		assert.same({1, 0}, {pool:submit(nil, function() return up(), look() end):get()})
		assert.equal(0, n)
	end)

	it("may refer to themselves and each other", function()
		local function factorial(n) return n <= 1 and 1 or n * factorial(n - 1) end
		assert.equal(120, pool:submit(nil, factorial, 5):get())
		local even
		local function odd(n) return n > 0 and even(n - 1) end
		function even(n) return n == 0 or odd(n - 1) end
		assert.is_true(pool:submit(nil, even, 10):get())
		local object = {n = 3}
		function object.get() return object.n, object end
		local n, same = pool:submit(nil, function(o)
			local _, self = o.get()
			return o.get() + 1, self == o
		end, object):get()
		assert.equal(4, n)
		assert.is_true(same)
	end)

	it("see the globals of the state they are in", function()
		local globals = _G
		local f = function()
			taskpool_specs = 5 -- luacheck: ignore
			return globals == _G, globals.taskpool_specs, _G.string == string
		end
		assert.same({true, 5, true}, {pool:submit(nil, f):get()})
		assert.is_nil(rawget(_G, "taskpool_specs"))
		assert.is_true(pool:submit(nil, function(g) return g == _G end, _G):get())
		assert.equal(_G, pool:submit(nil, function() return _G end):get())
	end)

	it("have modules that are upvalues from their state", function()
		local text, tp = string, taskpool
		assert.is_true(pool:submit(nil, function() return text == string and tp == require "taskpool" end):get())
		assert.equal("k", pool:submit("k", function() return tp.key() end):get())
		local shared = support
		assert.is_true(pool:submit(nil, function() return shared == require "support" end):get())
	end)

	it("come back, and work", function()
		local n = 5
		local f = trip(function(a) return a + n end)
		assert.equal(7, f(2))
		local g = pool:submit(nil, function(x) return function() return x * 2 end end, 21):get()
		assert.equal(42, g())
	end)

	it("keep the place they came from", function()
		local f = function() end
		local before, after = debug.getinfo(f, "S"), debug.getinfo(trip(f), "S")
		assert.equal(before.short_src, after.short_src)
		assert.equal(before.linedefined, after.linedefined)
	end)

	it("of C are sent by name", function()
		assert.equal(string.format, trip(string.format))
		assert.equal(print, trip(print))
		assert.is_true(pool:submit(nil, function(f, t) return f == string.format and t.x == math.floor end,
			string.format, {x = math.floor}):get())
		assert.equal("5", pool:submit(nil, tostring, 5):get())
		local floor = math.floor
		assert.equal(5, pool:submit(nil, function(x) return floor(x) end, 5.5):get())
		assert.equal(3, pool:submit(nil, taskpool.prepare(math.floor), 3.5):get())
	end)

	it("of C that no module has are refused", function()
		local wrapped = coroutine.wrap(echo)
		has(refusal(wrapped), "function: a C function")
		has(refusal(echo, 1, wrapped), "arg 2: a C function")
		has(refusal(function() return wrapped end), "function upvalue wrapped: a C function")
		local gone = string.rep
		assert.equal(gone, trip(gone))
		string.rep = nil -- luacheck: ignore
		local ok, message = pcall(pool.submit, pool, nil, echo, gone)
		string.rep = gone -- luacheck: ignore
		assert.is_false(ok)
		has(message, "arg 1: a C function")
	end)

	it("that are no functions are refused", function()
		has(refusal(5), "function expected, got number")
		has(refusal(nil), "function expected, got nil")
		has(refusal(setmetatable({}, {__call = echo})), "function expected, got table")
		has(refusal(coroutine.create(echo)), "function expected, got thread")
		has(refusal(pool), "function expected")
		has(refusal(), "function expected")
		assert.has_error(function() taskpool.prepare(5) end)
		assert.has_error(function() taskpool.prepare() end)
	end)
end)

describe("userdata", function()
	local files = debug.getregistry()["FILE*"]

	after_each(function()
		files.__transfer = nil
	end)

	it("that are light are pointers", function()
		if debug.upvalueid == nil then
			return -- nothing else makes one
		end
		local pointer = debug.upvalueid(trip, 1)
		assert.equal(pointer, trip(pointer))
		assert.equal(pointer, trip{pointer}[1])
	end)

	it("travel as what their __transfer makes of them", function()
		files.__transfer = function(file) return "support", {type = io.type(file), list = {1, 2}} end
		assert.same({received = {type = "file", list = {1, 2}}}, trip(io.stdout))
		local a, b = trip(io.stdout, {io.stdout})
		assert.equal(a, b[1])
		local t = setmetatable({1}, {__transfer = function(object) return "support", object[1] + 1 end})
		assert.same({received = 2}, trip(t))
		local inner = setmetatable({}, {__transfer = function() return "support", {t, t} end})
		local got = trip(inner, t)
		assert.same({received = {{received = 2}, {received = 2}}}, got)
		assert.equal(got.received[1], got.received[2])
	end)

	it("have errors of __transfer and __receive where these are called", function()
		files.__transfer = function() error("will not") end
		has(refusal(echo, io.stdout), "will not")
		files.__transfer = function() return 5 end
		has(refusal(echo, io.stdout), "arg 1: __transfer")
		files.__transfer = function(file) return "support", {file} end
		local ok, err = pcall(trip, io.stdout)
		assert.is_false(ok)
		assert.truthy(tostring(err):find("__transfer", 1, true))
		local like_it = {} -- not that of files, whose __gc must not get a table
		like_it.__transfer = function() return "support", setmetatable({}, like_it) end
		files.__transfer = like_it.__transfer
		has(refusal(echo, io.stdout), "nested too deeply")
		files.__transfer = function() return "no_such_module", 1 end
		ok, err = pool:submit(nil, echo, io.stdout):pcall()
		assert.is_false(ok)
		has(err.message, "no_such_module")
		files.__transfer = function() return "string", 1 end
		assert.is_false((pool:submit(nil, echo, io.stdout):pcall()))
		files.__transfer = function() return "support", pool:submit(nil, echo, {5}):get() end
		assert.same({received = {5}}, trip(io.stdout))
	end)
end)

describe("handles", function()
	it("are the same there, as arguments, results and upvalues", function()
		local key, prepared = pool:key "k", taskpool.prepare(echo)
		local f = pool:submit(nil, echo, 5)
		f:get()
		assert.same({2, "k", 5, "done"}, {pool:submit(nil, function(p, k, future, fn)
			local _ = p:submit("other", fn, 1)
			return p:workers(), k:name(), future:get(), future:status()
		end, pool, key, f, prepared):get()})
		assert.same({2, "k", 5}, {pool:submit(nil, function()
			return pool:workers(), key:name(), f:get()
		end):get()})
		local p, k, future, fn, again = trip(pool, key, f, prepared, {pool})
		assert.is_true(p == pool and k == key and future == f and fn == prepared and again[1] == pool)
		assert.equal(5, future:get())
		assert.equal(7, pool:submit(nil, fn, 7):get())
		assert.is_true(pool:submit(nil, function(a, b) return a == b[1] end, pool, {pool}):get())
	end)

	it("let jobs submit jobs", function()
		local inner = pool:submit("a", function()
			return pool:submit("b", function(x) return x + 1 end, 1)
		end):get()
		assert.equal(2, inner:get())
		assert.equal(6, pool:submit("a", function()
			return pool:submit("b", function() return 5 end):get() + 1
		end):get())
	end)

	it("of prepared functions have upvalues that are handles", function()
		local prepared = taskpool.prepare(function() return pool:workers() end)
		assert.equal(2, pool:submit(nil, prepared):get())
	end)

	it("do only at home what only there makes sense", function()
		for _, job in ipairs{
			function() pool:poll() end, function() pool:close() end, function() pool:close("cancel") end,
			function() pool:on_error(print) end, function() pool:defer("k", print) end,
			function() pool:submit("other", print):on_done(print) end,
		} do
			local ok, err = pool:submit("k", job):pcall()
			assert.is_false(ok)
			local info = debug.getinfo(job, "S")
			has(err.message, info.short_src .. ":" .. info.linedefined .. ": ")
		end
		assert.equal(1, pool:submit(nil, echo, 1):get())
	end)
end)
