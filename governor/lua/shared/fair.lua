-- Fair order: which flow is served next.
--
-- Classes go first to last. Within a class the flow with the least slots held for its weight is next, and of equals
-- the one with the smallest start tag (start-time fair queuing: each grant moves a flow's tag on by 1/weight). So with
-- more slots than flows each holds its share, a late flow gets its share within one turnover of the slots, and with
-- fewer slots than flows service is shared over time. A flow that comes back starts at the class's virtual time:
-- being away earns nothing. A flow that waited too long for its next grant counts as the next class up until it gets
-- one, so nothing starves.
--
-- A flow that may be served has one place: a member 'start tag|flow' in WAITING of the class that it counts in.

local CLASSES = { 'interactive', 'scheduled', 'backfill' }
local RANK = { interactive = 1, scheduled = 2, backfill = 3 }
local TAG_PER_RUN = 1000000

-- Writes the record of a flow of which nothing was granted yet, but for what `...`, pairs of field and value, say.
local function new_flow(flow, ...)
  redis.call('HSET', flow_key(flow), 'opened', now, 'next', 0, 'tag', 0, 'promoted', 0,
    'held', 0, 'landed', 0, 'failed', 0, 'canceled', 0, 'bytes', 0, 'records', 0, ...)
end

-- What was requeued was granted once, so it is never held back.
local function has_waiting(flow)
  local size, cursor, hold_after = unpack(redis.call('HMGET', flow_key(flow), 'size', 'next', 'hold_after'))
  local last = math.min(tonumber(size), tonumber(hold_after or size))
  return tonumber(cursor) < last or redis.call('LLEN', requeued_key(flow)) > 0
end

-- A canceled flow too: what waits in it after a rebuild may run at Stripe, and only its create's answer can tell.
local function may_be_served(flow)
  local held, ceiling, paused = unpack(redis.call('HMGET', flow_key(flow), 'held', 'ceiling', 'paused'))
  if paused then return false end
  if tonumber(ceiling) > 0 and tonumber(held) >= tonumber(ceiling) then return false end
  return has_waiting(flow)
end

local function leave_place(flow)
  local class, member = string.match(redis.call('HGET', flow_key(flow), 'place') or '', '^(%a+)|(.*)$')
  if not class then return end
  redis.call('ZREM', WAITING[class], member)
  redis.call('HDEL', flow_key(flow), 'place')
end

-- Puts a flow where it belongs now; called after every change to what it holds, what waits, or what was decided.
-- A flow that was away comes back at its class's time, unless `keeps_tag`: a refused run was never away.
-- With `is_served` its waiting begins anew.
local function take_place(flow, keeps_tag, is_served)
  local key = flow_key(flow)
  if not may_be_served(flow) then
    leave_place(flow)
    redis.call('ZREM', AGEING, flow)
    return
  end

  local class, weight, held, tag, promoted = unpack(redis.call('HMGET', key, 'class', 'weight', 'held', 'tag', 'promoted'))
  local own_time, former_place = number(CFG, 'time_' .. class), redis.call('HGET', key, 'place')
  if not former_place and not keeps_tag and tonumber(tag) < own_time then
    tag = own_time
    redis.call('HSET', key, 'tag', tag)
  end
  local counted_in = CLASSES[math.max(1, RANK[class] - tonumber(promoted))]
  local shown_tag = counted_in == class and tag or number(CFG, 'time_' .. counted_in)
  local member = string.format('%016.0f|%s', shown_tag, flow)
  local place = counted_in .. '|' .. member
  if former_place ~= place then
    leave_place(flow)
    redis.call('HSET', key, 'place', place)
  end
  redis.call('ZADD', WAITING[counted_in], tonumber(held) / tonumber(weight), member)
  local ageing_ms = number(CFG, 'ageing_ms')
  if ageing_ms <= 0 or counted_in == 'interactive' then
    redis.call('ZREM', AGEING, flow)
  elseif is_served then
    redis.call('ZADD', AGEING, now + ageing_ms, flow)
  else
    redis.call('ZADD', AGEING, 'NX', now + ageing_ms, flow)
  end
end

local function promote_aged()
  for _, flow in ipairs(redis.call('ZRANGE', AGEING, '-inf', now, 'BYSCORE', 'LIMIT', 0, 100)) do
    redis.call('ZREM', AGEING, flow)
    redis.call('HINCRBY', flow_key(flow), 'promoted', 1)
    take_place(flow)
    count('aged')
  end
end

-- Slots that the classes above may still claim of their reserves: a lower class leaves them free.
local function reserved_above(rank)
  local reserved = 0
  for above = 1, rank - 1 do
    local class = CLASSES[above]
    reserved = reserved + math.max(0, number(CFG, 'reserve_' .. class) - number(CFG, 'held_' .. class))
  end
  return reserved
end

-- The flow to serve with one of the free slots, or nil.
local function next_flow(free)
  for rank, class in ipairs(CLASSES) do
    local member = redis.call('ZRANGE', WAITING[class], 0, 0)[1]
    if member and free > reserved_above(rank) then
      local tag, flow = string.match(member, '^(%d+)|(.*)$')
      return flow, class, tonumber(tag)
    end
  end
end

-- Charges a flow for a grant: its tag moves on, and its class's time follows.
-- Returns what this took from the flow, as 'class|tag|promoted', for `refund_flow`.
local function charge_flow(flow, counted_in, tag)
  local key = flow_key(flow)
  local class, weight, promoted = unpack(redis.call('HMGET', key, 'class', 'weight', 'promoted'))
  -- Whole numbers: they stay exact, whatever is added and taken back.
  local charge = math.max(1, math.floor(TAG_PER_RUN / tonumber(weight)))
  redis.call('HINCRBY', key, 'tag', charge)
  redis.call('HSET', key, 'promoted', 0)
  if tag > number(CFG, 'time_' .. counted_in) then redis.call('HSET', CFG, 'time_' .. counted_in, tag) end
  return string.format('%s|%d|%s', class, charge, promoted)
end

-- A run that was refused was never served: its flow gets back what the grant took, whatever its weight is now.
-- In another class it began anew since, and owes and is owed nothing.
local function refund_flow(flow, charge)
  local key = flow_key(flow)
  local class, tag, promoted = string.match(charge, '^(%a+)|(%d+)|(%d+)$')
  if class ~= redis.call('HGET', key, 'class') then return end
  redis.call('HINCRBY', key, 'tag', -tag)
  redis.call('HSET', key, 'promoted', math.max(number(key, 'promoted'), tonumber(promoted)))
end
