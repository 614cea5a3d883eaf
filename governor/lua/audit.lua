-- Counts the lane's slots again from the runs that hold them, and repairs what has drifted.
--
-- No repair frees a slot early: one whose run is gone is held until Stripe's own limit has ended whatever it stood for.
--
-- ARGV    every_ms (shortest time between two audits), surely_over_ms (age at which a slot without a run is surely free)
-- Returns {freed, ghosts, forgotten, corrected}: slots without a run that were freed, and that wait to be, runs that
--         nobody would have taken up again, accounts put right; false if the last audit is too recent
-- Cost    O(slots + flows that hold one)
-- Atomic  because the account must not change while it is counted

local every_ms, surely_over_ms = unpack(ARGV)
if now < number(CFG, 'audited') + every_ms then return false end
redis.call('HSET', CFG, 'audited', now)

local freed, ghosts, forgotten, corrected = 0, 0, 0, 0
local held_by_flow, held_by_class = {}, { interactive = 0, scheduled = 0, backfill = 0 }

local slots = redis.call('ZRANGE', SLOTS, 0, -1, 'WITHSCORES')
for i = 1, #slots, 2 do
  local run, granted = slots[i], tonumber(slots[i + 1])
  -- By the name, since a ghost has no record: it counts for its flow while it is held, and not once it is freed.
  local flow = string.match(run, '^(.*)/%d+$')
  local state = redis.call('HGET', run_key(run), 'state')
  local held = 1
  if not state and now - granted > tonumber(surely_over_ms) then
    redis.call('ZREM', SLOTS, run)
    freed, held = freed + 1, 0
  elseif not state then
    ghosts = ghosts + 1
  elseif redis.call('ZADD', DUE[STEP_OF[state]], 'NX', now, run) == 1 then
    forgotten = forgotten + 1
  end
  held_by_flow[flow] = (held_by_flow[flow] or 0) + held
end

for flow, held in pairs(held_by_flow) do
  local class, counted = unpack(redis.call('HMGET', flow_key(flow), 'class', 'held'))
  if class then
    held_by_class[class] = held_by_class[class] + held
    if tonumber(counted) ~= held then
      redis.call('HSET', flow_key(flow), 'held', held)
      take_place(flow)
      corrected = corrected + 1
    end
  end
end
for class, held in pairs(held_by_class) do
  if number(CFG, 'held_' .. class) ~= held then
    redis.call('HSET', CFG, 'held_' .. class, held)
    corrected = corrected + 1
  end
end

count('audit_freed', freed)
count('audit_forgotten', forgotten)
count('audit_corrected', corrected)
grant()
return { freed, ghosts, forgotten, corrected }
