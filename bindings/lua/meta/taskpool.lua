---@meta taskpool
-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors
--
-- For the Lua language server: what the module has. Nothing here is run. Name this folder in `workspace.library`.

---Jobs of the same key one at a time and in order, jobs of different keys in parallel, on Lua states of worker threads.
---@class taskpool
---@field _VERSION string
---In a job of a pool with `state = "key"`: a table of the key's own, kept from job to job. Elsewhere nil.
---@field state? table
local taskpool = {}

-- ---- Options ----

---@alias taskpool.Status
---| "pending"
---| "running"
---| "done"
---| "error"
---| "canceled"
---| "expired"

---@class taskpool.StateOptions
---@field state? "worker"|"key" whose state a job runs on ("worker")
---@field init? fun() runs first on each new state
---@field max_states? integer how many keys keep a state (1000)
---@field grace? number seconds after which a canceled job is ended by force (never); slows all jobs down
---@field max_memory? integer bytes of a state (no bound)

---@class taskpool.PoolOptions: taskpool.StateOptions
---@field workers? integer threads (8)
---@field queue_capacity? integer jobs that may wait per worker (100)
---@field key_capacity? integer jobs that may wait per key (no bound of its own)
---@field key_turn? integer jobs of one key before others get their turn (16)
---@field key_interval? number seconds between two starts of a key (0)
---@field key_burst? integer how many may start at once under `key_interval` (1)
---@field placement? "floating"|"pinned" ("floating")
---@field hash? "fnv1a"|"siphash" ("fnv1a")
---@field strict? boolean refuse waits with a timeout, too, that could never end (false)
---@field name? string of the threads ("taskpool")

---@class taskpool.JobOptions
---@field key? string whose jobs run one at a time, in order
---@field timeout? number seconds to wait for room (as long as it takes)
---@field delay? number seconds until it takes its place in the order of its key
---@field ttl? number seconds after which it is not started any more
---@field replace? boolean takes the place of the newest job of its key that waits and has this, too

---@class taskpool.Stats
---@field submitted integer
---@field ran integer
---@field canceled integer
---@field expired integer
---@field replaced integer
---@field queued integer
---@field running integer
---@field rejected integer
---@field stolen integer
---@field overflow integer
---@field blocked integer
---@field blocked_time number seconds
---@field peak_queued integer
---@field keys_active integer
---@field wait_time integer[] jobs that waited 2^(i-1) to 2^i ns
---@field run_time integer[] jobs that ran 2^(i-1) to 2^i ns

---@class taskpool.HotKey
---@field key string its first 64 bytes
---@field queued integer

---What a job raised. `tostring` makes a text of it.
---@class taskpool.Error
---@field message any whatever it was
---@field traceback? string of the worker
---@field key? string

-- ---- The module ----

---Makes a pool and starts its workers.
---@param options? taskpool.PoolOptions
---@return taskpool.Pool
---@nodiscard
function taskpool.new(options) end

---A pool of the host program, which must outlive this state.
---@param pool lightuserdata a `struct taskpool *`
---@param options? taskpool.StateOptions
---@return taskpool.Pool
---@nodiscard
function taskpool.adopt(pool, options) end

---The process's own pool, of 8 workers.
---@return taskpool.Pool
---@nodiscard
function taskpool.default() end

---`Pool:submit` of the default pool.
---@param key string|taskpool.JobOptions|nil
---@param f function|taskpool.Function
---@param ... any its arguments
---@return taskpool.Future? future
---@return "full"|"timeout"|nil why there is none
function taskpool.submit(key, f, ...) end

---`Pool:post` of the default pool.
---@param key string|taskpool.JobOptions|nil
---@param f function|taskpool.Function
---@param ... any its arguments
---@return true? accepted
---@return "full"|"timeout"|nil why it was not
function taskpool.post(key, f, ...) end

---`Pool:defer` of the default pool.
---@param key string|taskpool.JobOptions|nil
---@param callback function
---@param ... any its arguments
---@return true? accepted
---@return "full"|"timeout"|nil why it was not
function taskpool.defer(key, callback, ...) end

---Packs a function once, with its upvalues as they are now; to be submitted often.
---@param f function
---@return taskpool.Function
---@nodiscard
function taskpool.prepare(f) end

---Futures to be waited for together.
---@param futures taskpool.Future[]
---@return taskpool.All
---@nodiscard
function taskpool.all(futures) end

---In a job: its key.
---@return string?
---@nodiscard
function taskpool.key() end

---In a job: whether it was told to stop.
---@return boolean
---@nodiscard
function taskpool.canceled() end

---Sleeps. In a job that ends as soon as the job is told to stop.
---@param seconds number
---@return true? slept
---@return "canceled"? why not
function taskpool.sleep(seconds) end

-- ---- Objects ----

