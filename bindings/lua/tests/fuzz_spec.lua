-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- Anything given to anything: it may raise errors, and nothing worse. TASKPOOL_SEED repeats a run.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local describe, it, assert = describe, it, assert
local support = require "support"
local _ENV = support.globals -- luacheck: ignore
local taskpool = require "taskpool"
local core = require "taskpool.core"

-- These run in a process of their own each, which shows a crash, a hang and whatever is printed.
local function child(seed)
	return ([[
		package.path = %q
		local child = require("fuzz_child")
		child(%d)
	]]):format(package.path, seed)
end

describe("any call", function()
	it("does not crash, hang or print", function()
		local random, seed = support.random()
		for _ = 1, 5 do
			local text, status = support.run(child(seed))
			assert.equal(0, status, ("TASKPOOL_SEED=%d: %s"):format(seed, text))
			assert.equal("", text, ("TASKPOOL_SEED=%d"):format(seed))
			seed = random(2000000000)
		end
	end)

	it("is of a function that there is", function()
		for name, f in pairs(core) do
			assert.equal("string", type(name))
			assert.truthy(type(f) == "function" or type(f) == "table", name)
		end
		assert.equal("function", type(taskpool.new))
	end)
end)
