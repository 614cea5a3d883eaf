-- The clock of the server, which somebody may set, and which is another one after a failover. A lane's instants move with it:
-- what was due in a second still is, and ages only by the time that really passed.
--
-- Backward, the first script that runs finds it out, by the time that pumps note, at least twice a minute: nothing is written yet
-- by the new time. Forward, nobody can tell here from an hour in which nothing ran; a pump can, by its own clock
-- (lane_clock.py), some moments later: what was written since stays as it is. Until one has, the time is not noted.

-- Less is no matter: a run is due a second late.
local TOLERATED_MS = 1000
-- Longer than what passes between two notes, or two audits, where pumps are at work.
local LONGEST_GAP_MS = 60000

local INSTANTS_OF_A_RUN = { 'granted', 'sent', 'unanswered', 'submitted', 'told', 'polled', 'planned', 'ended' }

local function move_fields(key, fields, by_ms, before)
  for _, field in ipairs(fields) do
    local instant = tonumber(redis.call('HGET', key, field))
    if instant and instant < before then redis.call('HSET', key, field, instant + by_ms) end
  end
end

-- Moves all instants of the lane before one by so much. Those of a flow are only shown, and stay.
local function move_instants(by_ms, before)
  for _, due in pairs(DUE) do
    for _, run in ipairs(redis.call('ZRANGE', due, 0, -1)) do move_fields(run_key(run), INSTANTS_OF_A_RUN, by_ms, before) end
  end
  for _, key in ipairs({ SLOTS, AGEING, DUE.submit, DUE.poll, DUE.download, EARLY, UNHEARD }) do
    for _, member in ipairs(redis.call('ZRANGE', key, '-inf', '(' .. before, 'BYSCORE')) do
      redis.call('ZINCRBY', key, by_ms, member)
    end
  end
  move_fields(BUDGETS, redis.call('HKEYS', BUDGETS), by_ms, before)
  local instants = { 'audited' }
  for _, field in ipairs(redis.call('HKEYS', CFG)) do
    if string.match(field, '_until$') or string.match(field, '_since$') then instants[#instants + 1] = field end
  end
  move_fields(CFG, instants, by_ms, before)
  move_fields(FEED, { 'heard_events', 'heard_webhooks', 'sweep_at', 'swept' }, by_ms, before)
  -- What was due before may be due after what was not moved.
  redis.call('HDEL', CFG, 'submit_quiet_until', 'poll_quiet_until', 'download_quiet_until')
  redis.call('HSET', CFG, 'clock', now, 'clock_moved', now, 'clock_moved_by', by_ms)
  clock_moves = redis.call('HINCRBY', CFG, 'clock_moves', 1)
end

-- Notes the time; false if it is too late for that, both after what was noted and after what a pump expects.
local function note_clock(expected_ms)
  if noted and now > math.max(noted, expected_ms) + LONGEST_GAP_MS then return false end
  if now > (noted or 0) + TOLERATED_MS then redis.call('HSET', CFG, 'clock', now) end
  return true
end

if noted and now < noted - TOLERATED_MS then
  move_instants(now - noted, math.huge)
  submits_quiet, polls_quiet, downloads_quiet = nil, nil, nil
end
