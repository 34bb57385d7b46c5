-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- What travels to a job and back: plain values and tables.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local describe, it, assert, setup, teardown = describe, it, assert, setup, teardown
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

-- What kind of number it is to a job, and as text: the same here and there.
local function looks(value)
	return type(value), math.type and math.type(value), ("%.17g"):format(value), tostring(value)
end

-- Tables in each other, as many, around the leaf.
local function nest(count, leaf)
	for _ = 1, count do
		leaf = {leaf}
	end
	return leaf
end

-- The message of what `submit` raises, which begins with this file.
local function refusal(...)
	local ok, message = pcall(pool.submit, pool, nil, echo, ...)
	assert.is_false(ok)
	return message
end

local function has(text, part)
	assert.truthy(text:find(part, 1, true), ("%q is not in %q"):format(part, text))
end

describe("plain values", function()
	setup(function()
		pool = taskpool.new{workers = 2}
	end)

	teardown(function()
		pool:close()
	end)

	it("stay what they are", function()
		for _, value in ipairs{true, false, "", "text", "a\0b\0", ("x"):rep(100000), 0, 1, -1, 0.5, 1e308, 5e-324} do
			assert.is_true(support.same(value, trip(value)))
		end
		assert.is_nil(trip(nil))
		assert.equal(0, select("#", trip()))
	end)

	it("are numbers in all bits", function()
		local numbers = {0, 1, -1, 127, 128, 2^31, -2^31, 2^32, 2^40, 2^53, 2^53 - 1, 2^63, -2^63, -0.0, 0.0, 0.1,
			1 / 0, -1 / 0, 0 / 0, 7.0}
		if support.has_integers then
			for _, n in ipairs{math.maxinteger, math.mininteger, math.tointeger(2^53) + 1, 7, math.tointeger(2^40)} do
				numbers[#numbers + 1] = n
			end
		end
		for _, n in ipairs(numbers) do
			assert.is_true(support.same(n, trip(n)), tostring(n))
			assert.same({looks(n)}, {pool:submit(nil, looks, n):get()})
		end
	end)

	it("keep integers and floats apart", function()
		if not support.has_integers then
			return
		end
		assert.same({"integer", "float"}, {pool:submit(nil, function(a, b)
			return math.type(a), math.type(b)
		end, 7, 7.0):get()})
		assert.equal("9007199254740993", tostring(trip(math.tointeger(2^53) + 1)))
	end)

	it("may be nil among others", function()
		local function check(count, ...)
			assert.equal(count, select("#", ...))
			return ...
		end
		local a, b, c, d = check(4, trip(nil, 1, nil, nil))
		assert.same({n = 4, nil, 1, nil, nil}, {n = 4, a, b, c, d})
		local count = pool:submit(nil, function(...) return select("#", ...) end, nil, nil, nil):get()
		assert.equal(3, count)
		check(200, trip(support.unpack({}, 1, 200)))
		check(7000, trip(support.unpack({}, 1, 7000)))
	end)

	it("are tables with any keys", function()
		local t = {1, 2, nil, 4, [0] = 0, [-1] = "a", [0.5] = 1, x = {y = {}}, [true] = false, ["a\0b"] = "c", [2^53] = 1}
		assert.is_true(support.same(t, trip(t)))
		local key = {1}
		local back = trip{[key] = key}
		local k, v = next(back)
		assert.same({1}, k)
		assert.equal(k, v)
		local long = {}
		for i = 1, 10000 do
			long[i] = i
		end
		assert.is_true(support.same(long, trip(long)))
	end)

	-- The length that such a table says it has may be anything, and would be gigabytes here.
	it("are tables with wide gaps", function()
		local wide = {}
		for i = 26, 0, -1 do
			wide[2 ^ i] = true
		end
		local tight = taskpool.new{workers = 1, max_memory = 16 * 2 ^ 20}
		assert.is_true(support.same(wide, tight:submit(nil, echo, wide):get()))
		tight:close()
	end)

	it("are copies", function()
		local t = {}
		local back = pool:submit(nil, function(got) got.x = 1 return got end, t):get()
		assert.equal(1, back.x)
		assert.is_nil(t.x)
		local f = pool:submit(nil, echo, {})
		assert.not_equal(f:get(), f:get())
	end)

	it("keep cycles, and what is shared", function()
		local t = {}
		t.self, t.deep = t, {up = t}
		local shared = {1}
		t[1], t[2] = shared, shared
		assert.is_true(support.same(t, trip(t)))
		local a, b = trip(shared, {shared})
		assert.equal(a, b[1])
		assert.is_true(pool:submit(nil, function(x) return x.deep.up == x and x[1] == x[2] end, t):get())
		assert.is_false(support.same({shared, shared}, {{1}, {1}}))
	end)

	it("lose their metatables", function()
		assert.is_nil(getmetatable(trip(setmetatable({}, {__index = {x = 1}}))))
		local proxy = setmetatable({1}, {__index = function() error("called") end, __len = function() return 1000 end,
			__pairs = function() error("called") end, __newindex = function() error("called") end})
		assert.same({1}, trip(proxy))
	end)

	it("nest 100 deep, and no deeper", function()
		for _, depth in ipairs{1, 99, 100} do
			assert.is_true(support.same(nest(depth, "leaf"), trip(nest(depth, "leaf"))))
		end
		local message = refusal(nest(101, "leaf"))
		has(message, "arg 1[1][1]")
		has(message, "nested too deeply")
		refusal(nest(100000, "leaf"))
		local ok, err = pool:submit(nil, function(count)
			local t = {}
			for _ = 1, count do
				t = {t}
			end
			return t
		end, 1000):pcall()
		assert.is_false(ok)
		has(tostring(err), "nested too deeply")
	end)

	it("name the path of what cannot be sent", function()
		has(refusal(1, {items = {1, 2, io.stdout}}), "arg 2.items[3]: userdata")
		has(refusal(io.stdout), "arg 1: userdata")
		has(refusal(nil, coroutine.create(echo)), "arg 2: a coroutine")
		has(refusal({[io.stdout] = 1}), "arg 1[userdata]: userdata")
		has(refusal({a = {[true] = io.stdout}}), "arg 1.a[boolean]: userdata")
		has(refusal({[0.5] = {b = coroutine.wrap(echo)}}), "arg 1[0.5].b: a C function")
		local file = io.stdout
		has(refusal({f = function() return file end}), "arg 1.f upvalue file: userdata")
		local ok, message = pcall(pool.submit, pool, nil, function() return file end)
		assert.is_false(ok)
		has(message, "function upvalue file: userdata")
	end)

	it("are refused as results by an error of the future", function()
		local ok, err = pool:submit("k", function() return 1, {x = io.stdout} end):pcall()
		assert.is_false(ok)
		has(err.message, "result 2.x: userdata")
		assert.equal("k", err.key)
		ok, err = pool:submit(nil, function() return coroutine.create(function() end) end):pcall()
		assert.is_false(ok)
		has(err.message, "result 1: a coroutine")
	end)

	it("do not fail for ever after one that failed", function()
		for _ = 1, 50 do
			refusal({1, "a", {io.stdout}}, 2)
			local t = {}
			t.t = t
			assert.is_true(support.same(t, trip(t)))
		end
	end)

	it("come back as they went, whatever they are", function()
		local random, seed = support.random()
		local made
		local function value(depth)
			local what = random(depth > 0 and 11 or 8)
			if what == 1 then
				return random(2) == 1
			elseif what == 2 then
				return random(1000) - 500
			elseif what == 3 then
				return (random(2000000000) - 1e9) / random(1000000)
			elseif what == 4 then
				return 2 ^ (random(2000) - 1000)
			elseif what <= 7 then
				local bytes = {}
				for i = 1, random(20) - 1 do
					bytes[i] = string.char(random(256) - 1)
				end
				return table.concat(bytes)
			elseif what == 8 then
				return #made > 0 and made[random(#made)] or {}
			end
			local t = {}
			made[#made + 1] = t
			for i = 1, random(6) - 1 do
				local key = random(2) == 1 and i or value(0)
				t[type(key) == "table" and "x" or key] = value(depth - 1)
			end
			return t
		end
		for i = 1, 500 do
			made = {}
			local one, two = value(6), value(3)
			local a, b = trip(one, two)
			assert.is_true(support.same({one, two}, {a, b}), ("TASKPOOL_SEED=%d, run %d"):format(seed, i))
		end
	end)
end)
