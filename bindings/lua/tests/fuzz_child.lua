-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- One run of fuzz_spec.lua, in a process of its own.
local support = require "support"
local taskpool = require "taskpool"
local core = require "taskpool.core"

local CALLS = 3000

-- Calls that may wait for ever by right, and get nothing random to wait for; and the module's own inside.
local left_out = {get = true, set_hooks = true, metatables = true, adopt = true, __gc = true}

return function(seed)
	local random = support.random(seed)
	local objects, functions = {}, {}

	local function nothing() end

	local function add(object)
		if #objects >= 60 then
			objects[random(60)] = object
		else
			objects[#objects + 1] = object
		end
	end

	local function new_pool()
		local pool = taskpool.new{workers = 1, queue_capacity = 5, state = random(2) == 1 and "key" or "worker"}
		add(pool)
		add(pool:key "k")
		add(pool:submit("k", nothing))
		add(pool:submit("k", error, "oh"))
		return pool
	end

	local makers = {
		function() return nil end, function() return nil end,
		function() return true end,
		function() return random(2000) - 1000 end,
		function() return (random(2000) - 1000) / 7 end,
		function() return 1 / 0 end, function() return 0 / 0 end, function() return -1 / 0 end,
		function() return 2 ^ random(1100) end, function() return -2 ^ random(70) end,
		function() return "" end, function() return "k" end, function() return "cancel" end,
		function() return ("x"):rep(random(70000)) end,
		function() return {} end,
		function() return {timeout = 0} end,
		function() return {timeout = 0, key = "k", ttl = 0.001, delay = 0.001, replace = true} end,
		function() return {timeout = 0, ttl = -1} end,
		function() return {workers = random(3), state = "key", nonsense = random(9) == 1 or nil} end,
		function() local t = {} t.t = t return t end,
		function() return nothing end, function() return nothing end,
		function() return error end, function() return print and tostring end,
		function() return function() return objects[1] end end,
		function() return function(a) return a.x end end,
		function() return io.stdout end,
		function() return coroutine.create(nothing) end,
		function() return coroutine.wrap(nothing) end,
		function() return taskpool.prepare(nothing) end,
	}

	local function value()
		if random(3) == 1 and #objects > 0 then
			return objects[random(#objects)]
		end
		return makers[random(#makers)]()
	end

	-- Waits get a time, whatever else they get: a small one.
	local function is_wait(name)
		return name == "wait" or name == "pcall" or name == "poll" or name == "sleep"
	end

	-- Submits have a timeout, as the queue may be full.
	local function is_submit(name)
		return name:find("^submit") or name:find("^post") or name:find("^defer")
	end

	local function add_functions(from, prefix)
		for name, f in pairs(from) do
			if type(f) == "function" and not left_out[name] then
				functions[#functions + 1] = {name = name, f = f, prefix = prefix}
			end
		end
	end

	add_functions(taskpool, "taskpool.")
	add_functions(core, "core.")
	local pool = new_pool()
	for _, object in ipairs{pool, pool:key "k", pool:submit("k", nothing), taskpool.prepare(nothing)} do
		add_functions(debug.getmetatable(object).__index, "object:")
	end
	-- In one order, so that the seed repeats the run.
	table.sort(functions, function(a, b) return a.prefix .. a.name < b.prefix .. b.name end)
	pool:on_error(nothing)

	local function arguments_of(entry)
		local count = random(5) - 1
		local arguments = {}
		for i = 1, count do
			arguments[i] = value()
		end
		if entry.prefix ~= "taskpool." and random(3) > 1 and #objects > 0 then
			arguments[1], count = objects[random(#objects)], math.max(count, 1)
		end
		if entry.name == "sleep" then
			arguments[1] = random(2) == 1 and 0.0001 or -1
		elseif entry.name == "limit" then -- jobs would wait as long, and close for them
			arguments[2], count = random(5) == 1 and -1 or 0.0001, math.max(count, 2)
		elseif is_wait(entry.name) then
			arguments[2], count = random(5) == 1 and -1 or 0.0001 * random(3), math.max(count, 2)
		elseif is_submit(entry.name) and type(arguments[1]) == "userdata" and
			(type(arguments[2]) ~= "table" or arguments[2].timeout == nil) then
			arguments[2], count = {timeout = 0, key = random(2) == 1 and "k" or nil}, math.max(count, 3)
		end
		return count, arguments
	end

	for call = 1, CALLS do
		local entry = functions[random(#functions)]
		local count, arguments = arguments_of(entry)
		if os.getenv("TASKPOOL_TRACE") then
			io.stderr:write(call, " ", entry.prefix, entry.name, " ", count, "\n")
		end
		local ok, result = pcall(entry.f, support.unpack(arguments, 1, count))
		if ok and type(result) == "userdata" then
			add(result)
		end
		if call % 10 == 0 then
			for i = 1, #objects do
				if core.is_pool(objects[i]) then
					pcall(objects[i].poll, objects[i])
				end
			end
		end
		if call % 100 == 0 then
			objects[random(#objects)] = nil
			local packed = {}
			for _, object in pairs(objects) do
				packed[#packed + 1] = object
			end
			objects = packed
			if #objects < 20 then
				new_pool()
			end
			collectgarbage()
		end
	end
end
