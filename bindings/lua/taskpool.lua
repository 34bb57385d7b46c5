-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

--- Jobs of the same key one at a time and in order, jobs of different keys in parallel, on states of worker threads.
--
--     local taskpool = require "taskpool"
--     local pool = taskpool.new{workers = 4}
--     local future = pool:submit("user:42", function(a, b) return a + b end, 1, 2)
--     print(future:get())  --> 3
--     pool:close()
--
-- A job runs on a state of its own worker (or key), so functions, arguments and results travel as copies: docs/lua.md
-- says how. Times are seconds. Whatever is used wrongly raises an error at the caller's line.
--
-- @module taskpool

local core = require "taskpool.core"

local unpack = table.unpack or unpack -- luacheck: ignore
local methods = {Pool = {}, Key = {}, Future = {}}

local M = {
	_VERSION = "taskpool " .. core.version(),

	--- Makes a pool and starts its workers.
	-- @function new
	-- @tparam[opt] table options `workers` (8), `queue_capacity` (jobs that wait per worker: 100), `key_capacity` (per
	-- key: no bound), `key_turn` (16), `key_interval` (s between two starts of a key), `key_burst` (1), `placement`
	-- ("floating", "pinned"), `hash` ("fnv1a", "siphash"), `strict` (false), `name` (of the threads); and of the states:
	-- `state` ("worker": each worker has one; "key": each key has one, whose globals persist), `init` (a function that
	-- each new state runs first), `max_states` (of keys: 1000; the one idle longest is closed, and its globals are
	-- gone), `grace` (s after which a canceled job is ended by force; slows all jobs down), `max_memory` (bytes of a
	-- state)
	-- @treturn Pool
	new = core.new,

	--- A pool of the host program, which must outlive this state.
	-- @function adopt
	-- @tparam lightuserdata pool a `struct taskpool *`
	-- @tparam[opt] table options those of the states, as for @{new}
	-- @treturn Pool
	adopt = core.adopt,

	--- The process's own pool, of 8 workers. Other states and C share it; this state has states of its own on it.
	-- @function default
	-- @treturn Pool
	default = core.default_pool,

	--- @{Pool:submit} of the default pool.
	-- @function submit
	submit = core.submit_default,

	--- @{Pool:post} of the default pool.
	-- @function post
	post = core.post_default,

	--- @{Pool:defer} of the default pool.
	-- @function defer
	defer = core.defer_default,

	--- Packs a function once, with its upvalues as they are now; to be submitted often.
	-- @function prepare
	-- @tparam function f
	-- @treturn Function
	prepare = core.prepare,

	--- In a job: its key.
	-- @function key
	-- @treturn string|nil
	key = core.current_key,

	--- In a job: whether it was told to stop, by a cancel or because the pool is being closed.
	-- @function canceled
	-- @treturn boolean
	canceled = core.canceled,

	--- Sleeps. In a job that ends as soon as the job is told to stop.
	-- @function sleep
	-- @tparam number seconds
	-- @treturn boolean|nil true, or nil and "canceled"
	sleep = core.sleep,
}

--- In a job of a pool with `state = "key"`: a table of the key's own, kept from job to job. Elsewhere nil.
-- @field state
if core.has_own_state() then
	M.state = {}
end

-- ---- Errors ----

--- What a job raised; `tostring` makes a text of it.
-- @table Error
-- @field message whatever it was
-- @field traceback of the worker; nil: there is none
-- @field key of the job; nil: it has none
local Error = {__name = "taskpool.Error"}

function Error:__tostring()
	local text = tostring(self.message)
	if self.key ~= nil then
		text = ("%s (key %q)"):format(text, self.key)
	end
	return self.traceback ~= nil and text .. "\n" .. self.traceback or text
end

local function make_error(message, traceback, key)
	if getmetatable(message) == Error then
		return message
	end
	traceback = type(traceback) == "string" and traceback:gsub("^\n", "") or nil
	return setmetatable({message = message, traceback = traceback, key = key}, Error)
