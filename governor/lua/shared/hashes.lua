-- Hashes: each is read by one command and written by one, however many of its fields a script asks for, and how often. And strings
-- of bits are written by one.
--
-- To all that follows `redis.call` is the one at the end of this part. What is asked of a hash it answers from a copy, which is read
-- whole when it is first needed; what is written waits in the copy for `write_back`, which scripts.py puts behind each script.
-- Nobody sees a hash in between, since a script is alone on its server. So scripts ask field by field, as it reads best, and pay
-- for each hash once.

local server = redis

-- Of each hash: its fields as far as they are known (false: absent), whether that is all, and which were changed.
local copies = {}

local function copy_of(key)
  copies[key] = copies[key] or { fields = {}, is_whole = false, changed = {} }
  return copies[key]
end

local function read_whole(key, copy)
  local flat, fields = server.call('HGETALL', key), copy.fields
  for at = 1, #flat, 2 do
    if fields[flat[at]] == nil then fields[flat[at]] = flat[at + 1] end
  end
  copy.is_whole = true
end

-- Reads some fields of a hash, of which a script may need no others.
local function read_some(key, ...)
  local fields, values = copy_of(key).fields, server.call('HMGET', key, ...)
  for at, field in ipairs({ ... }) do fields[field] = values[at] end
end

local function get(key, field)
  local copy = copy_of(key)
  if copy.fields[field] == nil and not copy.is_whole then read_whole(key, copy) end
  return copy.fields[field] or false
end

-- Returns whether the field was there. Numbers become what Redis makes of them.
local function put(key, field, value)
  local before = get(key, field)
  if type(value) == 'number' then value = string.format('%.17g', value) end
  if value ~= before then
    local copy = copies[key]
    copy.fields[field], copy.changed[field] = value, true
  end
  return before and true
end

local function write_back_one(key)
  local set, gone = {}, {}
  for field in pairs(copies[key].changed) do
    local value = copies[key].fields[field]
    if value then
      set[#set + 1] = field
      set[#set + 1] = value
    else
      gone[#gone + 1] = field
    end
  end
  if #set > 0 then server.call('HSET', key, unpack(set)) end
  if #gone > 0 then server.call('HDEL', key, unpack(gone)) end
  copies[key].changed = {}
end

-- What is written into a string of bits waits, too.
local bits = {}
local MOST_BITS = 4000 -- what a call can take has an end

local function write_bits(key)
  if bits[key] then server.call('BITFIELD', key, unpack(bits[key])) end
  bits[key] = nil
end

local function put_bits(key, ...)
  bits[key] = bits[key] or {}
  for _, part in ipairs({ ... }) do bits[key][#bits[key] + 1] = part end
  if #bits[key] >= MOST_BITS then write_bits(key) end
end

-- Counters that nobody reads here are only added to.
local counted = {}

local function count_in(key, what, by)
  counted[key] = counted[key] or {}
  counted[key][what] = (counted[key][what] or 0) + by
end

local function write_back()
  for key in pairs(copies) do write_back_one(key) end
  for key in pairs(bits) do write_bits(key) end
  for key, counts in pairs(counted) do
    for what, by in pairs(counts) do server.call('HINCRBY', key, what, by) end
  end
end

-- From here on a key has no record, or none any more.
local function start_anew(key)
  copies[key] = { fields = {}, is_whole = true, changed = {} }
end

local function is_empty(copy)
  for _, value in pairs(copy.fields) do
    if value then return false end
  end
  return true
end

local OF_A_HASH = { HGET = get }

function OF_A_HASH.HMGET(key, ...)
  local values = { ... }
  for at, field in ipairs(values) do values[at] = get(key, field) end
  return values
end

function OF_A_HASH.HSET(key, ...)
  local pairs_of, new = { ... }, 0
  for at = 1, #pairs_of, 2 do
    if not put(key, pairs_of[at], pairs_of[at + 1]) then new = new + 1 end
  end
  return new
end

function OF_A_HASH.HSETNX(key, field, value)
  if get(key, field) then return 0 end
  put(key, field, value)
  return 1
end

function OF_A_HASH.HDEL(key, ...)
  local were = 0
  for _, field in ipairs({ ... }) do
    if put(key, field, false) then were = were + 1 end
  end
  -- A hash without fields is no key any more, and what is written later has no time to live.
  if were > 0 and copies[key].is_whole and is_empty(copies[key]) then
    server.call('DEL', key)
    start_anew(key)
  end
  return were
end

function OF_A_HASH.HEXISTS(key, field) return get(key, field) and 1 or 0 end

function OF_A_HASH.HINCRBY(key, field, by)
  local sum = (tonumber(get(key, field)) or 0) + by
  put(key, field, sum)
  return sum
end

function OF_A_HASH.HINCRBYFLOAT(key, field, by)
  OF_A_HASH.HINCRBY(key, field, by)
  return get(key, field)
end

function OF_A_HASH.HKEYS(key)
  local copy, names = copy_of(key), {}
  if not copy.is_whole then read_whole(key, copy) end
  for field, value in pairs(copy.fields) do
    if value then names[#names + 1] = field end
  end
  return names
end

-- What is asked and done of keys as a whole finds them as they are by then.
local OF_A_KEY = { EXISTS = true, DEL = true, PEXPIRE = true, PERSIST = true, BITFIELD = true }

local redis = {
  call = function(command, ...)
    if OF_A_HASH[command] then return OF_A_HASH[command](...) end
    if OF_A_KEY[command] then
      for _, key in ipairs({ ... }) do
        write_bits(key)
        if copies[key] then write_back_one(key) end
        if copies[key] and command == 'DEL' then start_anew(key) end
      end
    end
    return server.call(command, ...)
  end,
  pcall = server.pcall,
  error_reply = server.error_reply,
}
