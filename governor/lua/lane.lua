-- The shared part of every script: scripts.py puts it in front of each file of this folder.
--
-- KEYS (the same for every script, see keys.py):
--   1 cfg      HASH   settings of the lane, newest fence, gates
--   2 slots    ZSET   run -> granted at (ms); ZCARD is the account of slots
--   3 flows    ZSET   flow with a waiting run -> order of service
--   4 budgets  HASH   operation -> theoretical arrival time (ms)
--   5 stats    HASH   counters
--   6 due:submit, 7 due:poll, 8 due:download   ZSET   run -> when somebody must look at it (ms)
-- Keys of one flow or run are PREFIX .. name: same hash tag, same Cluster slot.
--
-- Time is TIME of the server, in milliseconds: clients send durations, never instants, so no client's clock
-- can free a slot or lose a run.

local CFG, SLOTS, FLOWS, BUDGETS, STATS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local DUE = { submit = KEYS[6], poll = KEYS[7], download = KEYS[8] }
local PREFIX = string.sub(CFG, 1, -4)

local STEP_OF = { granted = 'submit', running = 'poll', ready = 'download' }
-- What a step's request has to pass, and what its success opens: a look at a run says nothing about creates.
local GATES_OF = { submit = { 'auth', 'cap', 'create' }, poll = { 'auth', 'retrieve' }, download = { 'auth', 'retrieve' } }
local NIBBLE = { waiting = 0, granted = 1, running = 2, ready = 3, landed = 4, failed = 5, canceled = 6 }

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local layout = redis.call('HGET', CFG, 'layout')
if layout and layout ~= '$LAYOUT' then
  return redis.error_reply('LAYOUT the lane has layout ' .. layout .. ', this release knows $LAYOUT')
end

local function flow_key(flow) return PREFIX .. 'flow:' .. flow end
local function back_key(flow) return PREFIX .. 'back:' .. flow end
local function states_key(flow) return PREFIX .. 'states:' .. flow end
local function run_key(run) return PREFIX .. 'run:' .. run end

local function number(key, field)
  return tonumber(redis.call('HGET', key, field)) or 0
end

local function count(what, by)
  redis.call('HINCRBY', STATS, what, by or 1)
end

-- A fence never repeats within a lane, so that a worker that slept through its custody cannot be mistaken for
-- the one that holds the run now, even when the run was put back and granted again meanwhile.
-- It follows the clock (µs), since a mere count would begin anew after Redis lost its data, and a replica that took
-- over could give out a second time what its primary had given.
local function next_fence()
  local fence = math.max(number(CFG, 'fence') + 1, tonumber(clock[1]) * 1000000 + tonumber(clock[2]))
  redis.call('HSET', CFG, 'fence', fence)
  return fence
end

local function mark(flow, index, state)
  redis.call('BITFIELD', states_key(flow), 'SET', 'u4', '#' .. index, NIBBLE[state])
end

-- Whether the caller still holds this run in this state; whoever does not may change nothing.
local function holds(run, fence, state)
  local run_state, run_fence = unpack(redis.call('HMGET', run_key(run), 'state', 'fence'))
  if run_fence == fence and (not state or run_state == state) then return run_state end
  count('stale')
  return nil
end

------------------------------------------------------------------------------------------------------- slots

local function free_slots()
  local cap, margin = number(CFG, 'cap'), number(CFG, 'margin')
  return cap - margin - redis.call('ZCARD', SLOTS)
end

-- Which flow is served next: the one opened first. (Classes, weights and ceilings belong here.)
local function pick_flow()
  return redis.call('ZRANGE', FLOWS, 0, 0)[1]
end

-- The next waiting run of a flow as index, attempt, query_run: first what was put back, then the cursor.
local function take_waiting(flow)
  local entry = redis.call('LPOP', back_key(flow))
  if entry then return string.match(entry, '^(%d+)|(%d+)|(.*)$') end
  return tostring(redis.call('HINCRBY', flow_key(flow), 'next', 1) - 1), '0', ''
end

local function has_waiting(flow)
  local size, cursor = unpack(redis.call('HMGET', flow_key(flow), 'size', 'next'))
  return tonumber(cursor) < tonumber(size) or redis.call('LLEN', back_key(flow)) > 0
end

-- A run whose QueryRun is known (a retried landing) is only looked at again, never created again.
local function start(flow, index, attempt, query_run)
  local run = flow .. '/' .. index
  local state = query_run == '' and 'granted' or 'running'
  redis.call('HSET', run_key(run), 'flow', flow, 'index', index, 'attempt', attempt, 'state', state,
    'fence', next_fence(), 'granted', now, 'query_run', query_run)
  if state == 'running' then redis.call('HSET', run_key(run), 'submitted', now) end
  redis.call('ZADD', SLOTS, now, run)
  redis.call('ZADD', DUE[STEP_OF[state]], now, run)
  redis.call('HINCRBY', flow_key(flow), 'held', 1)
  mark(flow, index, state)
  count('granted')