end

-- One that is raised again in another state.
function Error:__transfer()
	return "taskpool", {message = self.message, traceback = self.traceback, key = self.key}
end

function M.__receive(err)
	return setmetatable(err, Error)
end

-- ---- Callbacks ----

local function report(record, err)
	if record.on_error ~= nil then
		pcall(record.on_error, err)
	end
end

local function run(record, key, callback, ...)
	local arguments, count = {...}, select("#", ...)
	local ok, err = xpcall(function()
		callback(unpack(arguments, 1, count))
	end, function(message)
		return make_error(message, debug.traceback("", 2), key)
	end)
	if not ok then
		report(record, err)
	end
end

local function run_done(future, callback)
	callback(future:pcall())
end

-- One thing that came out of the queue.
local function handle(pool, kind, what, key)
	local record = core.record(pool)
	if kind == "failed" then
		report(record, what)
	elseif kind == "done" then
		local watched = record.watched[what]
		record.watched[what] = nil
		for i = 2, watched and #watched or 0 do
			record.count = record.count - 1
			run(record, nil, run_done, watched[1], watched[i])
		end
	else
		local callback = record.deferred[what]
		record.deferred[what] = nil
		record.count = record.count - (callback and 1 or 0)
		if callback and kind == "deferred" and not record.dropping then
			run(record, key, unpack(callback, 1, callback.n))
		end
	end
end

-- Bounded, since callbacks may lead to others.
local function poll(pool, seconds)
	local count = 0
	while count < 1000 and core.poll(pool, seconds, handle) do
		count, seconds = count + 1, 0
	end
	return count
end

-- ---- Pools ----

--- @type Pool

local function record_of(pool, level)
	if type(pool) ~= "userdata" or not core.is_pool(pool) then
		error(("taskpool.Pool expected, got %s"):format(type(pool)), level + 1)
	end
	return core.record(pool)
end

local function home_record_of(pool)
	local record = record_of(pool, 3)
	if not core.is_home(pool) then
		error("only the state that made the pool can poll and close it", 3)
	end
	return record
end

local function check_seconds(seconds)
	if seconds ~= nil and (type(seconds) ~= "number" or not (seconds >= 0)) then -- luacheck: ignore 581
		error(("seconds must be a number, at least 0, not %s"):format(tostring(seconds)), 3)
	end
end

--- Submits a job. Waits while the queue is full (not in a job of this pool).
-- @function Pool:submit
-- @tparam string|nil|table key whose jobs run one at a time, in order; nil: no key; or a table of options: `key`,
-- `timeout` (s to wait for room), `delay` (s), `ttl` (s after which it is not started any more), `replace` (takes the
-- place of the newest job of its key that waits and has this, too)
-- @tparam function|Function f
-- @param ... its arguments
-- @treturn Future|nil nil and "full" with a timeout of 0, "timeout" with another that has passed
methods.Pool.submit = core.submit

--- The same without a future, which is faster. Errors go to @{Pool:on_error}.
-- @function Pool:post
-- @treturn boolean|nil true; or as for @{Pool:submit}
methods.Pool.post = core.post

--- A callback that takes its turn among the jobs of the key, but runs on this state, inside @{Pool:poll}, or while this
-- state waits for something of the pool. Jobs of the key wait for it; no worker does.
-- @function Pool:defer
-- @treturn boolean|nil as for @{Pool:post}
methods.Pool.defer = core.defer

--- @function Pool:key
-- @tparam string key
-- @treturn Key
methods.Pool.key = core.key

--- Runs the callbacks that are due.
-- @function Pool:poll
-- @tparam[opt=0] number seconds how long to wait for the first one
-- @treturn integer how many ran
function methods.Pool.poll(pool, seconds)
	home_record_of(pool)
	check_seconds(seconds)
	return poll(pool, seconds)
