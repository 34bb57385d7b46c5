-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- Actors, here bank accounts. An actor is a key; a message to it is a job, and the reply is the job's future. Messages
-- of one actor are handled one at a time, in the order in which they were sent, on a Lua state of the actor's own. What
-- it remembers is in taskpool.state. Actors work in parallel.

local taskpool = require "taskpool"

local NAMES, ROUNDS = {"ann", "bob", "carl", "dora", "eve"}, 100

local pool = taskpool.new{
	workers = 4,
	state = "key",
	max_states = 100, -- more than there are actors: one that has to make room for another forgets everything
}

-- ---- What accounts do: in the actor's state. All are packed once, with the functions and handles that they use ----

local function myself()
	local self = taskpool.state
	self.balance = self.balance or 0
	self.handled = (self.handled or 0) + 1
	return self
end

local function pay(self, amount)
	if amount > self.balance then
		error({reason = "overdrawn", missing = amount - self.balance}) -- the sender gets it as it is
	end
	self.balance = self.balance - amount
end

local deposit = taskpool.prepare(function(amount)
	local self = myself()
	self.balance = self.balance + amount
end)

local withdraw = taskpool.prepare(function(amount)
	pay(myself(), amount)
end)

-- An actor writes to another one, and does not wait for the answer: two that wait for each other would wait for ever.
local transfer = taskpool.prepare(function(amount, to)
	pay(myself(), amount)
	pool:post(to, deposit, amount)
end)

local tell = taskpool.prepare(function()
	return taskpool.state
end)

-- ---- The bank: the main state ----

local total, refused = 0, 0

-- Follows a message, and takes its turn in the actor's order: the reply is there, and the next message waits until the
-- total is right. The callback runs on this state, while it polls or waits, so the total needs no lock either.
local function book(account, reply, amount)
	account:defer(function()
		local ok = reply:pcall()
		if ok then
			total = total + amount
		else
			refused = refused + 1
		end
	end)
end

local accounts, transfers = {}, {}
for i, name in ipairs(NAMES) do
	accounts[i] = pool:key(name)
end
for round = 1, ROUNDS do
	for i, account in ipairs(accounts) do
		book(account, account:submit(deposit, round), round)
		book(account, account:submit(withdraw, round * 7), -round * 7)
		transfers[#transfers + 1] = account:submit(transfer, round, NAMES[i % #NAMES + 1])
	end
	pool:poll()
end

-- A job that another job submits is not among those that a wait began with. So first the transfers, then the deposits
-- that they sent.
local sent = 2 * ROUNDS * #NAMES + #transfers
for _, reply in ipairs(transfers) do
	local ok = reply:pcall()
	sent = sent + (ok and 1 or 0)
end
pool:wait()
while pool:pending() > 0 do
	pool:poll(0.1)
end

-- ---- Whether all is well ----

local balances, handled, lowest = 0, 0, 0
for _, account in ipairs(accounts) do
	local self = account:submit(tell):get()
	balances, handled, lowest = balances + self.balance, handled + self.handled, math.min(lowest, self.balance)
end
local _, err = pool:key("fred"):submit(withdraw, 10):pcall()
pool:close()

local failed = false
local function check(what, is_so)
	print((is_so and "yes: " or "NO: ") .. what)
	failed = failed or not is_so
end

check("each message was handled once", handled == sent)
check("the balances are what was deposited and not withdrawn", balances == total)
check("no account was overdrawn, although some tried", lowest == 0 and refused > 0)
check("fred, who has nothing, is told what is missing", err.message.missing == 10 and err.key == "fred")
if failed then
	os.exit(1)
end
