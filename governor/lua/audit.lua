-- Counts the lane's slots again from the runs that hold them, repairs what has drifted, and notes how many are in use.
--
-- No repair frees a slot early: one whose run is gone is held until Stripe's own limit has ended whatever it stood for.
--
-- ARGV    every_ms (shortest time between two audits), surely_over_ms (of audits that found a slot without a run: it is free)
-- Returns {freed, ghosts, forgotten, corrected}: slots without a run that were freed, and that wait to be, runs that
--         nobody would have taken up again, accounts put right; false if the last audit is too recent
-- Cost    O(slots + flows that hold one)
-- Atomic  because the account must not change while it is counted

-- An hour of samples, at one in 30 s.
local SAMPLES, HISTORY_MS = 120, 3900000

local every_ms, surely_over_ms = unpack(ARGV)
local audited = number(CFG, 'audited')
if now < audited + every_ms then return false end
-- How long audits have watched this lane, and the age of a slot without a run: a clock that was set, or a Redis that was put
-- back, adds no more than a gap to it.
local watched_ms = number(CFG, 'watched_ms') + math.min(now - audited, LONGEST_GAP_MS)
redis.call('HSET', CFG, 'audited', now, 'watched_ms', watched_ms)

-- How the lane stood, for who looks at its last hour: of one without work nothing is noted, and what was noted goes.
local function note_sample()
  local limit, cap = unpack(redis.call('HMGET', CFG, 'limit', 'cap'))
  local by_cap, by_creates, by_retrieves = unpack(redis.call('HMGET', STATS, 'closed_cap', 'closed_create', 'closed_retrieve'))
  redis.call('LPUSH', HISTORY, table.concat({ string.format('%d', now), redis.call('ZCARD', SLOTS), limit or cap or 0, cap or 0,
    by_cap or 0, by_creates or 0, by_retrieves or 0 }, ' '))
  redis.call('LTRIM', HISTORY, 0, SAMPLES - 1)
  redis.call('PEXPIRE', HISTORY, HISTORY_MS)
end

local known_ghosts = redis.call('ZRANGE', GHOSTS, 0, -1, 'WITHSCORES')
local first_seen_ms = {}
for i = 1, #known_ghosts, 2 do first_seen_ms[known_ghosts[i]] = tonumber(known_ghosts[i + 1]) end
redis.call('DEL', GHOSTS)

local freed, ghosts, forgotten, corrected = 0, 0, 0, 0
local held_by_flow, held_by_class = {}, { interactive = 0, scheduled = 0, backfill = 0 }

for _, run in ipairs(redis.call('ZRANGE', SLOTS, 0, -1)) do
  -- By the name, since a ghost has no record: it counts for its flow while it is held, and not once it is freed.
  local flow = string.match(run, '^(.*)/%d+$')
  local state, query_run = unpack(redis.call('HMGET', run_key(run), 'state', 'query_run'))
  local held = 1
  if not state then
    local first_ms = first_seen_ms[run] or watched_ms
    if watched_ms - first_ms > tonumber(surely_over_ms) then
      redis.call('ZREM', SLOTS, run)
      freed, held = freed + 1, 0
    else
      redis.call('ZADD', GHOSTS, first_ms, run)
      ghosts = ghosts + 1
    end
  elseif redis.call('ZADD', DUE[STEP_OF[state]], 'NX', now, run) == 1 then
    wake_pumps(STEP_OF[state], now)
    forgotten = forgotten + 1
  end
  if state == 'running' and knows_query_runs() then redis.call('ZADD', QUERY_RUNS, 0, known_as(query_run, run)) end
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

forget_strays()
count('audit_freed', freed)
count('audit_forgotten', forgotten)
count('audit_corrected', corrected)
grant()
note_sample()
return { freed, ghosts, forgotten, corrected }
