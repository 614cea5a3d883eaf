-- The limit that follows the world: how many slots are really ours, since others use the same cap.
--
-- Pure functions of the limit and what was seen; docs/governor.md has the measurements behind the figures.

-- A refusal shows that what runs now is all there is room for; a little less leaves room for the others' next step.
local KEEP_OF_OWN = 0.98

local function limit_after_refusal(running)
  return math.max(1, math.floor(KEEP_OF_OWN * running))
end

-- One more for each create that succeeds, but only while the limit binds: successes far below it show nothing.
local function limit_after_success(limit, alive, cap)
  if alive >= limit - 1 then limit = limit + 1 end
  return math.min(limit, cap)
end

local function limit_now()
  local cap = number(CFG, 'cap')
  local limit = tonumber(redis.call('HGET', CFG, 'limit')) or cap
  local most = cap - number(CFG, 'margin')
  -- Never less than one, however little is left to us: only a create that is tried can show that there is room again.
  return math.max(math.min(most, 1), math.min(limit, cap) - number(CFG, 'margin'))
end

-- Runs that may be alive at Stripe: those that it named, and creates that were sent and not answered.
local function alive_at_stripe()
  return redis.call('ZCARD', DUE.poll) + redis.call('ZCOUNT', DUE.submit, '(' .. now, '+inf')
end

local function note_refusal()
  redis.call('HSET', CFG, 'limit', limit_after_refusal(redis.call('ZCARD', DUE.poll)))
end

local function note_success()
  local limit = tonumber(redis.call('HGET', CFG, 'limit'))
  if not limit then return end
  local cap = number(CFG, 'cap')
  limit = limit_after_success(limit, alive_at_stripe(), cap)
  if limit >= cap then redis.call('HDEL', CFG, 'limit') else redis.call('HSET', CFG, 'limit', limit) end
end
