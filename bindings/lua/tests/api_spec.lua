-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- Everything that is promised, once and as it is written down.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local describe, it, assert, before_each, after_each = describe, it, assert, before_each, after_each
local support = require "support"
local _ENV = support.globals -- luacheck: ignore
local taskpool = require "taskpool"
local core = require "taskpool.core"

local function add(a, b)
	return a + b
end

describe("the interface", function()
	local pool

	before_each(function()
		pool = taskpool.new{workers = 2, queue_capacity = 1000}
	end)

	after_each(function()
		pool:close("cancel")
	end)

	it("has a version", function()
		assert.truthy(taskpool._VERSION:match("^taskpool %d+%.%d+"))
	end)

	it("submits with a key, without one, and to a key", function()
		local user = pool:key "user:42"
		assert.equal(3, pool:submit("user:42", add, 1, 2):get())
		assert.equal(7, pool:submit(nil, add, 3, 4):get())
		assert.equal(2, user:submit(add, 1, 1):get())
		assert.equal("user:42", user:name())
		assert.equal("a\0b", pool:submit("a\0b", function() return require("taskpool").key() end):get())
		assert.is_nil(pool:submit(nil, function() return require("taskpool").key() end):get())
		assert.equal("", pool:submit("", function() return require("taskpool").key() end):get())
	end)

	it("has results, errors and timeouts of a job", function()
		local f = pool:submit("k", function() return 1, nil, "three", nil end)
		assert.same({n = 4, 1, nil, "three"}, {n = select("#", f:get()), f:get()})
		local outcome = {f:pcall(30)}
		assert.same({true, 1, nil, "three"}, outcome)
		assert.equal(5, select("#", f:pcall()))
		f = pool:submit("k", function() error("oh", 0) end)
		local ok, err = f:pcall(30)
		assert.is_false(ok)
		assert.equal("oh", err.message)
		assert.equal("k", err.key)
		assert.has_error(function() f:get() end)
		local release
		release, f = support.block(pool, "k")
		assert.same({n = 2, nil, "timeout"}, {n = select("#", f:pcall(0)), f:pcall(0.001)})
		support.open(release)
		assert.equal("unblocked", f:get())
	end)

	it("tells how far a job is", function()
		local release, running = support.block(pool, "k")
		local waiting = pool:submit("k", add, 1, 2)
		local late = pool:submit({key = "k", ttl = 0.001}, add, 1, 2)
		local failing = pool:submit("k", error, "oh")
		local canceled = pool:submit("k", add, 1, 2)
		assert.equal("running", running:status())
		assert.equal("pending", waiting:status())
		assert.is_true(canceled:cancel())
		assert.equal("canceled", canceled:status())
		assert.is_false(running:cancel())
		taskpool.sleep(0.01)
		support.open(release)
		assert.equal(3, waiting:get())
		assert.equal("done", waiting:status())
		assert.is_false(waiting:cancel())
		local ok, err = late:pcall()
		assert.is_false(ok)
		assert.equal("expired", err.message)
		assert.equal("expired", late:status())
		ok, err = canceled:pcall()
		assert.is_false(ok)
		assert.equal("canceled", err.message)
		assert.is_false(failing:pcall())
		assert.equal("error", failing:status())
		assert.equal("done", running:status())
	end)

	it("prepares functions, as they are then", function()
		local n = 10
		local prepared = taskpool.prepare(function(a) return a + n end)
		n = 20
		for i = 1, 50 do
			assert.equal(i + 10, pool:submit("user:42", prepared, i):get())
		end
		assert.is_true(pool:post("user:42", prepared, 5))
		assert.equal(11, pool:key("k"):submit(prepared, 1):get())
	end)

	it("posts, and reports errors", function()
		local errors = {}
		assert.equal(pool, pool:on_error(function(err) errors[#errors + 1] = err end))
		assert.is_true(pool:post("k", function() error("first", 0) end))
		assert.is_true(pool:key("k"):post(function() error("second", 0) end))
		assert.is_true(support.eventually(function() return #errors == 2 end, pool))
		assert.equal("first", errors[1].message)
		assert.equal("second", errors[2].message)
		pool:on_error(nil)
		pool:post("k", error, "dropped")
		pool:wait()
		pool:poll()
		assert.equal(2, #errors)
	end)

	it("waits for a key, cancels, pauses and resumes it", function()
		local user = pool:key "user:42"
		local release = support.block(user)
		local futures = {}
		for i = 1, 3 do
			futures[i] = user:submit(add, i, i)
		end
		assert.is_false(user:wait(0.001))
		assert.equal(3, user:cancel())
		assert.equal("canceled", futures[3]:status())
		support.open(release)
		assert.is_true(user:wait(60))
		assert.is_true(user:wait())
		user:pause()
		user:pause()
		local f = user:submit(add, 1, 2)
		user:resume()
		assert.equal(7, pool:submit("other", add, 3, 4):get())
		assert.equal("pending", f:status())
		user:resume()
		assert.equal(3, f:get())
	end)

	it("limits how often jobs of a key start", function()
		local user = pool:key "limited"
		user:limit(0.02)
		local start = core.now()
		for _ = 1, 3 do
			user:post(add, 1, 2)
		end
		user:wait()
		assert.is_true(core.now() - start >= 0.039)
		user:limit(0.02, 5)
		user:limit(0)
		assert.equal(3, user:submit(add, 1, 2):get())
	end)

	it("delays a job", function()
		local start = core.now()
		assert.equal(3, pool:submit({key = "k", delay = 0.03}, add, 1, 2):get())
		assert.is_true(core.now() - start >= 0.029)
		assert.equal(3, pool:submit({}, add, 1, 2):get())
		assert.equal(3, pool:submit({ttl = 60}, add, 1, 2):get())
	end)

	it("replaces a job that waits", function()
		local release = support.block(pool, "k")
		local old = pool:submit({key = "k", replace = true}, add, 1, 2)
		local new = pool:submit({key = "k", replace = true}, add, 3, 4)
		support.open(release)
		assert.equal(7, new:get())
		local ok, err = old:pcall()
		assert.is_false(ok)
		assert.equal("canceled", err.message)
		assert.equal("canceled", old:status())
		assert.equal(1, pool:stats().replaced)
	end)

	it("says when the queue is full", function()
		local small = taskpool.new{workers = 1, queue_capacity = 1}
		local release = support.block(small, "k")
		local f = small:submit("k", add, 1, 2)
		for _, method in ipairs{"submit", "post", "defer"} do
			assert.same({nil, "full"}, {small[method](small, {key = "k", timeout = 0}, add, 1, 2)})
			assert.same({nil, "timeout"}, {small[method](small, {key = "k", timeout = 0.001}, add, 1, 2)})
		end
		assert.equal(0, small:pending())
		assert.is_true(small:stats().rejected >= 3)
		support.open(release)
		assert.equal(3, f:get())
		assert.is_true(small:post({key = "k", timeout = 60}, add, 1, 2))
		small:close()
	end)

	it("calls back", function()
		local counter, results = 0, {}
		assert.is_true(pool:defer("user:42", function(by) counter = counter + by end, 5))
		assert.is_true(pool:defer(nil, function() counter = counter + 1 end))
		assert.is_true(pool:key("user:42"):defer(function() counter = counter + 10 end))
		local f = pool:submit("user:42", add, 1, 2)
		assert.equal(f, f:on_done(function(ok, ...) results = {ok, ...} end))
		assert.equal(4, pool:pending())
		local ran = 0
		while pool:pending() > 0 do
			ran = ran + pool:poll(0.1)
		end
		assert.equal(4, ran)
		assert.equal(16, counter)
		assert.same({true, 3}, results)
		assert.equal(0, pool:poll(0))
		assert.equal("number", type(pool:fd()))
		assert.equal(pool:fd(), pool:fd())
	end)

	it("waits for several futures", function()
		local f = pool:submit("user:42", add, 1, 2)
		local all = taskpool.all{f, pool:submit(nil, function() return "first", "second" end)}
		assert.same({3, "first"}, all:get())
		local ok, results = all:pcall(60)
		assert.is_true(ok)
		assert.same({3, "first"}, results)
		assert.same({}, taskpool.all{}:get())
		local failing = taskpool.all{f, pool:submit(nil, error, "one"), pool:submit(nil, error, "two")}
		local err
		ok, err = failing:pcall()
		assert.is_false(ok)
		assert.equal("one", err.message)
		ok, err = pcall(failing.get, failing)
		assert.is_false(ok)
		assert.equal("one", err.message)
		local release, blocked = support.block(pool, "k")
		assert.same({n = 2, nil, "timeout"}, {n = select("#", taskpool.all{f, blocked}:pcall(0)),
			taskpool.all{f, blocked}:pcall(0.001)})
		support.open(release)
	end)

	it("keeps the name it was given, though the table of options changes meanwhile", function()
		for i = 1, 20 do
			local options = {workers = 1, name = ("n"):rep(40) .. i}
			setmetatable(package, {__index = function()
				options.name = nil
				collectgarbage()
				return ("m"):rep(40) .. i
			end})
			local cpath = package.cpath
			package.cpath = nil
			local pool = taskpool.new(options)
			package.cpath = cpath
			setmetatable(package, nil)
			assert.truthy(pool:metrics():find(("n"):rep(15), 1, true))
			pool:close()
		end
	end)

	it("is the same when it is loaded again", function()
		local before = package.loaded.taskpool
		package.loaded.taskpool = nil
		local again = require "taskpool"
		package.loaded.taskpool = before
		local pool = again.new{workers = 1}
		assert.equal(1, pool:workers())
		assert.equal(1, pool:submit(nil, math.abs, -1):get())
		pool:close()
	end)

	it("shows what happens in it", function()
		local release = support.block(pool, "busy")
		for _ = 1, 3 do
			pool:post("busy", add, 1, 2)
		end
		local hot = pool:hot_keys(1)
		assert.same({{key = "busy", queued = 3}}, hot)
		assert.equal(1, #pool:hot_keys())
		local stats = pool:stats()
		assert.equal(4, stats.submitted)
		assert.equal(1, stats.running)
		assert.equal(3, stats.queued)
		assert.equal(64, #stats.wait_time)
		assert.equal(64, #stats.run_time)
		assert.equal("number", type(stats.blocked_time))
		support.open(release)
		assert.is_true(pool:wait(60))
		assert.equal(4, pool:stats().ran)
		assert.truthy(pool:metrics():find("# EOF", 1, true))
		assert.equal(2, pool:workers())
	end)

	it("closes, and runs what waits", function()
		local f = pool:submit("k", add, 1, 2)
		local called = 0
		pool:defer("k", function() called = called + 1 end)
		f:on_done(function() called = called + 10 end)
		local paused = pool:key "paused"
		paused:pause()
		local waiting = paused:submit(add, 3, 4)
		pool:close()
		assert.equal(11, called)
		assert.equal(0, pool:pending())
		assert.equal(3, f:get())
		assert.equal(7, waiting:get())
		assert.has_error(function() pool:submit("k", add, 1, 2) end)
		pool:close()
		pool:close("cancel")
	end)

	it("closes, and cancels what waits", function()
		local entered = support.gate()
		local running = pool:submit("k", function(gate)
			local tp = require "taskpool"
			gate.key:resume()
			local ok, why = tp.sleep(600)
			return ok, why, tp.canceled()
		end, entered)
		local waiting = pool:submit("k", add, 1, 2)
		local called = false
		pool:defer("k", function() called = true end)
		support.pass(entered)
		pool:close("cancel")
		assert.same({nil, "canceled", true}, {running:get()})
		assert.equal("canceled", waiting:status())
		assert.is_false(called)
		assert.equal(0, pool:pending())
	end)

	it("has a default pool", function()
		assert.equal(3, taskpool.submit("user:42", add, 1, 2):get())
		assert.is_true(taskpool.post("user:42", add, 1, 2))
		local called
		assert.is_true(taskpool.defer(nil, function(value) called = value end, 5))
		local default = taskpool.default()
		assert.equal(default, taskpool.default())
		assert.is_true(support.eventually(function() return called == 5 end, default))
		assert.is_true(default:wait(60))
	end)

	it("closes a pool that goes out of scope", function()
		if support.is_51 or _VERSION == "Lua 5.3" then
			return -- to-be-closed variables came with 5.4
		end
		local f = assert(load([[
			local taskpool = require "taskpool"
			local pool <close> = taskpool.new{workers = 1}
			return pool:submit("k", function() return 5 end), pool
		]]))
		local future, closed = f()
		assert.equal("done", future:status())
		assert.equal(5, future:get())
		assert.has_error(function() closed:post(nil, add, 1, 2) end)
	end)
end)
