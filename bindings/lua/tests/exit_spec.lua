-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- How scripts may end, whatever their pools are at.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local describe, it, assert = describe, it, assert
local support = require "support"
local _ENV = support.globals -- luacheck: ignore

local start = [[
	local taskpool = require "taskpool"
	local pool = taskpool.new{workers = 2, queue_capacity = 1000}
	local function job() local n = 0 for i = 1, 1000 do n = n + i end return n end
]]

-- What may be on its way.
local works = {
	nothing = "",
	queued = [[ for i = 1, 200 do pool:post("k" .. i % 7, job) end ]],
	paused = [[ local key = pool:key "k" key:pause() for _ = 1, 20 do key:post(job) end ]],
	callbacks = [[ for _ = 1, 20 do pool:defer("k", job) pool:submit("k", job):on_done(job) end ]],
	descriptor = [[ local _ = pool:fd() pool:defer("k", job) ]],
	default = [[ for i = 1, 50 do taskpool.submit("k" .. i, job) taskpool.defer("k", job) end ]],
	delayed = [[ pool:post({key = "k", delay = 0.01}, job) ]],
	global = [[ everything = {pool, pool:submit("k", job), pool:key "k"} ]],
	nested = [[ pool:post("k", function() for i = 1, 20 do pool:post("l", job) end end) ]],
	closed = [[ for i = 1, 50 do pool:post("k", job) end pool:close() ]],
	canceled = [[ for i = 1, 50 do pool:post("k", job) end pool:close("cancel") ]],
	sleeping = [[ pool:post("k", function() taskpool.sleep(0.05) end) ]],
	held = [[
		local other = taskpool.new{workers = 1, state = "key"}
		other:post("k", function(p, f) kept = {p, f} end, pool, pool:submit("k", job))
	]],
}

local ends = {
	["by itself"] = {"", 0},
	["by os.exit()"] = {"os.exit()", 0},
	["by os.exit(3)"] = {"os.exit(3)", 3},
	["by os.exit(0, true)"] = {"os.exit(0, true)", 0},
	["by an error"] = {"error('the end')", 1},
	["in a coroutine"] = {"coroutine.wrap(function() os.exit(4, true) end)()", 4},
}

describe("a script ends", function()
	for how, what in pairs(ends) do
		for name, work in pairs(works) do
			it(how .. ", with a pool and " .. name, function()
				local text, status = support.run(start .. work .. "\n" .. what[1])
				assert.equal(what[2], status, text)
				if status ~= 1 then
					assert.equal("", text)
				else
					assert.truthy(text:find("the end", 1, true))
				end
			end)
		end
	end

	it("within a coroutine that never ends", function()
		local text, status = support.run([[
			local co = coroutine.create(function()
				]] .. start .. works.queued .. works.callbacks .. [[
				coroutine.yield()
			end)
			assert(coroutine.resume(co))
		]])
		assert.equal("", text)
		assert.equal(0, status)
	end)

	it("after close() has run every job", function()
		local text, status = support.run(start .. [[
			for i = 1, 200 do pool:post("k" .. i % 7, job) end
			pool:close()
			io.write(pool:stats().ran)
		]])
		assert.equal("200", text)
		assert.equal(0, status)
	end)

	it("after all jobs have run where the state is closed", function()
		local text, status = support.run(start .. [[
			for _ = 1, 100 do
				pool:post("k", function() io.stdout:write(".") end)
			end
		]])
		assert.equal(("."):rep(100), text)
		assert.equal(0, status)
	end)

	it("by an error in a callback only if the script wants it", function()
		local text, status = support.run(start .. [[
			pool:on_error(function(err) io.write(err.message) os.exit(5) end)
			pool:defer("k", function() error("oh", 0) end)
			while pool:pending() > 0 do pool:poll(1) end
		]])
		assert.equal("oh", text)
		assert.equal(5, status)
	end)

	it("though the module was loaded and never used", function()
		assert.same({"", 0}, {support.run("require 'taskpool'")})
		assert.same({"", 0}, {support.run("local d = require('taskpool').default()")})
		assert.same({"", 0}, {support.run("package.loaded['taskpool.core'] = nil require 'taskpool'")})
	end)
end)
