-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- What runs on the main state, inside poll.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local describe, it, assert, before_each, after_each = describe, it, assert, before_each, after_each
local pending = pending
local support = require "support"
local _ENV = support.globals -- luacheck: ignore
local taskpool = require "taskpool"

local pool, seen

local function nothing() end

local function see(value)
	return function() seen[#seen + 1] = value end
end

local function drain()
	assert.is_true(support.eventually(function() return pool:pending() == 0 end, pool))
end

before_each(function()
	pool, seen = taskpool.new{workers = 2, queue_capacity = 1000}, {}
end)

after_each(function()
	pool:close("cancel")
end)

describe("on_done", function()
	it("is called once the job has ended, whenever it was set, and as often", function()
		local release, f = support.block(pool, "k")
		f:on_done(see(1)):on_done(see(2))
		assert.equal(2, pool:pending())
		assert.equal(0, pool:poll(0))
		support.open(release)
		f:get()
		drain()
		assert.same({1, 2}, seen)
		f:on_done(see(3))
		assert.same({1, 2}, seen)
		drain()
		f:on_done(see(4)):on_done(see(5))
		drain()
		assert.same({1, 2, 3, 4, 5}, seen)
	end)

	it("gets what pcall does", function()
		local function note(...)
			seen[#seen + 1] = {n = select("#", ...), ...}
		end
		pool:submit("k", function() return 1, nil end):on_done(note)
		drain()
		pool:submit("k", error, "oh"):on_done(note)
		drain()
		local release = support.block(pool, "k")
		local canceled = pool:submit("k", nothing):on_done(note)
		canceled:cancel()
		drain()
		support.open(release)
		assert.same({n = 3, true, 1}, seen[1])
		assert.is_false(seen[2][1])
		assert.equal("oh", seen[2][2].message)
		assert.is_false(seen[3][1])
		assert.equal("canceled", seen[3][2].message)
	end)

	it("needs nobody to keep the future", function()
		for i = 1, 20 do
			pool:submit("k", nothing):on_done(see(i))
			collectgarbage()
		end
		drain()
		assert.equal(20, #seen)
		for i = 1, 20 do
			assert.equal(i, seen[i])
		end
	end)

	it("may be set in a callback", function()
		local f = pool:submit("k", function() return 5 end)
		f:on_done(function()
			f:on_done(function(ok, value) seen[1] = ok and value end)
			assert.equal(5, f:get())
		end)
		drain()
		assert.same({5}, seen)
	end)
end)

describe("poll", function()
	it("runs what callbacks defer", function()
		local function again(n)
			seen[#seen + 1] = n
			if n > 1 then
				pool:defer("k", again, n - 1)
			end
		end
		pool:defer("k", again, 10)
		drain()
		assert.same({10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, seen)
	end)

	it("comes to an end, though callbacks lead to others for ever", function()
		local go_on, f = true, pool:submit("k", nothing)
		f:get()
		local function again()
			seen[#seen + 1] = true
			if go_on then
				f:on_done(again)
			end
		end
		f:on_done(again)
		local ran = pool:poll(1)
		assert.is_true(ran >= 1)
		assert.is_true(pool:pending() == 1)
		go_on = false
		drain()
	end)

	it("may be called in a callback", function()
		pool:defer("a", function()
			pool:defer("b", see("inner"))
			while #seen == 0 do
				pool:poll(1)
			end
			seen[#seen + 1] = "outer"
		end)
		drain()
		assert.same({"inner", "outer"}, seen)
	end)

	it("waits no longer than asked, and for the first only", function()
		assert.equal(0, pool:poll())
		assert.equal(0, pool:poll(0.001))
		local release, f = support.block(pool, "k")
		f:on_done(see(1))
		support.open(release)
		assert.equal(1, pool:poll(60))
	end)

	it("runs what coroutines that have died deferred", function()
		for i = 1, 10 do
			coroutine.wrap(function()
				pool:defer("k", see(i))
				pool:submit("k", nothing):on_done(see(i + 100))
				error("dead")
			end)
		end
		for i = 1, 10 do
			local co = coroutine.create(function()
				pool:defer("k", see(i))
				pool:submit("k", nothing):on_done(nothing)
				coroutine.yield()
			end)
			coroutine.resume(co)
		end
		collectgarbage()
		collectgarbage()
		drain()
		assert.equal(10, #seen)
	end)

	it("works in a coroutine, of which callbacks are no part", function()
		local done
		coroutine.wrap(function()
			pool:defer("k", function() assert.is_false(pcall(coroutine.yield)) seen[1] = true end)
			drain()
			done = pool:submit("k", function() return 5 end):get()
		end)()
		assert.equal(5, done)
		assert.is_true(seen[1])
	end)
end)

describe("waits", function()
	it("run callbacks that others wait for", function()
		pool:defer("k", see("get"))
		assert.equal(5, pool:submit("k", function() return 5 end):get())
		pool:defer("k", see("pcall"))
		assert.is_true(pool:submit("k", nothing):pcall(60))
		pool:defer("k", see("pool"))
		pool:post("k", nothing)
		assert.is_true(pool:wait())
		pool:defer("k", see("key"))
		pool:post("k", nothing)
		assert.is_true(pool:key("k"):wait())
		pool:defer("k", see("all"))
		taskpool.all{pool:submit("k", nothing)}:get()
		drain()
		assert.same({"get", "pcall", "pool", "key", "all"}, seen)
	end)

	it("for room do so, too", function()
		local small = taskpool.new{workers = 1, queue_capacity = 1}
		small:defer("k", see(1))
		for _ = 1, 5 do
			small:post("k", nothing)
		end
		assert.same({1}, seen)
		for i = 2, 20 do
			small:defer("k", see(i))
		end
		small:close()
		assert.equal(20, #seen)
		for i = 1, 20 do
			assert.equal(i, seen[i])
		end
	end)
end)

describe("the descriptor", function()
	it("is readable while there is something to poll", function()
		local found, luv = pcall(require, "luv")
		if not found then
			pending("luv is not there")
			return
		end
		local polled = 0
		local handle = luv.new_poll(pool:fd())
		local guard = luv.new_timer()
		luv.timer_start(guard, 60000, 0, function() luv.stop() end)
		luv.poll_start(handle, "r", function()
			polled = polled + pool:poll()
			if polled == 30 then
				luv.stop()
			end
		end)
		for i = 1, 10 do
			pool:defer("k", see(i))
			pool:submit("k", nothing):on_done(see(i))
			pool:defer(nil, see(i))
		end
		luv.run()
		luv.timer_stop(guard)
		luv.close(guard)
		assert.equal(30, polled)
		assert.equal(0, pool:pending())
		local readable = false
		luv.poll_start(handle, "r", function() readable = true end)
		luv.run("nowait")
		luv.poll_stop(handle)
		luv.close(handle)
		luv.run("nowait")
		assert.is_false(readable)
	end)
end)

describe("close", function()
	it("runs the callbacks, and those which they defer no more", function()
		local refused
		local f = pool:submit("k", nothing)
		f:on_done(see("done"))
		pool:defer("k", function()
			seen[#seen + 1] = "deferred"
			refused = not pcall(pool.defer, pool, "k", nothing)
		end)
		pool:close()
		table.sort(seen)
		assert.same({"deferred", "done"}, seen)
		assert.is_true(refused)
		assert.equal(0, pool:pending())
	end)

	it("may drop the deferred ones, and tells futures that they are canceled", function()
		local key = pool:key "k"
		key:pause()
		pool:defer("k", see("dropped"))
		local f = key:submit(nothing)
		f:on_done(function(ok, err) seen[#seen + 1] = ok == false and err.message end)
		pool:close("cancel")
		assert.same({"canceled"}, seen)
		assert.equal(0, pool:pending())
	end)

	it("is refused in a callback that others of the key wait for", function()
		local ok, message
		pool:defer("k", function() ok, message = pcall(pool.close, pool) end)
		pool:defer("k", see("after"))
		assert.is_true(support.eventually(function() return #seen == 1 end, pool))
		assert.is_false(ok)
		assert.equal("string", type(message))
		pool:close()
		assert.equal(0, pool:pending())
	end)

	it("of a pool with callbacks for a coroutine's locals is fine", function()
		coroutine.wrap(function()
			local mine = 5
			pool:defer("k", function() seen[#seen + 1] = mine end)
		end)()
		collectgarbage()
		pool:close()
		assert.same({5}, seen)
	end)
end)