---A function that was packed once.
---@class taskpool.Function: userdata

---@class taskpool.Pool: userdata
local Pool = {}

---Submits a job. Waits while the queue is full (not in a job of this pool).
---@param key string|taskpool.JobOptions|nil nil: no key
---@param f function|taskpool.Function
---@param ... any its arguments
---@return taskpool.Future? future
---@return "full"|"timeout"|nil why there is none
function Pool:submit(key, f, ...) end

---The same without a future, which is faster. Errors go to `on_error`.
---@param key string|taskpool.JobOptions|nil
---@param f function|taskpool.Function
---@param ... any its arguments
---@return true? accepted
---@return "full"|"timeout"|nil why it was not
function Pool:post(key, f, ...) end

---A callback that takes its turn among the jobs of the key, but runs on this state, inside `poll` or while it waits.
---@param key string|taskpool.JobOptions|nil
---@param callback function
---@param ... any its arguments
---@return true? accepted
---@return "full"|"timeout"|nil why it was not
function Pool:defer(key, callback, ...) end

---@param key string
---@return taskpool.Key
---@nodiscard
function Pool:key(key) end

---Runs the callbacks that are due.
---@param seconds? number how long to wait for the first one (0)
---@return integer count how many ran
function Pool:poll(seconds) end

---How many callbacks, of `defer` and `on_done`, have not run.
---@return integer
---@nodiscard
function Pool:pending() end

---Sets what is called, inside `poll`, with the error of each job without a future and of each callback.
---@param callback? fun(err: taskpool.Error)
---@return taskpool.Pool self
function Pool:on_error(callback) end

---Ends the pool: its jobs are run, deferred callbacks too. "cancel": those that wait are canceled.
---@param how? "cancel"
function Pool:close(how) end

---Waits until each job that was submitted before has ended.
---@param seconds? number nil: for ever
---@return boolean over false: the time is over
function Pool:wait(seconds) end

---A descriptor that is readable while there is something to poll.
---@return integer
---@nodiscard
function Pool:fd() end

---@return integer
---@nodiscard
function Pool:workers() end

---@return taskpool.Stats
---@nodiscard
function Pool:stats() end

---The statistics as OpenMetrics text.
---@return string
---@nodiscard
function Pool:metrics() end

---The keys with the most jobs that wait.
---@param count? integer (10)
---@return taskpool.HotKey[]
---@nodiscard
function Pool:hot_keys(count) end

---@class taskpool.Key: userdata
local Key = {}

---As `Pool:submit`. Without options it waits for room as long as it takes, and so always returns a future.
---@param f function|taskpool.Function
---@param ... any its arguments
---@return taskpool.Future
function Key:submit(f, ...) end

---@param f function|taskpool.Function
---@param ... any its arguments
---@return true
function Key:post(f, ...) end

---@param callback function
---@param ... any its arguments
---@return true
function Key:defer(callback, ...) end

---@return string
---@nodiscard
function Key:name() end

---Waits until each job of the key that was submitted before has ended.
---@param seconds? number nil: for ever
---@return boolean over false: the time is over
function Key:wait(seconds) end

---Cancels the jobs of the key that wait, and tells the one that runs to stop.
---@return integer count how many were canceled
function Key:cancel() end

---No job of the key starts until it was resumed as often.
function Key:pause() end

function Key:resume() end

---The key's jobs start at least so long apart, but for `burst` that may start at once after a rest.
---@param seconds number 0: no limit of its own
---@param burst? integer (1)
function Key:limit(seconds, burst) end

---@class taskpool.Future: userdata
local Future = {}

---Waits for the job, and returns what it returned, or raises its `taskpool.Error`.
---@return any ...
function Future:get() end

---The same, with errors as results: true and what it returned; false and the `taskpool.Error`; nil and "timeout".
---@param seconds? number nil: for ever
---@return boolean? ok
---@return any ...
function Future:pcall(seconds) end

---Sets a callback that runs on this state, inside `poll`, once the job has ended.
---@generic F: taskpool.Future
---@param self F
---@param callback fun(ok: boolean, ...: any) gets true and what the job returned, or false and the `taskpool.Error`
---@return F self
function Future:on_done(callback) end

---@return taskpool.Status
---@nodiscard
function Future:status() end

---Cancels the job if it waits; tells it to stop if it runs.
---@return boolean over whether it will not run
function Future:cancel() end

---@class taskpool.All
---@field [integer] taskpool.Future
local All = {}

---Waits for all. Raises the first `taskpool.Error`.
---@return any[] results the first result of each
function All:get() end

---The same, with errors as results: true and the table; false and the `taskpool.Error`; nil and "timeout".
---@param seconds? number for all together; nil: for ever
---@return boolean? ok
---@return any[]|taskpool.Error|"timeout" results
function All:pcall(seconds) end

return taskpool
