-- How long queries take, as three sums of ln(seconds): the count, the sum, and the sum of squares (durations.py fits them).

-- Past this many ends the older half counts half: what a query took last month says little about today.
local MOST_ENDS = 100
local KEEP_MS = 40 * 24 * 3600 * 1000
-- How often that begins anew, by an end: for the others it is no command.
local KEEP_AGAIN_MS = 24 * 3600 * 1000

local function add_duration(key, ln_seconds, square)
  local ends = redis.call('HINCRBYFLOAT', key, 'ends', 1)
  redis.call('HINCRBYFLOAT', key, 'sum', ln_seconds)
  redis.call('HINCRBYFLOAT', key, 'squares', square)
  if tonumber(ends) >= MOST_ENDS then
    for _, field in ipairs({ 'ends', 'sum', 'squares' }) do
      redis.call('HSET', key, field, number(key, field) / 2)
    end
  end
  if math.abs(now - number(key, 'kept')) < KEEP_AGAIN_MS then return end
  redis.call('HSET', key, 'kept', now)
  redis.call('PEXPIRE', key, KEEP_MS + KEEP_AGAIN_MS)
end

-- What an end adds to the sums is the caller's word, since only the fit can say where between two looks it was.
local function note_duration(query, ln_seconds, square)
  add_duration(durations_key(''), ln_seconds, square)
  if query ~= '' then add_duration(durations_key(query), ln_seconds, square) end
end
