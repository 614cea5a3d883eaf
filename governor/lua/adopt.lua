-- Gives slots to runs that may be alive at Stripe, of which Redis, new or older than it was, knows nothing: whatever waits is
-- granted, as many as there are, and due for a replay of its create. A run of an older attempt is raised to the newer one.
--
-- ARGV    flow, sent… (of each run: index, attempt, answered: '1' if Stripe has named its QueryRun, else empty; in the order of
--         their indexes)
-- Returns how many hold a slot only since now; -1 if the flow is unknown here
-- Cost    O(log runs) a run, and O(waiting runs before the last of them)
-- Atomic  because a run that is waiting and granted at once would be granted twice

local flow = ARGV[1]
local key = flow_key(flow)
if redis.call('EXISTS', key) == 0 then return -1 end

local cursor, class = number(key, 'next'), redis.call('HGET', key, 'class')
local canceling = redis.call('HEXISTS', key, 'canceling') == 1
local requeued, place_of = redis.call('LRANGE', requeued_key(flow), 0, -1), {}
for place, entry in ipairs(requeued) do place_of[string.match(entry, '^%d+')] = place end

-- Takes a run out of whatever it waits in; false if it waits nowhere, or for something newer than this attempt.
local function take_out(index, attempt)
  if tonumber(index) >= cursor then
    -- What is skipped was not sent, so it waits on.
    for skipped = cursor, tonumber(index) - 1 do requeued[#requeued + 1] = skipped .. '|0|' end
    cursor = tonumber(index) + 1
    return true
  end
  local place = place_of[index]
  if place then
    local next_attempt, query_run = string.match(requeued[place], '^%d+|(%d+)|(.*)$')
    local newer = tonumber(next_attempt) - tonumber(attempt)
    -- With a QueryRun only its landing is tried again: its query has ended.
    if newer > 0 or newer == 0 and query_run ~= '' then return false end
    requeued[place] = ''
    return true
  end
  -- Dropped by a cancel, which says nothing about what Stripe runs.
  if canceling then redis.call('HINCRBY', key, 'canceled', -1) end
  return canceling
end

-- Makes a run that has a record one of this attempt.
local function raise(run, index, state, attempt)
  redis.call('ZREM', DUE[STEP_OF[state]], run)
  if state == 'running' then forget(run, redis.call('HGET', run_key(run), 'query_run')) end
  make_due('submit', run, now)
  if redis.call('ZADD', SLOTS, now, run) == 1 then hold(flow, 1) end
  local fence = redis.call('HGET', run_key(run), 'fence')
  redis.call('HDEL', run_key(run), 'key', 'unanswered', 'answered', 'submitted', 'polled', 'ended', 'trouble',
    'received', 'holder', 'look_again', 'planned', 'told', 'told_by', 'told_late_ms')
  redis.call('HSET', run_key(run), 'state', 'granted', 'attempt', attempt, 'fence', fence_after(fence), 'granted', now,
    'query_run', '', 'tries', 0)
  mark(flow, index, 'granted')
end

local function adopt(index, attempt, answered)
  local run = flow .. '/' .. index
  local state, known = unpack(redis.call('HMGET', run_key(run), 'state', 'attempt'))
  local nibble = redis.call('BITFIELD', states_key(flow), 'GET', 'u4', '#' .. index)[1]
  if state and tonumber(known) < tonumber(attempt) then
    raise(run, index, state, attempt)
  elseif state then
    -- It goes on as it is; but of a create that was sent Redis may have forgotten that it was.
    if state == 'granted' and known == attempt then
      redis.call('HSETNX', run_key(run), 'sent', now)
      if answered == '1' then redis.call('HSET', run_key(run), 'answered', 1) end
    end
    return false
  elseif nibble == NIBBLE.landed or nibble == NIBBLE.failed or not take_out(index, attempt) then
    return false
  else
    start(flow, class .. '|0|0', index, attempt, '')
  end
  redis.call('HSET', run_key(run), 'sent', now, 'adopted', 1)
  if answered == '1' then redis.call('HSET', run_key(run), 'answered', 1) end
  return true
end

local size, adopted, last = number(key, 'size'), 0, -1
for i = 2, #ARGV, 3 do
  local index, attempt, answered = unpack(ARGV, i, i + 2)
  if tonumber(index) < size and adopt(index, attempt, answered) then adopted, last = adopted + 1, tonumber(index) end
end
if adopted == 0 then return 0 end

count('adopted', adopted)
-- What was sent from past the index at which a flow is held back shows that it was released.
if last >= (tonumber(redis.call('HGET', key, 'hold_after')) or size) then redis.call('HDEL', key, 'hold_after') end
redis.call('HSET', key, 'next', cursor)
redis.call('DEL', requeued_key(flow))
for _, entry in ipairs(requeued) do
  if entry ~= '' then redis.call('RPUSH', requeued_key(flow), entry) end
end
reopen(flow)
grant()
return adopted