end

-- Fills every free slot. Called by each script that frees a slot or adds work, so that a freed slot is taken in
-- the same step: nobody can barge in, and no wake-up can be lost.
local function grant()
  local free = free_slots()
  while free > 0 do
    local flow = pick_flow()
    if not flow then return end
    start(flow, take_waiting(flow))
    if not has_waiting(flow) then redis.call('ZREM', FLOWS, flow) end
    free = free - 1
  end
end

local function free_slot(run, flow)
  if redis.call('ZREM', SLOTS, run) == 1 then redis.call('HINCRBY', flow_key(flow), 'held', -1) end
end

---------------------------------------------------------------------------------------------- moves of a run

-- Hands the run to the step of its new state, due after a delay.
local function move(run, from, to, delay_ms)
  local flow, index = unpack(redis.call('HMGET', run_key(run), 'flow', 'index'))
  redis.call('ZREM', DUE[STEP_OF[from]], run)
  redis.call('ZADD', DUE[STEP_OF[to]], now + delay_ms, run)
  redis.call('HSET', run_key(run), 'state', to, 'tries', 0)
  redis.call('HDEL', run_key(run), 'trouble')
  mark(flow, index, to)
  return flow
end

-- Takes the run's record away: it settles, or goes back to waiting.
local function drop(run, state, next_state)
  local flow, index = unpack(redis.call('HMGET', run_key(run), 'flow', 'index'))
  redis.call('ZREM', DUE[STEP_OF[state]], run)
  redis.call('DEL', run_key(run))
  free_slot(run, flow)
  mark(flow, index, next_state)
  return flow, index
end

-- The flow's keys outlive its last run by the given time, for people to look at; the ledger keeps the history.
local function close_if_done(flow, keep_ms)
  local key = flow_key(flow)
  local size, landed, failed, canceled = unpack(redis.call('HMGET', key, 'size', 'landed', 'failed', 'canceled'))
  if landed + failed + canceled < tonumber(size) then return end
  redis.call('HSET', key, 'done', now)
  redis.call('PEXPIRE', key, keep_ms)
  redis.call('PEXPIRE', states_key(flow), keep_ms)
end

-- The flow has work again.
local function reopen(flow)
  redis.call('HDEL', flow_key(flow), 'done')
  redis.call('PERSIST', flow_key(flow))
  redis.call('PERSIST', states_key(flow))
  redis.call('ZADD', FLOWS, number(flow_key(flow), 'order'), flow)
end

------------------------------------------------------------------------------------------- gates and budgets

-- A gate is closed for a while after a refusal. When that time is over it lets one request through as a probe:
-- its success opens the gate, its refusal closes it for twice as long, silence lets the next probe go.
local function through_gate(gate, want)
  local wait, closed_until = unpack(redis.call('HMGET', CFG, gate .. '_wait', gate .. '_until'))
  if not wait then return want end
  return now < tonumber(closed_until) and 0 or math.min(want, 1)
end

local function note_probe(gate, probe_ms)
  if redis.call('HEXISTS', CFG, gate .. '_wait') == 0 then return end
  redis.call('HSET', CFG, gate .. '_until', now + probe_ms, gate .. '_probing', 1)
end

local function close_gate(gate, first_ms, most_ms, reason)
  local wait, probing = unpack(redis.call('HMGET', CFG, gate .. '_wait', gate .. '_probing'))
  -- Requests that were under way when the first refusal came say nothing new.
  if wait and not probing then return end
  wait = wait and math.min(tonumber(wait) * 2, most_ms) or first_ms
  redis.call('HSET', CFG, gate .. '_wait', wait, gate .. '_until', now + wait, gate .. '_reason', reason)
  redis.call('HSETNX', CFG, gate .. '_since', now)
  redis.call('HDEL', CFG, gate .. '_probing')
end

local function open_gate(gate)
  redis.call('HDEL', CFG, gate .. '_wait', gate .. '_until', gate .. '_probing', gate .. '_since', gate .. '_reason')
end

-- Which gates a step's success would open, as 'auth,cap'.
local function closed_gates(step)
  local closed = {}
  for _, gate in ipairs(GATES_OF[step]) do
    if redis.call('HEXISTS', CFG, gate .. '_wait') == 1 then closed[#closed + 1] = gate end
  end
  return table.concat(closed, ',')
end

-- GCRA: how many requests of an operation fit now. A quarter of a second's worth may come at once.
local function budget_left(operation)
  local interval = 1000 / number(CFG, operation .. '_per_s')
  local burst = math.max(interval, 250)
  local arrival = math.max(number(BUDGETS, operation), now)
  -- The difference first: next to a time of day a fraction of a millisecond is lost, and with it the one request
  -- that a slow rate allows.
  return math.max(0, math.floor((burst - (arrival - now)) / interval)), interval, arrival
end

local function charge(operation, requests)
  local _, interval, arrival = budget_left(operation)
  redis.call('HSET', BUDGETS, operation, arrival + requests * interval)
end
