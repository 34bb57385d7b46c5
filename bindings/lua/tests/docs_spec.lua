-- SPDX-License-Identifier: MIT
-- Copyright (c) 2026 the libtaskpool authors
--
-- What is written: the examples of docs/lua.md, README.md and taskpool.lua run, and print what they say; the files for
-- editors, for LDoc and for luarocks know what the module has.

local taskpool = require "taskpool"

local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local top = os.getenv "TOP_SRCDIR" or here .. "/../../.."

local compile = loadstring or load -- luacheck: ignore
local globals = compile "return _G"() -- busted gives its files others

local function read(path)
	local file = assert(io.open(top .. "/" .. path))
	local text = file:read "*a"
	file:close()
	return text
end

-- ---- Examples ----

-- The blocks of a document: their text and the line they begin at.
local function blocks_of(text)
	local blocks, block, number = {}, nil, 0
	for line in (text .. "\n"):gmatch "(.-)\n" do
		number = number + 1
		if block == nil and line == "```lua" then
			block = {line = number + 1}
		elseif block ~= nil and line == "```" then
			blocks[#blocks + 1] = {line = block.line, text = table.concat(block, "\n")}
			block = nil
		elseif block ~= nil then
			block[#block + 1] = line
		end
	end
	return blocks
end

-- The example at the head of taskpool.lua: what is indented there.
local function head_of(text)
	local lines = {}
	for line in text:match "^(.-)@module":gmatch "%-%-     ([^\n]*)" do
		lines[#lines + 1] = line
	end
	return table.concat(lines, "\n")
end

local function expected_of(text)
	local lines = {}
	for line in text:gmatch "%-%-> ?([^\n]*)" do
		lines[#lines + 1] = line
	end
	return lines
end

-- Runs it as a program of its own would, and returns what it printed; jobs print elsewhere.
local function run(text, name)
	local known, printed, real = {}, {}, globals.print
	for global in pairs(globals) do
		known[global] = true
	end
	globals.print = function(...)
		local words = {}
		for i = 1, select("#", ...) do
			words[i] = tostring((select(i, ...)))
		end
		printed[#printed + 1] = table.concat(words, " ")
	end
	local chunk, ok, err = compile(text, "=" .. name), nil, nil
	if chunk ~= nil then
		ok, err = xpcall(chunk, debug.traceback)
	else
		err = select(2, compile(text, "=" .. name))
	end
	globals.print = real
	for global in pairs(globals) do
		if not known[global] then
			globals[global] = nil
		end
	end
	for _, module in ipairs {"money"} do
		package.loaded[module], package.preload[module] = nil, nil
	end
	collectgarbage()
	assert(ok, err)
	return printed
end

local function describe_examples(name, blocks)
	for _, block in ipairs(blocks) do
		it(("%s, line %d"):format(name, block.line), function()
			local needed = block.text:match "^%-%- needs (%S+)"
			if needed ~= nil and not pcall(require, needed) then
				return pending("there is no " .. needed)
			end
			assert.same(expected_of(block.text), run(block.text, name .. ":" .. block.line))
		end)
	end
end

describe("the examples print what they say:", function()
	describe_examples("docs/lua.md", blocks_of(read "docs/lua.md"))
	describe_examples("README.md", blocks_of(read "README.md"))
	describe_examples("taskpool.lua", {{line = 1, text = head_of(read "bindings/lua/taskpool.lua")}})

	it("there are many of them", function()
		assert.is_true(#blocks_of(read "docs/lua.md") > 20)
		assert.same({"3"}, expected_of(head_of(read "bindings/lua/taskpool.lua")))
	end)

	it("one that prints something else is found", function()
		local text = "print(1) --> 2"
		assert.are_not.same(expected_of(text), run(text, "wrong"))
	end)
end)

-- ---- What there is ----

-- {module = {new = true ...}, Pool = {submit = true ...} ...}: functions only.
local function real_names()
	local pool = taskpool.new{workers = 1}
	local objects = {
		Pool = pool, Key = pool:key "k", Future = pool:submit(nil, math.abs, -1), All = taskpool.all{},
		Function = taskpool.prepare(function() end),
	}
	local names = {taskpool = {}}
	for class, object in pairs(objects) do
		names[class] = {}
		for name, value in pairs(debug.getmetatable(object).__index) do
			if type(value) == "function" and not name:find "^_" then
				names[class][name] = true
			end
		end
	end
	for name, value in pairs(taskpool) do
		if type(value) == "function" and not name:find "^_" then
			names.taskpool[name] = true
		end
	end
	pool:close()
	return names
end

local function meta_names(text)
	local names = {taskpool = {}, Pool = {}, Key = {}, Future = {}, All = {}, Function = {}}
	for class, name in text:gmatch "\nfunction (%w+)[.:]([%w_]+)%(" do
		assert(names[class], class)[name] = true
	end
	return names
end

-- Whether the comments of taskpool.lua have the function: by a tag, or above its definition.
local function is_said(text, class, name)
	local tag = class == "taskpool" and name or class .. ":" .. name
	for _, line in ipairs {"-- @function " .. tag, "--- @function " .. tag, "function M." .. name .. "(futures)",
		"function " .. tag .. "("} do
		local first, last = text:find(line, 1, true)
		if first ~= nil and (line:sub(-1) == "(" or text:find("^\n", last + 1)) then
			return true
		end
	end
	return false
end

-- The names of the fields of a class in the file for editors.
local function fields_of(text, class)
	local fields = {}
	local body = text:match("%-%-%-@class taskpool%." .. class .. "[^\n]*\n(.-)\n\n")
	for name in assert(body, class):gmatch "%-%-%-@field ([%w_]+)" do
		fields[name] = true
	end
	return fields
end

local function keys_of(t)
	local keys = {}
	for key in pairs(t) do
		keys[key] = true
	end
	return keys
end

describe("bindings/lua/meta/taskpool.lua", function()
	local text = read "bindings/lua/meta/taskpool.lua"

	it("is Lua", function()
		assert.is_function(compile(text))
		assert.truthy(text:find("---@meta taskpool\n", 1, true))
	end)

	it("has each function and method, and no other", function()
		assert.same(real_names(), meta_names(text))
	end)

	it("has the options of pools and of jobs", function()
		for name in pairs(fields_of(text, "PoolOptions")) do
			local _, err = pcall(taskpool.new, {[name] = {}})
			assert.is_nil(tostring(err):match "unknown option")
			assert.truthy(tostring(err):find(name, 1, true))
		end
		for name in pairs(fields_of(text, "JobOptions")) do
			local _, err = pcall(taskpool.submit, {[name] = {}}, print)
			assert.truthy(tostring(err):find("option '" .. name .. "'", 1, true))
		end
		for name in pairs(fields_of(text, "StateOptions")) do
			assert.truthy(read "bindings/lua/taskpool.lua":find("`" .. name .. "`", 1, true))
		end
	end)

	it("has the statistics", function()
		assert.same(keys_of(taskpool.default():stats()), fields_of(text, "Stats"))
	end)
end)

describe("docs/lua.md", function()
	local text = read "docs/lua.md"

	it("names each function and method", function()
		for class, names in pairs(real_names()) do
			for name in pairs(names) do
				assert.truthy(text:find(name, 1, true), class .. ":" .. name)
			end
		end
	end)

	it("names each option and each statistic", function()
		local meta = read "bindings/lua/meta/taskpool.lua"
		for _, class in ipairs {"PoolOptions", "StateOptions", "JobOptions", "Stats"} do
			for name in pairs(fields_of(meta, class)) do
				assert.truthy(text:find("`" .. name .. "`", 1, true), class .. "." .. name)
			end
		end
	end)

	it("has no link that leads nowhere in it", function()
		local anchors = {}
		for title in text:gmatch "\n##+ ([^\n]+)" do
			anchors[title:lower():gsub("[^%w ]", ""):gsub(" ", "-")] = true
		end
		for anchor in text:gmatch "%]%(#([^)]+)%)" do
			assert.is_true(anchors[anchor], anchor)
		end
	end)
end)

describe("the comments of taskpool.lua", function()
	it("say each function and method", function()
		local text = read "bindings/lua/taskpool.lua"
		for class, names in pairs(real_names()) do
			for name in pairs(names) do
				assert.is_true(is_said(text, class, name), class .. "." .. name)
			end
		end
	end)
end)

-- Runs a file that sets globals, and returns these.
local function load_settings(path)
	local settings = {}
	local chunk
	if setfenv then -- luacheck: ignore
		chunk = setfenv(assert(compile(read(path))), settings) -- luacheck: ignore
	else
		chunk = assert(load(read(path), path, "t", settings)) -- luacheck: ignore
	end
	chunk()
	return settings
end

describe("the rockspec", function()
	local name = ("taskpool-%s-1.rockspec"):format(taskpool._VERSION:match "%S+$")

	it("has the version of the library", function()
		local rock = load_settings("bindings/lua/" .. name)
		assert.equal("taskpool", rock.package)
		assert.equal(name, ("%s-%s.rockspec"):format(rock.package, rock.version))
	end)

	it("has what luarocks wants", function()
		local rock = load_settings("bindings/lua/" .. name)
		assert.is_string(rock.source.url)
		assert.is_string(rock.description.summary)
		assert.equal("MIT", rock.description.license)
		assert.equal("command", rock.build.type)
		assert.is_string(rock.build.build_command)
		assert.is_string(rock.build.install_command)
	end)
end)

describe("config.ld", function()
	it("names files that are there", function()
		local settings = load_settings "bindings/lua/config.ld"
		assert.is_string(settings.project)
		for _, file in ipairs(settings.file) do
			assert.is_string(read("bindings/lua/" .. file))
		end
	end)
end)
