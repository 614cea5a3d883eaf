-- Slots: the right to have one run alive at Stripe. Counted from the grant to the observed end; no clock of ours frees one.

local function free_slots()
  if paused then return 0 end
  return limit_now() - redis.call('ZCARD', SLOTS)
end

-- The next waiting run of a flow as index, attempt, query_run: first what was requeued, then the cursor.
local function take_waiting(flow)
  local entry = redis.call('LPOP', requeued_key(flow))
  if entry then return string.match(entry, '^(%d+)|(%d+)|(.*)$') end
  return tostring(redis.call('HINCRBY', flow_key(flow), 'next', 1) - 1), '0', ''
end

local function hold(flow, slots)
  redis.call('HINCRBY', flow_key(flow), 'held', slots)
  redis.call('HINCRBY', CFG, 'held_' .. redis.call('HGET', flow_key(flow), 'class'), slots)
end

-- A run whose QueryRun is known (a retried landing) is only retrieved, never created again.
local function start(flow, charge, index, attempt, query_run)
  local run = flow .. '/' .. index
  local state = query_run == '' and 'granted' or 'running'
  start_anew(run_key(run))
  redis.call('HSET', run_key(run), 'flow', flow, 'index', index, 'attempt', attempt, 'state', state,
    'fence', next_fence(), 'granted', now, 'query_run', query_run, 'charge', charge)
  if state == 'running' then
    redis.call('HSET', run_key(run), 'submitted', now)
    know(run, query_run)
  end
  redis.call('ZADD', SLOTS, now, run)
  make_due(STEP_OF[state], run, now)
  hold(flow, 1)
  mark(flow, index, state)
end

-- Fills every free slot. Called by each script that frees a slot or adds work, so that a freed slot is taken in
-- the same step: nobody can barge in, and no wake-up can be lost.
local function grant()
  promote_aged()
  local free = free_slots()
  while free > 0 do
    local flow, counted_in, tag = next_flow(free)
    if not flow or not is_reconciled() then return end
    local charge = charge_flow(flow, counted_in, tag)
    start(flow, charge, take_waiting(flow))
    take_place(flow, false, true)
    free = free - 1
  end
end

local function free_slot(run, flow, keeps_tag)
  if redis.call('ZREM', SLOTS, run) == 0 then return end
  hold(flow, -1)
  take_place(flow, keeps_tag)
end
