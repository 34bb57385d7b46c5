-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- A server of lines on TCP, with luv (libuv): one thread, and a coroutine for each connection, which reads like a
-- thread that blocks. The work is done by a pool, under the user's name as key: what one user asks for, on any number
-- of connections, is done in order; users do not wait for each other; and the loop waits for nobody.
--
--     lua server.lua [PORT]          first "ann", then lines such as "buy milk": the answer is the user's list
--     lua server.lua --self-test     starts on a free port, connects six clients, and checks what they are told

local taskpool = require "taskpool"
local has_luv, uv = pcall(require, "luv")
if not has_luv then
	io.stderr:write("server: this Lua has no luv (Debian: lua-luv)\n")
	os.exit(77)
end

local LONGEST_LINE = 1000

local pool = taskpool.new{workers = 4, state = "key", max_states = 1000} -- the lists of so many users are kept

-- On a state of the user's own.
local add = taskpool.prepare(function(line)
	local list = taskpool.state
	list[#list + 1] = line
	return ("%d: %s"):format(#list, line)
end)

-- ---- Coroutines that wait for callbacks ----

local function resume(co, ...)
	local ok, err = coroutine.resume(co, ...)
	if not ok then
		io.stderr:write(debug.traceback(co, tostring(err)), "\n")
	end
end

local function go(f, ...)
	resume(coroutine.create(f), ...)
end

-- Calls start(callback), and returns what the callback gets later.
local function await(start)
	local co = coroutine.running()
	start(function(...)
		resume(co, ...)
	end)
	return coroutine.yield()
end

-- True and what the job returned, or false and why not. It must not wait for room, as the loop would wait with it.
local function run(key, f, ...)
	local future, why = pool:submit({key = key, timeout = 0}, f, ...)
	if not future then
		return false, why
	end
	return await(function(callback)
		future:on_done(callback)
	end)
end

-- The next line; nil: there is none. Reads only when somebody wants to have it: who sends faster has to wait.
local function read_line(connection)
	while true do
		local line, rest = connection.input:match("^([^\n]*)\n(.*)$")
		if line then
			connection.input = rest
			return line
		end
		local err, data = await(function(callback)
			connection.tcp:read_start(callback)
		end)
		connection.tcp:read_stop()
		if err or not data or #connection.input > LONGEST_LINE then
			return nil
		end
		connection.input = connection.input .. data
	end
end

local function write_line(connection, line)
	if connection.tcp:is_closing() then
		return false
	end
	local err = await(function(callback)
		connection.tcp:write(line .. "\n", callback)
	end)
	return not err
end

-- ---- The server ----

local listener, connections = uv.new_tcp(), {}

local function close(connection)
	connections[connection] = nil
	if not connection.tcp:is_closing() then
		connection.tcp:close()
	end
end

local function serve(connection)
	local user = read_line(connection)
	local line = user and read_line(connection)
	while line do
		local ok, answer = run(user, add, line)
		if not write_line(connection, ok and answer or "error: " .. tostring(answer)) then
			break
		end
		line = read_line(connection)
	end
	close(connection)
end

local function accept(err)
	local connection = {tcp = uv.new_tcp(), input = ""}
	if err or not listener:accept(connection.tcp) then
		connection.tcp:close()
		return
	end
	connections[connection] = true
	go(serve, connection)
end

-- The descriptor is readable while a future has something to tell.
local ready = uv.new_poll(pool:fd())
ready:start("r", function()
	pool:poll()
end)

local handles = {listener, ready}

-- Then the loop has nothing left to wait for, and ends.
local function stop()
	for connection in pairs(connections) do
		close(connection)
	end
	for _, handle in ipairs(handles) do
		if not handle:is_closing() then
			handle:close()
		end
	end
end

local function on_signal(name, callback)
	local handle = uv.new_signal()
	handle:start(name, callback)
	handles[#handles + 1] = handle
end

on_signal("sigint", stop)
on_signal("sigterm", stop)
on_signal("sigpipe", function() end) -- of a connection that is gone: the write fails, and that is enough

local self_test = arg[1] == "--self-test"
assert(listener:bind("127.0.0.1", self_test and 0 or tonumber(arg[1]) or 0))
assert(listener:listen(128, accept))
local port = listener:getsockname().port

-- ---- The test: two clients of each user, who send all their lines at once ----

local LINES = 50
local users, clients, wrong = {"ann", "bob", "carl"}, 6, 0

-- The answers to a client are about its own lines in order, and the user's numbers, of both clients, rise.
local function expect_answers(connection)
	local last = 0
	for i = 1, LINES do
		local number, text = (read_line(connection) or ""):match("^(%d+): (.*)$")
		number = tonumber(number) or 0
		if number <= last or number > 2 * LINES or text ~= "line " .. i then
			wrong = wrong + 1
		end
		last = number
	end
	return last
end

local function test(user, highest)
	local connection, lines = {tcp = uv.new_tcp(), input = ""}, {user}
	for i = 1, LINES do
		lines[i + 1] = "line " .. i
	end
	local err = await(function(callback)
		connection.tcp:connect("127.0.0.1", port, callback)
	end)
	assert(not err, err)
	write_line(connection, table.concat(lines, "\n"))
	local last = expect_answers(connection)
	highest[user] = math.max(highest[user] or 0, last)
	connection.tcp:close()
	clients = clients - 1
	if clients == 0 then
		for _, name in ipairs(users) do
			print(("%s: %d lines"):format(name, highest[name]))
		end
		print(("%d wrong answers"):format(wrong))
		stop()
	end
end

if self_test then
	local highest = {}
	for i = 1, clients do
		go(test, users[i % #users + 1], highest)
	end
else
	print("127.0.0.1:" .. port)
	io.stdout:flush()
end
uv.run()
pool:close()
if wrong > 0 then
	os.exit(1)
end
