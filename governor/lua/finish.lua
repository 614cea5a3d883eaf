-- Settles a run, from whatever state it was in: landed, failed or canceled.
--
-- ARGV    run, fence, outcome, stored_bytes, records (that landed), why (the class of its failure; empty: it did not fail),
--         attempt
-- Returns 1, or 0 if the fence is stale
-- Cost    O(log runs), and O(log runs) a grant
-- Atomic  because the run's record, its slot and its flow's counters must agree, and a freed slot be taken

local run, fence, outcome, stored_bytes, records, why, attempt = unpack(ARGV)
local state = holds(run, fence)
if not state then return 0 end

-- What a lane's durations are counted in (s), each up to and with its bound; the last is past Stripe's 90 minutes.
local BOUNDS_S = { 1, 3, 10, 30, 100, 300, 1000, 3000, 6000 }

local function bucket(ms)
  for _, bound in ipairs(BOUNDS_S) do
    if ms <= 1000 * bound then return bound end
  end
  return 'more'
end

local fields, amounts = {}, {}
local function add(field, amount)
  fields[#fields + 1], amounts[#amounts + 1] = field, amount
end

local function add_duration_of(what, from, to)
  if not (from and to) then return end
  local ms = math.max(0, tonumber(to) - tonumber(from))
  add(what .. ':' .. bucket(ms), 1)
  add(what .. ':ms', ms)
end

-- One read and one write, however much is added.
local function write_totals()
  local known, written = redis.call('HMGET', TOTALS, unpack(fields)), {}
  for at, field in ipairs(fields) do
    written[2 * at - 1], written[2 * at] = field, string.format('%.0f', tonumber(known[at] or 0) + amounts[at])
  end
  redis.call('HSET', TOTALS, unpack(written))
end

local flow, _, granted, submitted, ended = drop(run, state, outcome)
redis.call('HINCRBY', flow_key(flow), outcome, 1)
redis.call('HINCRBY', flow_key(flow), 'bytes', stored_bytes)
redis.call('HINCRBY', flow_key(flow), 'records', records)
local opened = close_if_done(flow)

add('runs:' .. outcome, 1)
if why ~= '' then add('failed:' .. why, 1) end
if outcome == 'landed' then
  add('bytes', tonumber(stored_bytes))
  add('records', tonumber(records))
  -- A later attempt did not wait since its batch was accepted.
  if attempt == '0' then add_duration_of('queue', opened, granted) end
  add_duration_of('query', submitted, ended)
  add_duration_of('landing', ended, now)
end
write_totals()
if state ~= 'ready' then grant() end -- else the slot went on when the end was seen
return 1
