-- How long queries take, as three sums of ln(seconds): the count, the sum, and the sum of squares (looks.py fits them).
--
-- Nobody sees an end: it lies somewhere between the last look that found the run alive and the one that found it
-- ended. Each end is therefore counted as what it most likely was, given the ends so far (a step of expectation
-- maximisation). Half-way would do where looks are close together, but a query that is well known gets its first
-- look when it ends, and half-way to that would halve what is known of it.

-- Past this many ends the older half counts half: what a query took last month says little about today.
local MOST_ENDS = 100
local KEEP_MS = 40 * 24 * 3600 * 1000
-- As ENOUGH_ENDS of looks.py: with fewer the fit says nothing.
local ENOUGH_ENDS = 5

local function add_duration(key, mean, mean_square)
  local ends = redis.call('HINCRBYFLOAT', key, 'ends', 1)
  redis.call('HINCRBYFLOAT', key, 'sum', mean)
  redis.call('HINCRBYFLOAT', key, 'squares', mean_square)
  if tonumber(ends) >= MOST_ENDS then
    for _, field in ipairs({ 'ends', 'sum', 'squares' }) do
      redis.call('HSET', key, field, number(key, field) / 2)
    end
  end
  redis.call('PEXPIRE', key, KEEP_MS)
end

-- The standard normal density, and the part of it below z (Abramowitz and Stegun 7.1.26, to seven digits).
local function density(z)
  return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
end

local function below(z)
  local t = 1 / (1 + 0.3275911 * math.abs(z) / math.sqrt(2))
  local series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  local tail = series * math.exp(-z * z / 2) / 2
  return z < 0 and tail or 1 - tail
end

-- What ln(seconds) of an end between two ages is on average, and its square.
local function likely_end(key, from_s, to_s)
  local half_way = math.log((from_s + to_s) / 2)
  local ends = number(key, 'ends')
  if ends < ENOUGH_ENDS then return half_way, half_way * half_way end
  local mean = number(key, 'sum') / ends
  local spread = math.max(math.sqrt(math.max(0, number(key, 'squares') / ends - mean * mean)), 0.05)
  local low = from_s > 0 and (math.log(from_s) - mean) / spread or -40
  local high = (math.log(to_s) - mean) / spread
  local part = below(high) - below(low)
  -- So far from all that was seen that the fit has no opinion.
  if part < 1e-4 then return half_way, half_way * half_way end
  local shift = (density(low) - density(high)) / part
  local narrowed = 1 + (low * density(low) - high * density(high)) / part - shift * shift
  local likely = mean + spread * shift
  return likely, likely * likely + spread * spread * math.max(0, narrowed)
end

local function note_end(key, from_s, to_s)
  add_duration(key, likely_end(key, from_s, to_s))
end

local function note_duration(run, query)
  local submitted, looked = unpack(redis.call('HMGET', run_key(run), 'submitted', 'looked'))
  local from_s = (tonumber(looked or submitted) - tonumber(submitted)) / 1000
  local to_s = math.max(now - tonumber(submitted), 1) / 1000
  note_end(PREFIX .. 'durations', from_s, to_s)
  if query ~= '' then note_end(PREFIX .. 'durations:' .. query, from_s, to_s) end
end
