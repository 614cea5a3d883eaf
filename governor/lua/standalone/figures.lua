-- Tells of a lane what metrics export. Reads, and changes nothing.
--
-- KEYS    fixed… (`LaneKeys.fixed`, then `LaneKeys.totals`)
-- ARGV    most_flows (of how many flows a class what waits is counted), most_ready (of how many runs that wait to land it is
--         asked when they ended), gates… (of which it is told whether they are closed, and how often they were)
-- Returns {limits, counters, totals, runs, overdue_ms, waiting, oldest_waiting_ms, oldest_ready_ms}: fields of the
--         lane's settings, and of its counters, as `LIMITS` and `COUNTERS` below have them; fields and values in turn;
--         {slots, granted, running, ready}; how long the first of each step has been due, or false; runs that could be granted
--         by class, and since when the flow has been there that came first, or false; since when the oldest run that has still
--         to land ended, or false
-- Cost    O(flows that could be granted from + runs that wait to land), both bounded
-- Atomic  because counts of a lane belong together, and one call a lane is what three hundred of them can afford

local most_flows, most_ready = unpack(ARGV, 1, 2)
local CFG, SLOTS, STATS, TOTALS = KEYS[1], KEYS[2], KEYS[8], KEYS[17]
local WAITING, DUE = { KEYS[3], KEYS[4], KEYS[5] }, { KEYS[9], KEYS[10], KEYS[11] }
local PREFIX = string.sub(CFG, 1, -4)
local CLASSES = { interactive = 1, scheduled = 2, backfill = 3 }
local LIMITS = { 'layout', 'cap', 'limit', 'margin', 'held_interactive', 'held_scheduled', 'held_backfill', 'paused',
  'unreconciled' }
local COUNTERS = { 'audit_freed', 'audit_forgotten', 'audit_corrected', 'unserved' }
for at = 3, #ARGV do
  LIMITS[#LIMITS + 1], COUNTERS[#COUNTERS + 1] = ARGV[at] .. '_wait', 'closed_' .. ARGV[at]
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function since(moment) return moment and math.max(0, now - tonumber(moment)) end

local overdue_ms = {}
for at, due in ipairs(DUE) do
  overdue_ms[at] = since(redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')[2]) or false
end

local waiting, oldest_waiting_ms = { 0, 0, 0 }, { false, false, false }
for _, places in ipairs(WAITING) do
  for _, member in ipairs(redis.call('ZRANGE', places, 0, most_flows - 1)) do
    local flow = string.match(member, '^%d+|(.*)$')
    local size, cursor, hold_after, class, opened = unpack(redis.call('HMGET', PREFIX .. 'flow:' .. flow,
      'size', 'next', 'hold_after', 'class', 'opened'))
    local at = CLASSES[class]
    waiting[at] = waiting[at] + math.max(0, math.min(tonumber(size), tonumber(hold_after or size)) - tonumber(cursor))
      + redis.call('LLEN', PREFIX .. 'requeued:' .. flow)
    oldest_waiting_ms[at] = math.max(oldest_waiting_ms[at] or 0, since(opened) or 0)
  end
end

local oldest_ready_ms = false
for _, run in ipairs(redis.call('ZRANGE', DUE[3], 0, most_ready - 1)) do
  oldest_ready_ms = math.max(oldest_ready_ms or 0, since(redis.call('HGET', PREFIX .. 'run:' .. run, 'ended')) or 0)
end

return { redis.call('HMGET', CFG, unpack(LIMITS)), redis.call('HMGET', STATS, unpack(COUNTERS)), redis.call('HGETALL', TOTALS),
  { redis.call('ZCARD', SLOTS), redis.call('ZCARD', DUE[1]), redis.call('ZCARD', DUE[2]), redis.call('ZCARD', DUE[3]) },
  overdue_ms, waiting, oldest_waiting_ms, oldest_ready_ms }