end

--- How many callbacks, of @{Pool:defer} and @{Future:on_done}, have not run.
-- @function Pool:pending
-- @treturn integer
function methods.Pool.pending(pool)
	return record_of(pool, 2).count
end

--- Sets what is called, inside poll, with the @{Error} of each job without a future and of each callback.
-- @function Pool:on_error
-- @tparam function|nil callback nil: they are dropped
-- @treturn Pool
function methods.Pool.on_error(pool, callback)
	local record = home_record_of(pool)
	if callback ~= nil and type(callback) ~= "function" then
		error(("a function or nil expected, got %s"):format(type(callback)), 2)
	end
	core.want_errors(pool, callback ~= nil)
	record.on_error = callback
	return pool
end

--- Ends the pool. No new jobs are accepted; those there are run, deferred callbacks too; keys that this state paused go
-- on. The workers end, and with them their states. Of a pool that others share just this state's part ends. Collecting
-- a pool, its keys and its futures as garbage does the same, but for callbacks.
-- @function Pool:close
-- @tparam[opt] string how "cancel": jobs and callbacks that wait are canceled, and those that run are told to stop
function methods.Pool.close(pool, how)
	local record = home_record_of(pool)
	if how ~= nil and how ~= "cancel" then
		error(('how to close must be "cancel" or nil, not %s'):format(tostring(how)), 2)
	end
	record.dropping = record.dropping or how == "cancel"
	if not core.refuse(pool, record.dropping) then
		return -- in a forked child
	end
	repeat
		while core.poll(pool, 0, handle) do end -- luacheck: ignore
	until core.await(pool)
	core.finish(pool)
end

--- Waits until each job that was submitted before has ended.
-- @function Pool:wait
-- @tparam[opt] number seconds nil: for ever
-- @treturn boolean false: the time is over

--- A descriptor that is readable while there is something to @{Pool:poll}.
-- @function Pool:fd
-- @treturn integer

--- @function Pool:workers
-- @treturn integer

--- Totals since the pool was made: `submitted`, `ran`, `canceled`, `expired`, `replaced`, `queued`, `running`,
-- `rejected`, `stolen`, `overflow`, `blocked`, `blocked_time` (s), `peak_queued`, `keys_active`; `wait_time` and
-- `run_time`: counts of jobs, at i those that took 2^(i-1) to 2^i ns.
-- @function Pool:stats
-- @treturn table
methods.Pool.stats = core.stats

--- The statistics as OpenMetrics text.
-- @function Pool:metrics
-- @treturn string
methods.Pool.metrics = core.metrics

--- The keys with the most jobs that wait.
-- @function Pool:hot_keys
-- @tparam[opt=10] integer count
-- @treturn {table,...} of `key` (its first 64 bytes) and `queued`
methods.Pool.hot_keys = core.hot_keys

-- ---- Keys ----

--- @type Key

--- As @{Pool:submit}, without the key.
-- @function Key:submit
methods.Key.submit = core.submit

--- @function Key:post
methods.Key.post = core.post

--- @function Key:defer
methods.Key.defer = core.defer

--- @function Key:name
-- @treturn string
methods.Key.name = core.key_name

--- Waits until each job of the key that was submitted before has ended.
-- @function Key:wait
-- @tparam[opt] number seconds nil: for ever
-- @treturn boolean false: the time is over

--- Cancels the jobs of the key that wait, and tells the one that runs to stop.
-- @function Key:cancel
-- @treturn integer how many were canceled

--- No job of the key starts until it was resumed as often.
-- @function Key:pause

--- @function Key:resume

--- The key's jobs start at least so long apart, but for `burst` that may start at once after a rest.
-- @function Key:limit
-- @tparam number seconds 0: no limit of its own
-- @tparam[opt=1] integer burst

-- ---- Futures ----

--- @type Future

