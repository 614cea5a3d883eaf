-- Says which run each query of a lane shares: one that was accepted before and is young enough, else the run that asks,
-- which later ones share from now on. Being shared makes no run younger.
--
-- KEYS    shares… (`LaneKeys.share` of each query)
-- ARGV    max_age_ms, fresh ('1': share none from before, else empty), keep_ms (how long a run stays known), runs… (that
--         ask, one for each key)
-- Returns the run that each shares
-- Cost    O(keys)
-- Atomic  because of two batches at once only one may begin what the other shares

local max_age_ms, fresh, keep_ms = unpack(ARGV, 1, 3)
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

local shared = {}
for number, key in ipairs(KEYS) do
  local asking = ARGV[3 + number]
  local accepted_ms, run = string.match(redis.call('GET', key) or '', '^(%d+) (.+)$')
  -- Accepted later than now: the clock was set back since, and nobody knows how long ago it was.
  local age_ms = run and now_ms - accepted_ms
  local young = run and fresh ~= '1' and age_ms > -1000 and age_ms < tonumber(max_age_ms)
  if not young and run ~= asking then
    redis.call('SET', key, string.format('%.0f %s', now_ms, asking), 'PX', keep_ms)
    run = asking
  end
  shared[number] = run
end
return shared
