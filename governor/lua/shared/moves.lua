-- Moves of a run: from state to state, and out.

-- Hands the run to the step of its new state, due after a delay.
local function move(run, from, to, delay_ms)
  local flow, index, query_run = unpack(redis.call('HMGET', run_key(run), 'flow', 'index', 'query_run'))
  redis.call('ZREM', DUE[STEP_OF[from]], run)
  make_due(STEP_OF[to], run, now + delay_ms)
  redis.call('HSET', run_key(run), 'state', to, 'tries', 0, 'holder', '')
  redis.call('HDEL', run_key(run), 'trouble', 'look_again')
  if from == 'running' then
    note_end(run, query_run)
    forget(run, query_run)
  end
  mark(flow, index, to)
  return flow
end

-- Takes the run's record away: it settles, or goes back to waiting (with `keeps_tag` as if it had never been granted).
-- Returns its flow, its index, and when it was granted, submitted and ended, where its own create began it.
local function drop(run, state, next_state, keeps_tag)
  local flow, index, fence, query_run, key, granted, submitted, ended = unpack(redis.call('HMGET', run_key(run),
    'flow', 'index', 'fence', 'query_run', 'key', 'granted', 'submitted', 'ended'))
  keep_fence(fence)
  redis.call('ZREM', DUE[STEP_OF[state]], run)
  if state == 'running' then
    note_end(run, query_run)
    forget(run, query_run)
  end
  redis.call('DEL', run_key(run))
  if state ~= 'ready' then free_slot(run, flow, keeps_tag) end -- it has none since its end was seen
  mark(flow, index, next_state)
  if not key then return flow, index end
  return flow, index, granted, submitted, ended
end

-- A flow's keys outlive its last run by this time, for people to see; the ledger keeps the history.
local KEEP_FLOW_MS = 30 * 24 * 3600 * 1000

-- Returns when the flow was opened.
local function close_if_done(flow)
  local key = flow_key(flow)
  local size, landed, failed, canceled, opened = unpack(redis.call('HMGET', key, 'size', 'landed', 'failed', 'canceled', 'opened'))
  if landed + failed + canceled < tonumber(size) then return opened end
  redis.call('HSET', key, 'done', now)
  redis.call('PEXPIRE', key, KEEP_FLOW_MS)
  redis.call('PEXPIRE', states_key(flow), KEEP_FLOW_MS)
  return opened
end

-- The flow has work again.
local function reopen(flow)
  redis.call('HDEL', flow_key(flow), 'done')
  redis.call('PERSIST', flow_key(flow))
  redis.call('PERSIST', states_key(flow))
  take_place(flow)
end
