-- Gates: what a lane does after a refusal. Each guards one kind of request.

-- What a step's request has to pass, and what its success opens: a look at a run says nothing about creates.
local GATES_OF = {
  submit = { 'auth', 'permission', 'cap', 'create' }, poll = { 'auth', 'retrieve' }, download = { 'auth', 'retrieve' },
}

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

-- Returns whether this refusal counted: requests that were under way when the first one came say nothing new.
local function close_gate(gate, first_ms, most_ms, reason)
  local wait, probing = unpack(redis.call('HMGET', CFG, gate .. '_wait', gate .. '_probing'))
  if wait and not probing then return false end
  wait = wait and math.min(tonumber(wait) * 2, most_ms) or first_ms
  redis.call('HSET', CFG, gate .. '_wait', wait, gate .. '_until', now + wait, gate .. '_reason', reason)
  redis.call('HSETNX', CFG, gate .. '_since', now)
  redis.call('HDEL', CFG, gate .. '_probing')
  return true
end

local function open_gate(gate)
  redis.call('HDEL', CFG, gate .. '_wait', gate .. '_until', gate .. '_probing', gate .. '_since', gate .. '_reason')
end

-- Names the gates that a step's success would open.
local function closed_gates(step)
  local closed = {}
  for _, gate in ipairs(GATES_OF[step]) do
    if redis.call('HEXISTS', CFG, gate .. '_wait') == 1 then closed[#closed + 1] = gate end
  end
  return closed
end
