-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- What the specs share. Some of it runs in jobs too, which find this module as the main state does.
local taskpool = require "taskpool"

local M = {
	-- Specs make it their _ENV: busted gives them one of its own, which no job could get.
	globals = _G,
	has_integers = math.type ~= nil,
	is_51 = _VERSION == "Lua 5.1",
	unpack = table.unpack or unpack, -- luacheck: ignore
}

-- ---- Gates: what happens on one thread waits for what happens on another, without any time ----

local gates

-- Closed until somebody, a job perhaps, opens it. It can be sent.
function M.gate()
	gates = gates or {pool = taskpool.new{workers = 1, queue_capacity = 1000}, count = 0}
	gates.count = gates.count + 1
	local key = gates.pool:key("gate " .. gates.count)
	key:pause()
	return {key = key, opened = key:submit(function() end)}
end

function M.open(gate)
	gate.key:resume()
end

function M.pass(gate)
	gate.opened:get()
end

-- Submits a job that ends when the first result, a gate, is opened; it runs when this returns. Its result: "unblocked".
function M.block(target, ...)
	local entered, release = M.gate(), M.gate()
	local job = function(here, there)
		here.key:resume()
		there.opened:get()
		return "unblocked"
	end
	local arguments = {...}
	local count = select("#", ...)
	arguments[count + 1], arguments[count + 2], arguments[count + 3] = job, entered, release
	local future = target:submit(M.unpack(arguments, 1, count + 3))
	M.pass(entered)
	return release, future
end

-- For what no gate can tell; bounded, so that a test which fails ends.
function M.eventually(condition, pool)
	for _ = 1, 60000 do
		if condition() then
			return true
		end
		if pool ~= nil then
			pool:poll(0.001)
		else
			taskpool.sleep(0.001)
		end
	end
	return false
end

-- ---- Errors ----

-- What f raises when it is used wrongly: f is one line, which the message must begin with.
function M.misuse(f)
	local info = debug.getinfo(f, "S")
	local ok, message = pcall(f)
	assert(not ok, "no error")
	local place = info.short_src .. ":" .. info.linedefined .. ": "
	message = tostring(message)
	assert(message:sub(1, #place) == place, ("at %s, not: %s"):format(place, message))
	return message:sub(#place + 1)
end

-- ---- Values ----

local function kind(value)
	return math.type and math.type(value) or type(value)
end

local function same_number(a, b)
	if a ~= a then
		return b ~= b
	end
	return a == b and (a ~= 0 or kind(a) == "integer" or 1 / a == 1 / b)
end

local same

-- Tables as keys are beyond this.
local function same_table(a, b, pairs_seen)
	if pairs_seen[a] ~= nil or pairs_seen[b] ~= nil then
		return pairs_seen[a] == b and pairs_seen[b] == a
	end
	pairs_seen[a], pairs_seen[b] = b, a
	for key, value in pairs(a) do
		if not same(value, b[key], pairs_seen) then
			return false
		end
	end
	for key in pairs(b) do
		if a[key] == nil then
			return false
		end
	end
	return true
end

-- Equal, and of the same shape: what is shared, or a cycle, in one is so in the other.
function same(a, b, pairs_seen)
	if kind(a) ~= kind(b) then
		return false
	elseif type(a) == "number" then
		return same_number(a, b)
	elseif type(a) == "table" then
		return same_table(a, b, pairs_seen or {})
	end
	return a == b
end
M.same = same

-- What a userdata became, whose __transfer names this module.
function M.__receive(data)
	return {received = data}
end

-- ---- Chance ----

-- By the seed, or TASKPOOL_SEED, to repeat a run, or the time. Returns a function (n): 1 to n; and the seed.
function M.random(seed)
	seed = seed or tonumber(os.getenv("TASKPOOL_SEED")) or os.time() % 1000000 * 1000 + math.floor(os.clock() * 1e6) % 1000
	local state = seed % 2147483646 + 1
	return function(n)
		state = state * 16807 % 2147483647
		return state % n + 1
	end, seed
end

-- ---- Other processes ----

-- The Lua that runs this.
local function interpreter()
	local first = 0
	while arg[first - 1] ~= nil do
		first = first - 1
	end
	return arg[first]
end

-- Runs the script with a time limit. Returns what it wrote, errors too, and its exit status (124: it hung).
function M.run(script)
	local name = os.tmpname()
	local file = assert(io.open(name, "w"))
	file:write(script)
	file:close()
	local pipe = assert(io.popen(("timeout 60 '%s' '%s' 2>&1 </dev/null; echo \"[$?]\""):format(interpreter(), name)))
	local text, status = pipe:read("*a"):match("^(.*)%[(%d+)%]\n$")
	pipe:close()
	os.remove(name)
	return text, tonumber(status)
end

return M
