-- The feed: how ends are told by events, and what that is worth. A lane of which nothing is ever told has none, and costs nothing:
-- `has_feed` among its settings says that something was heard, or that a list of events was read, which may tell of ends.
--
-- Each end that a look sees counts as told or as missed. One that nobody told of is unheard for a while, and counts as missed until
-- its event comes after all; then it was late, and what its look has saved is known.

local UNHEARD_MS = 60000
-- Past this many ends the older half counts half: a feed that broke an hour ago is broken.
local MOST_TOLD = 100
local DECAYING = { 'told', 'told_events', 'told_webhooks', 'missed', 'delay_ms', 'delay_squares', 'delays',
  'lag_events_ms', 'lags_events', 'lag_webhooks_ms', 'lags_webhooks', 'lag_looks_ms', 'lags_looks' }
-- Stripe's clock and that of this server differ by less; what is further off is no delay.
local MOST_AHEAD_MS, MOST_DELAY_MS = 5000, 300000

local function feed_adds(field, by) redis.call('HINCRBYFLOAT', FEED, field, by) end

local function feed_decays()
  if number(FEED, 'told') + number(FEED, 'missed') < MOST_TOLD then return end
  for _, field in ipairs(DECAYING) do
    if redis.call('HEXISTS', FEED, field) == 1 then redis.call('HSET', FEED, field, number(FEED, field) / 2) end
  end
end

-- How late an event is that tells of this moment of Stripe's clock; nothing where that is not known.
local function delay_since(created_ms)
  local delay = tonumber(created_ms) and now - tonumber(created_ms)
  if not delay or delay < -MOST_AHEAD_MS or delay > MOST_DELAY_MS then return nil end
  return math.max(0, delay)
end

-- (By nobody that can be named, where it was told before a run was known.)
local function note_told(path, delay_ms)
  feed_adds('told', 1)
  if path ~= 'early' then feed_adds('told_' .. path, 1) end
  if delay_ms then
    feed_adds('delay_ms', delay_ms)
    feed_adds('delay_squares', (delay_ms / 1000) ^ 2)
    feed_adds('delays', 1)
  end
  feed_decays()
end

local function note_lag(path, lag_ms)
  feed_adds('lag_' .. path .. '_ms', math.max(0, lag_ms))
  feed_adds('lags_' .. path, 1)
end

local function note_missed()
  local missed = redis.call('ZREMRANGEBYSCORE', UNHEARD, '-inf', now - UNHEARD_MS)
  if missed > 0 then feed_adds('missed', missed) end
end

-- A look has seen the end of a run whose create this lane has sent: of a retried landing the event came long ago, and of what was
-- adopted it may have come while nobody listened.
local function note_end(run, query_run)
  if redis.call('HEXISTS', CFG, 'has_feed') == 0 then return end
  local sent, adopted, told, path, delay_ms =
    unpack(redis.call('HMGET', run_key(run), 'sent', 'adopted', 'told', 'told_by', 'told_late_ms'))
  if not sent or adopted then return end
  note_missed()
  if told then
    delay_ms = tonumber(delay_ms)
    note_told(path, delay_ms)
    if delay_ms then note_lag(path, delay_ms + now - tonumber(told)) end
  else
    redis.call('ZADD', UNHEARD, now, query_run)
    redis.call('PEXPIRE', UNHEARD, 10 * UNHEARD_MS)
  end
end

-- An event tells of an end that a look has seen already. Returns whether that was so.
local function note_late(query_run, path, delay_ms)
  local seen = redis.call('ZSCORE', UNHEARD, query_run)
  if not seen then return false end
  redis.call('ZREM', UNHEARD, query_run)
  note_told(path, delay_ms)
  if delay_ms then note_lag('looks', delay_ms - (now - tonumber(seen))) end
  return true
end
