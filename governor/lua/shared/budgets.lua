-- Request budgets: GCRA per operation, and one for all requests of the lane.

-- Stripe said "too many a second": half of what we send now, then back to the setting within this time. The limit is
-- shared with the customer's payments, so we step aside at once and come back slowly.
local BACK_TO_FULL_MS = 60000
local LEAST_PART = 1 / 16

local function part_of_rate(operation)
  local part = redis.call('HGET', CFG, operation .. '_part')
  if not part then return 1 end
  return math.min(1, tonumber(part) + (now - number(CFG, operation .. '_part_since')) / BACK_TO_FULL_MS)
end

local function slow_down(operation)
  local part = math.max(LEAST_PART, part_of_rate(operation) / 2)
  redis.call('HSET', CFG, operation .. '_part', part, operation .. '_part_since', now)
end

-- How many requests of an operation may be made in a second, now.
local function rate_now(operation)
  return number(CFG, operation .. '_per_s') * part_of_rate(operation)
end

-- A quarter of a second's worth of requests may come at once, or five where those are no more than half a second's: of ten a second
-- a quarter would be two, and a pump on a busy machine comes too late for the third now and then. Any second has no more than the
-- 25 that Stripe allows then, where the rate is no more than 20.
local function burst_ms(interval)
  return math.max(interval, 250, math.min(500, 5 * interval))
end

-- How many requests of an operation fit now.
local function budget_left(operation)
  local interval = 1000 / rate_now(operation)
  local burst = burst_ms(interval)
  local arrival = math.max(number(BUDGETS, operation), now)
  -- The difference first: next to a time of day a fraction of a millisecond is lost, and with it the one request
  -- that a slow rate allows.
  return math.max(0, math.floor((burst - (arrival - now)) / interval)), interval, arrival
end

local function charge(operation, requests)
  local _, interval, arrival = budget_left(operation)
  redis.call('HSET', BUDGETS, operation, arrival + requests * interval)
  if operation ~= 'all' then count_in(TOTALS, 'requests:' .. operation, requests) end
end
