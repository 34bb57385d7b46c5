-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors

-- Reads a log, and says of each host how many lines it has, what they are about, and what came last. It knows the logs
-- of web servers (Common Log Format), syslog, and Debian's dpkg.log, whose hosts are packages:
--
--     lua logs.lua /var/log/dpkg.log
--     lua logs.lua < access.log
--
-- The host is the key. Its lines are looked at one at a time and in order, on a Lua state that is the host's own; the
-- hosts are looked at in parallel. So what is known of a host is a plain table, and needs no lock.

local taskpool = require "taskpool"

local MAX_HOSTS = 5000 -- that get a state, of some 20 KB; all others share one

-- For each format: where the host is, and what the line is about, a program, an answer or a status.
local formats = {
	-- Jan  2 12:00:00 mars sshd[99]: Server listening on port 22
	{"^%a%a%a [ %d]%d %d%d:%d%d:%d%d (%S+) ", "^%S+ +%S+ %S+ %S+ ([^%s:%[]+)"},
	-- 10.0.0.7 - - [02/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 512
	{"^(%S+) %S+ %S+ %[[^%]]+%] \"", "\" (%d%d%d) "},
	-- 2026-01-02 12:00:00 status installed bash:amd64 5.2.15-2
	{"^%d+%-%d+%-%d+ %d+:%d+:%d+ status [%a-]+ ([^%s:]+)", " status ([%a-]+) "},
}

local input, why = io.stdin, nil
if arg[1] then
	input, why = io.open(arg[1])
end
if not input then
	io.stderr:write("logs: ", why, "\n")
	os.exit(1)
end

local pool = taskpool.new{
	state = "key",
	max_states = MAX_HOSTS + 1, -- with fewer, a host that rests could lose its state, and so its counts, to another
	queue_capacity = 10000, -- then the reader waits: a log of any length takes as much memory
}

local failure
pool:on_error(function(err)
	failure = failure or err
end)

-- On the host's state. It is submitted for each line, so it is packed once.
local look = taskpool.prepare(function(line, pattern)
	local seen = taskpool.state
	local topic = line:match(pattern) or "(unknown)"
	seen.lines = (seen.lines or 0) + 1
	seen.topics = seen.topics or {}
	seen.topics[topic] = (seen.topics[topic] or 0) + 1
	seen.last = topic
end)

local tell = taskpool.prepare(function()
	return taskpool.state
end)

-- ---- Here only the host is looked for, the rest is work for others ----

local hosts, known, skipped = {}, {}, 0

local function key_of(host)
	if not known[host] and #hosts >= MAX_HOSTS then
		host = "(others)"
	end
	if not known[host] then
		known[host] = true
		hosts[#hosts + 1] = host
	end
	return host
end

local function find_host(line)
	for _, format in ipairs(formats) do
		local host = line:match(format[1])
		if host then
			return host, format[2]
		end
	end
end

for line in input:lines() do
	local host, pattern = find_host(line)
	if host then
		pool:post(key_of(host), look, line, pattern)
	else
		skipped = skipped + 1
	end
end

-- ---- What was seen is told by a job behind all others of its host, so there is nothing else to wait for ----

local reports = {}
for i, host in ipairs(hosts) do
	reports[i] = pool:submit(host, tell)
end
reports = taskpool.all(reports):get()
pool:close()

-- The names, the one with the highest number first.
local function sorted(numbers)
	local names = {}
	for name in pairs(numbers) do
		names[#names + 1] = name
	end
	table.sort(names, function(a, b)
		if numbers[a] ~= numbers[b] then
			return numbers[a] > numbers[b]
		end
		return a < b
	end)
	return names
end

local lines, report_of = {}, {}
for i, host in ipairs(hosts) do
	lines[host], report_of[host] = reports[i].lines, reports[i]
end
for _, host in ipairs(sorted(lines)) do
	local report, texts = report_of[host], {}
	for i, topic in ipairs(sorted(report.topics)) do
		texts[i] = topic .. " " .. report.topics[topic]
	end
	print(("%6d %s: %s; last %s"):format(report.lines, host, table.concat(texts, ", "), report.last))
end
print(("%6d hosts; of %d lines the host is not known"):format(#hosts, skipped))
if failure then
	io.stderr:write("logs: ", tostring(failure), "\n")
	os.exit(1)
end
