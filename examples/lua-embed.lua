-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- The script of lua-embed.c, which runs it on several threads at once. `host` is what it was given.

local taskpool = require "taskpool"

-- The program's pool. The states that this script's jobs run on are the script's own; here each customer has one.
local pool = taskpool.adopt(host.pool, {state = "key"})

local failure
pool:on_error(function(err)
	failure = failure or err
end)

-- On a worker: the next of this script's even numbers for the customer.
local next_number = taskpool.prepare(function()
	local state = taskpool.state
	state.number = (state.number or 0) + 2
	return state.number
end)

-- One after the other, since all have the same key: a job in Lua that finds a number, a job in C that writes the one
-- before it into the customer's journal, and a callback that writes what was found. It runs on this state, the only
-- one that can call the program; it has the customer's turn meanwhile.
local function work(customer, odd)
	local future = pool:submit(customer, next_number)
	while not host.submit(customer, odd) do
		pool:poll(0.01)
	end
	pool:defer(customer, function()
		host.write(customer, future:get())
	end)
end

for odd = 1, host.entries, 2 do
	for _, customer in ipairs(host.customers) do
		work(customer, odd)
	end
	pool:poll()
end
pool:close() -- runs what is left; the program's pool goes on
if failure then
	error(failure)
end