--- Waits for the job. Each call makes copies.
-- @function Future:get
-- @return what the job returned
-- @raise the @{Error} of the job
methods.Future.get = core.get

--- The same, with errors as results.
-- @function Future:pcall
-- @tparam[opt] number seconds nil: for ever
-- @treturn boolean|nil true, and what the job returned; false, and the @{Error}; nil, and "timeout"
methods.Future.pcall = core.pcall

--- Sets a callback that runs on this state, inside @{Pool:poll}, once the job has ended.
-- @function Future:on_done
-- @tparam function callback gets true and what the job returned, or false and the @{Error}
-- @treturn Future
methods.Future.on_done = core.on_done

--- @function Future:status
-- @treturn string "pending", "running", "done", "error", "canceled" or "expired"

--- Cancels the job if it waits; tells it to stop if it runs.
-- @function Future:cancel
-- @treturn boolean whether it will not run

-- ---- Several futures ----

--- @section end

local All = {__name = "taskpool.All"}
All.__index = All

--- Futures to be waited for together.
-- @function all
-- @tparam {Future,...} futures
-- @treturn All
function M.all(futures)
	if type(futures) ~= "table" then
		error(("a table of futures expected, got %s"):format(type(futures)), 2)
	end
	local all = setmetatable({}, All)
	for i = 1, #futures do
		if not core.is_future(futures[i]) then
			error(("taskpool.Future expected at %d, got %s"):format(i, type(futures[i])), 2)
		end
		all[i] = futures[i]
	end
	return all
end

--- @type All

-- A wait that could never end raises an error, at the level above who called this.
local function wait_for_all(all, seconds)
	local results, deadline = {}, seconds and core.now() + seconds
	for i = 1, #all do
		local left = deadline and math.max(0, deadline - core.now())
		local called, ok, value = pcall(core.pcall, all[i], left)
		if not called then
			error(ok, 3)
		elseif not ok then
			return ok, value
		end
		results[i] = value
	end
	return true, results
end

--- Waits for all.
-- @treturn table the first result of each
-- @raise the @{Error} of the first one that has one
function All:get()
	local ok, results = wait_for_all(self)
	if not ok then
		error(results, 0)
	end
	return results
end

--- The same, with errors as results.
-- @tparam[opt] number seconds for all together; nil: for ever
-- @treturn boolean|nil true, and the table; false, and the @{Error}; nil, and "timeout"
function All:pcall(seconds)
	check_seconds(seconds)
	local ok, results = wait_for_all(self, seconds)
	return ok, results
end

-- ---- The userdata ----

-- SWIG's own ways to methods take three times as long, and take any userdata for one of its own.
local function finish(metatable, name, own)
	for method, f in pairs(metatable[".fn"] or metatable.__index) do -- the latter when this is loaded again
		if not method:find("^_") and own[method] == nil then
			own[method] = f
		end
	end
	for field in pairs(metatable) do
		if field ~= "__gc" then
			metatable[field] = nil
		end
	end
	metatable.__index = own
	metatable.__eq = core.same
	metatable.__name = "taskpool." .. name
	metatable.__metatable = metatable.__name
	metatable.__tostring = function()
		return metatable.__name
	end
	return metatable
end

local Pool, Key, Future, Function = core.metatables()
finish(Pool, "Pool", methods.Pool).__close = function(pool)
	methods.Pool.close(pool)
end
finish(Key, "Key", methods.Key).__tostring = function(key)
	local ok, name = pcall(core.key_name, key) -- one that was collected has none
	return ok and "taskpool.Key: " .. name or "taskpool.Key"
end
finish(Future, "Future", methods.Future).__tostring = function(future)
	local ok, status = pcall(methods.Future.status, future)
	return ok and "taskpool.Future: " .. status or "taskpool.Future"
end
finish(Function, "Function", {})

core.set_hooks(make_error, poll, function() end)

return M
