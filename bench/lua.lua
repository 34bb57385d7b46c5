-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors
--
-- Measures the Lua module: microseconds per job, 8 workers; the median of all rounds, the least and the greatest. What
-- is measured takes turns within each round. `--rounds N`, `--small`, `--json FILE`.

local core = require "taskpool.core"
local taskpool = require "taskpool"

local options = {rounds = 9, count = 20000}
do
	local i = 1
	while arg[i] do
		if arg[i] == "--small" then
			options.rounds, options.count = 1, 200
		elseif arg[i] == "--rounds" then
			i = i + 1
			options.rounds = assert(tonumber(arg[i]), "--rounds N")
		elseif arg[i] == "--json" then
			i = i + 1
			options.json = assert(arg[i], "--json FILE")
		else
			error("unknown option " .. arg[i], 0)
		end
		i = i + 1
	end
end
local count, few = options.count, math.max(10, math.floor(options.count / 20))

local pool = taskpool.new{workers = 8, queue_capacity = 1000}
local keyed = taskpool.new{workers = 1, queue_capacity = few, state = "key", max_states = few * (options.rounds + 1)}
local pinned = {taskpool.new{workers = 1}, taskpool.new{workers = 2}}

local function add(a)
	return a + 1
end
local prepared = taskpool.prepare(add)

local function calculate()
	local x = 0
	for i = 1, 200000 do
		x = (x * 31 + i) % 1000003
	end
	return x
end
local heavy = taskpool.prepare(calculate)

local keys = {}
for i = 1, 1000 do
	keys[i] = "user:" .. i
end

-- As a program would that has not more than 1,000 results outstanding.
local function submit_all(key_of, f)
	local futures, first = {}, 1
	for i = 1, count do
		futures[i] = pool:submit(key_of and key_of[i % #key_of + 1], f, i)
		if i - first >= 1000 then
			futures[first]:get()
			futures[first] = nil
			first = first + 1
		end
	end
	for i = first, count do
		assert(futures[i]:get() == i + 1)
	end
end

local function post_all(key_of)
	for i = 1, count do
		pool:post(key_of and key_of[i % #key_of + 1], prepared, i)
	end
	pool:wait()
end

local fresh = 0
local workloads = {
	{"prepared, no key", count, function() submit_all(nil, prepared) end},
	{"prepared, 1000 keys", count, function() submit_all(keys, prepared) end},
	{"prepared, 1 key", count, function() submit_all({"user:1"}, prepared) end},
	{"dumped each time, no key", count, function() submit_all(nil, add) end},
	{"dumped each time, 1000 keys", count, function() submit_all(keys, add) end},
	{"post, no key", count, function() post_all(nil) end},
	{"post, 1000 keys", count, function() post_all(keys) end},
	{"round trip", few, function()
		for i = 1, few do
			pool:submit("user:1", prepared, i):get()
		end
	end},
	{"state of a key, first use", few, function()
		for _ = 1, few do
			fresh = fresh + 1
			keyed:post("key " .. fresh, prepared, 1)
		end
		keyed:wait()
	end},
	{"state of a key, again", few, function()
		for i = 1, few do
			keyed:post("key " .. fresh - i + 1, prepared, 1)
		end
		keyed:wait()
	end},
	{"CPU-bound, 1 worker", 200, function()
		for i = 1, 200 do
			pinned[1]:post(keys[i], heavy)
		end
		pinned[1]:wait()
	end},
	{"CPU-bound, 2 workers", 200, function()
		for i = 1, 200 do
			pinned[2]:post(keys[i], heavy)
		end
		pinned[2]:wait()
	end},
}

local times = {}
for round = 0, options.rounds do -- round 0 warms up
	for i, workload in ipairs(workloads) do
		collectgarbage()
		local begin = core.now()
		workload[3]()
		times[i] = times[i] or {}
		times[i][round] = (core.now() - begin) / workload[2] * 1e6
	end
end

local function median(values)
	local sorted = {}
	for i = 1, #values do
		sorted[i] = values[i]
	end
	table.sort(sorted)
	local n = #sorted
	return n % 2 == 1 and sorted[(n + 1) / 2] or (sorted[n / 2] + sorted[n / 2 + 1]) / 2, sorted[1], sorted[n]
end

print(("%s, %d rounds, us per job"):format(jit and jit.version or _VERSION, options.rounds))
print(("%-30s %10s %10s %10s"):format("", "median", "least", "most"))
local lines = {}
for i, workload in ipairs(workloads) do
	local middle, least, most = median(times[i])
	print(("%-30s %10.2f %10.2f %10.2f"):format(workload[1], middle, least, most))
	lines[i] = ('\t{"workload": "%s", "median": %.3f, "least": %.3f, "most": %.3f}'):format(
		workload[1], middle, least, most)
end
local ratios = {}
for round = 1, options.rounds do
	ratios[round] = times[#workloads - 1][round] / times[#workloads][round]
end
print(("two CPU-bound workers are %.2f times as fast as one"):format((median(ratios))))
if options.json then
	local file = assert(io.open(options.json, "w"))
	file:write("[\n", table.concat(lines, ",\n"), "\n]\n")
	file:close()
end
for _, p in ipairs{pool, keyed, pinned[1], pinned[2]} do
	p:close()
end
