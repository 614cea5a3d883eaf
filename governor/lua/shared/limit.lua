-- The limit that follows the world: how many slots are really ours, since others use the same cap.
--
-- Pure functions of the limit and what was seen; bench/limit.py measures them against outside use.

-- A refusal shows that what runs now is all there is room for; a little less leaves room for the others' next step.
local KEEP_OF_OWN = 0.98

local function limit_after_refusal(running)
  return math.max(1, math.floor(KEEP_OF_OWN * running))
end

-- After a refusal it climbs back slowly, one slot for so many creates that succeed: each climb ends with a refusal, so
-- its length is the time between two of them. A small limit climbs sooner, since there one slot is a large part.
local SUCCESSES_PER_SLOT = 10
local SMALL_PART = 1 / 4

-- Past the point of the last refusal the others have left room, nobody knows how much: then each slot takes half as many
-- successes as the one before, until each success is a slot.
local function successes_for_a_slot(limit, refused_at)
  local slowest = math.min(SUCCESSES_PER_SLOT, math.ceil(SMALL_PART * limit))
  return math.max(1, math.floor(slowest / 2 ^ math.max(0, limit - refused_at)))
end

-- Returns the limit and the successes since it last rose. Only those count that come while the limit binds: far below
-- it they show nothing.
local function limit_after_success(limit, alive, cap, refused_at, successes)
  if alive < limit - 1 then return limit, successes end
  if successes + 1 < successes_for_a_slot(limit, refused_at) then return limit, successes + 1 end
  return math.min(limit + 1, cap), 0
end

-- Slots that are kept for runs made beside all flows (set_aside.lua), until they are given back or nothing of these can be alive.
local function slots_aside(aside, aside_until)
  return aside and tonumber(aside_until) > now and tonumber(aside) or 0
end

-- How many slots are ours by what was decided for the lane, whatever others leave of them.
local function own_slots()
  local cap, margin, aside, aside_until = unpack(redis.call('HMGET', CFG, 'cap', 'margin', 'aside', 'aside_until'))
  return (cap or 0) - (margin or 0) - slots_aside(aside, aside_until)
end

local function limit_now()
  local cap, margin, limit, aside, aside_until = unpack(redis.call('HMGET', CFG, 'cap', 'margin', 'limit', 'aside', 'aside_until'))
  cap, margin = tonumber(cap or 0), tonumber(margin or 0) + slots_aside(aside, aside_until)
  -- Never less than one, however little is left to us: only a create that is tried can show that there is room again.
  return math.max(math.min(cap - margin, 1), math.min(tonumber(limit or cap), cap) - margin)
end

-- Runs that may be alive at Stripe: those that it named, and creates that were sent and not answered.
local function alive_at_stripe()
  return redis.call('ZCARD', DUE.poll) + redis.call('ZCOUNT', DUE.submit, '(' .. now, '+inf')
end

local function note_refusal()
  local running = redis.call('ZCARD', DUE.poll)
  redis.call('HSET', CFG, 'limit', limit_after_refusal(running), 'limit_refused_at', running, 'limit_successes', 0)
end

-- Returns whether the limit has risen.
local function note_success()
  local limit = tonumber(redis.call('HGET', CFG, 'limit'))
  if not limit then return false end
  local cap = number(CFG, 'cap')
  local refused_at, successes = number(CFG, 'limit_refused_at'), number(CFG, 'limit_successes')
  local before = limit
  limit, successes = limit_after_success(limit, alive_at_stripe(), cap, refused_at, successes)
  if limit >= cap then
    redis.call('HDEL', CFG, 'limit', 'limit_refused_at', 'limit_successes')
  else
    redis.call('HSET', CFG, 'limit', limit, 'limit_successes', successes)
  end
  return limit > before
end
