-- How long queries take, as three sums of ln(seconds): the count, the sum, and the sum of squares (looks.py fits them).

-- Past this many ends the older half counts half: what a query took last month says little about today.
local MOST_ENDS = 100
local KEEP_MS = 40 * 24 * 3600 * 1000

local function add_duration(key, ln_seconds)
  local ends = redis.call('HINCRBYFLOAT', key, 'ends', 1)
  redis.call('HINCRBYFLOAT', key, 'sum', ln_seconds)
  redis.call('HINCRBYFLOAT', key, 'squares', ln_seconds * ln_seconds)
  if tonumber(ends) >= MOST_ENDS then
    for _, field in ipairs({ 'ends', 'sum', 'squares' }) do
      redis.call('HSET', key, field, number(key, field) / 2)
    end
  end
  redis.call('PEXPIRE', key, KEEP_MS)
end

-- The end lies between the last look that saw the run alive and now: half-way, as far as we know.
local function note_duration(run, query)
  local submitted, looked = unpack(redis.call('HMGET', run_key(run), 'submitted', 'looked'))
  local seconds = math.max((now + tonumber(looked or submitted)) / 2 - tonumber(submitted), 1) / 1000
  add_duration(PREFIX .. 'durations', math.log(seconds))
  if query ~= '' then add_duration(PREFIX .. 'durations:' .. query, math.log(seconds)) end
end
