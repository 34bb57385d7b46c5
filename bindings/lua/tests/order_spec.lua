-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- Jobs of a key one at a time and in order; jobs of different keys in parallel.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local describe, it, assert, before_each, after_each = describe, it, assert, before_each, after_each
local support = require "support"
local _ENV = support.globals -- luacheck: ignore
local taskpool = require "taskpool"

local pool

local function nothing() end

local function has(text, part)
	assert.truthy(text:find(part, 1, true), ("%q is not in %q"):format(part, text))
end

before_each(function()
	pool = taskpool.new{workers = 4, state = "key", queue_capacity = 10000}
end)

after_each(function()
	pool:close("cancel")
end)

-- Adds to the list of the key, and sees whether another job of the key is on its way.
local function note(value)
	local tp = require "taskpool"
	local state = tp.state
	state.list, state.overlaps = state.list or {}, (state.overlaps or 0) + (state.busy and 1 or 0)
	state.busy = true
	tp.sleep(0)
	state.list[#state.list + 1] = value
	state.busy = false
end

local function list()
	local state = require("taskpool").state
	return state.list, state.overlaps
end

describe("jobs of one key", function()
	it("run in the order of submission", function()
		local prepared = taskpool.prepare(note)
		for i = 1, 100 do
			for key = 1, 20 do
				pool:post("key " .. key, prepared, i)
			end
		end
		for key = 1, 20 do
			local values, overlaps = pool:submit("key " .. key, list):get()
			assert.equal(0, overlaps)
			assert.equal(100, #values)
			for i = 1, 100 do
				assert.equal(i, values[i])
			end
		end
	end)

	it("do so though many submit them, each in its own order", function()
		local producers = {}
		for p = 1, 4 do
			producers[p] = pool:submit("producer " .. p, function()
				for i = 1, 100 do
					for key = 1, 5 do
						pool:post("key " .. key, note, {p, i})
					end
				end
			end)
		end
		taskpool.all(producers):get()
		for key = 1, 5 do
			local values, overlaps = pool:submit("key " .. key, list):get()
			assert.equal(0, overlaps)
			assert.equal(400, #values)
			local last = {0, 0, 0, 0}
			for _, value in ipairs(values) do
				assert.equal(last[value[1]] + 1, value[2])
				last[value[1]] = value[2]
			end
		end
	end)

	it("start other jobs of it, which come after those there are", function()
		local first = pool:submit("k", function()
			pool:post("k", note, "third")
			return pool:submit("k", note, "fourth")
		end)
		pool:post("k", note, "second")
		first:get():get()
		local values = pool:submit("k", list):get()
		assert.equal(3, #values)
		local at = {}
		for i, value in ipairs(values) do
			at[value] = i
		end
		assert.is_true(at.third < at.fourth)
	end)

	it("do not run while the key is paused, and others do", function()
		local key = pool:key "k"
		key:pause()
		local waiting = key:submit(note, 1)
		for i = 1, 20 do
			assert.equal(i, pool:submit("other " .. i, function(x) return x end, i):get())
		end
		assert.equal("pending", waiting:status())
		key:resume()
		waiting:get()
	end)
end)

describe("jobs of different keys", function()
	-- Each opens its own gate and then passes all: none ends before all run.
	local function meet(mine, all)
		mine.key:resume()
		for _, gate in ipairs(all) do
			gate.opened:get()
		end
		return true
	end

	it("run at the same time", function()
		local meeting = {}
		for i = 1, 4 do
			meeting[i] = support.gate()
		end
		local futures = {}
		for i = 1, 4 do
			futures[i] = pool:submit(i < 4 and "k" .. i or nil, meet, meeting[i], meeting)
		end
		assert.same({true, true, true, true}, taskpool.all(futures):get())
	end)

	it("go on behind one that takes long", function()
		local release, blocked = support.block(pool, "slow")
		for i = 1, 50 do
			assert.equal(i, pool:submit("fast " .. i % 5, function(x) return x end, i):get())
		end
		assert.equal("running", blocked:status())
		support.open(release)
		assert.equal("unblocked", blocked:get())
	end)
end)

describe("a callback", function()
	it("has the turn of its key until it has run", function()
		local called = false
		pool:defer("k", function() called = true end)
		local f = pool:submit("k", note, 1)
		-- Others run meanwhile; no wait here lets the callback run.
		for i = 1, 20 do
			local other = pool:submit("other " .. i, note, 1)
			while other:status() ~= "done" do
				taskpool.sleep(0.0001)
			end
		end
		assert.is_false(called)
		assert.equal("pending", f:status())
		while not called do
			pool:poll(1)
		end
		f:get()
	end)

	it("has it though a script resumes the key, which it has not paused", function()
		pool:defer("k", nothing)
		local f = pool:submit("k", note, 1)
		local other = pool:submit("other", note, 1)
		while other:status() ~= "done" do
			taskpool.sleep(0.0001)
		end
		assert.is_false(pcall(function() pool:key("k"):resume() end))
		assert.equal("pending", f:status())
		f:get()
	end)

	it("comes in the order of its key", function()
		local seen = {}
		for i = 1, 30, 3 do
			pool:post("k", note, i)
			pool:defer("k", function()
				seen[#seen + 1] = i + 1
			end)
			pool:defer("k", function()
				seen[#seen + 1] = i + 2
			end)
		end
		local last = pool:submit("k", list)
		last:get() -- waits run callbacks
		local expected, posted = {}, {}
		for i = 1, 30, 3 do
			posted[#posted + 1] = i
			expected[#expected + 1] = i + 1
			expected[#expected + 1] = i + 2
		end
		assert.same(expected, seen)
		assert.same(posted, (last:get()))
	end)

	it("sees what the jobs before it did, and those after it what it did", function()
		local got
		pool:post("k", note, "before")
		pool:defer("k", function()
			got = pool:submit("other", function() return 5 end):get()
			pool:post("k", note, got)
		end)
		while pool:pending() > 0 do
			pool:poll(1)
		end
		assert.equal(5, got)
		assert.same({"before", 5}, (pool:submit("k", list):get()))
	end)
end)

describe("waits that could never end", function()
	local function refused(job, ...)
		local ok, err = pool:submit("k", job, ...):pcall()
		assert.is_false(ok)
		has(err.message, "could never end")
		has(err.message, "order_spec.lua:")
	end

	it("are refused", function()
		refused(function() pool:wait() end)
		refused(function() pool:wait(1000) end)
		refused(function() pool:key("k"):wait() end)
		refused(function() pool:key("k"):wait(1000) end)
		refused(function() pool:submit("k", note, 1):get() end)
		refused(function() pool:submit("k", note, 1):pcall() end)
		refused(function() taskpool.all{pool:submit("k", note, 1)}:get() end)
	end)

	it("are refused of a job for itself", function()
		local entered, given = support.gate(), support.gate()
		local box = taskpool.new{workers = 1, state = "key"}
		local f = pool:submit("k", function(here, there, other)
			here.key:resume()
			there.opened:get()
			return other:submit("box", function() return require("taskpool").state.future end):get():get()
		end, entered, given, box)
		support.pass(entered)
		box:submit("box", function(future) require("taskpool").state.future = future end, f):get()
		support.open(given)
		local ok, err = f:pcall()
		assert.is_false(ok)
		has(err.message, "could never end")
		box:close()
	end)

	it("are refused of a circle", function()
		local meeting = {support.gate(), support.gate()}
		local function wait_for(key, mine, other)
			mine.key:resume()
			other.opened:get()
			pool:key(key):wait()
		end
		local a = pool:submit("a", wait_for, "b", meeting[1], meeting[2])
		local b = pool:submit("b", wait_for, "a", meeting[2], meeting[1])
		local ok_a, err_a = a:pcall()
		local ok_b, err_b = b:pcall()
		assert.is_false(ok_a and ok_b)
		has(((ok_a and err_b or err_a) or {}).message, "could never end")
	end)

	it("are no others", function()
		assert.is_true(pool:submit("k", function() return pool:key("free"):wait() end):get())
		assert.equal(5, pool:submit("k", function()
			return pool:submit("other", function() return 5 end):get()
		end):get())
	end)
end)
