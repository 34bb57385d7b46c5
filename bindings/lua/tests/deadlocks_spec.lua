-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- Scripts that would hang if nobody saw the circle, or a lock were held too long: each in a process of its own.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local describe, it, assert = describe, it, assert
local support = require "support"
local _ENV = support.globals -- luacheck: ignore

local start = [[
	local taskpool = require "taskpool"
	local function nothing() end
]]

-- Of the loader, called once more; with a finalizer that runs within.
local reload = [[
	local file = package.cpath:match("[^;]+"):gsub("%%?", "taskpool/core")
	local open = assert(package.loadlib(file, "luaopen_taskpool_core"))
	collectgarbage("stop")
	%s
	collectgarbage("restart")
	collectgarbage("setpause", 0)
	collectgarbage("setstepmul", 1000000)
	open()
	io.write "loaded"
]]

local scripts = {
	["the state is closed in a callback that has its key's turn"] = {"", [[
		local pool = taskpool.new{workers = 1}
		pool:defer("k", function() os.exit(0, true) end)
		pool:post("k", nothing)
		pool:poll(60)
	]]},
	["a job defers on the default pool, which nobody polls"] = {"false", [[
		local f = taskpool.submit("k", function() return (pcall(require("taskpool").defer, "k", nothing)) end)
		io.write(tostring(f:get()))
		taskpool.submit("k", nothing):get()
	]]},
	["a job waits behind a callback of a pool that it made"] = {"1", [[
		local pool = taskpool.new{workers = 1}
		io.write(pool:submit(nil, function()
			local tp = require "taskpool"
			local own = tp.new{workers = 1}
			own:defer("k", function() end)
			return own:submit("k", function() return 1 end):get()
		end):get())
	]]},
	["a callback fills the queue of its own key"] = {"refused", [[
		local pool = taskpool.new{workers = 1, queue_capacity = 2}
		pool:on_error(function(err)
			io.write(err.message:find("could never end", 1, true) and "refused" or err.message)
		end)
		pool:defer("k", function()
			for _ = 1, 4 do pool:post("k", nothing) end
		end)
		pool:poll(60)
		pool:close()
	]]},
	["a job pauses a key while the pool closes"] = {"", [[
		for _ = 1, 300 do
			local pool = taskpool.new{workers = 2}
			local key = pool:key "k"
			pool:post("other", function() pcall(key.pause, key) end)
			pool:post({key = "k", delay = 0.0002}, nothing)
			pool:close()
		end
	]]},
	["a job closes a pool whose job waits for that job's key"] = {"false", [[
		local pool = taskpool.new{workers = 2}
		local closed = pool:submit("k", function()
			local own = require("taskpool").new{workers = 1}
			own:post(nil, function() pool:key("k"):wait() end)
			own:close()
		end):pcall()
		io.write(tostring(closed or false))
		os.exit(0)
	]]},
	["a key is waited for whose jobs post the next"] = {"waited", [[
		local pool = taskpool.new{workers = 2}
		local function again(self)
			pool:post("k", self, self)
			require("taskpool").sleep(0.08)
		end
		again = taskpool.prepare(again)
		pool:post("k", again, again)
		pool:key("k"):wait()
		io.write "waited"
		pool:close "cancel"
	]]},
	["a pool is collected while the module is loaded anew"] = {"loaded", reload:format[[
		do
			local pool = taskpool.new{workers = 1}
			pool:post(nil, function() require "taskpool" end)
		end
	]]},
	["a finalizer loads the module while it is loaded"] = {"loaded", reload:format[[
		if newproxy then getmetatable(newproxy(true)).__gc = function() open() end
		else setmetatable({}, {__gc = function() open() end}) end
	]]},
}

describe("no script hangs though", function()
	for what, script in pairs(scripts) do
		it(what, function()
			local text, status = support.run(start .. script[2])
			assert.equal(script[1], text)
			assert.equal(0, status)
		end)
	end
end)
