-- QueryRuns: which run a QueryRun belongs to, for events, which name nothing else. Of runs that run at Stripe alone, in a lane of
-- which anything is ever told.

-- An end that was told before any run was known by that QueryRun is kept for as long as a create may be under way; only so many
-- are, since events of others who use the same account come here, too.
local KEEP_EARLY_MS = 120000
local MOST_EARLY = 10000

local function known_as(query_run, run) return query_run .. '|' .. run end

local function knows_query_runs() return redis.call('HEXISTS', CFG, 'knows_query_runs') == 1 end

-- From now on somebody tells of ends, in this lane too. A release that knew all QueryRuns anyway may have noted so before.
local function note_feed()
  redis.call('HSET', CFG, 'has_feed', 1)
  if redis.call('HSETNX', CFG, 'knows_query_runs', 1) == 0 then return end
  redis.call('DEL', QUERY_RUNS)
  for _, run in ipairs(redis.call('ZRANGE', DUE.poll, 0, -1)) do
    local query_run = redis.call('HGET', run_key(run), 'query_run')
    if query_run then redis.call('ZADD', QUERY_RUNS, 0, known_as(query_run, run)) end
  end
end

-- Two runs of equal text may share one QueryRun.
local function runs_of(query_run)
  local runs = redis.call('ZRANGE', QUERY_RUNS, '[' .. query_run .. '|', '(' .. query_run .. '}', 'BYLEX')
  for i, member in ipairs(runs) do runs[i] = string.sub(member, #query_run + 2) end
  return runs
end

-- Takes QueryRuns away whose runs do not run any more, or are gone: what only a Redis that lost something leaves behind.
local function forget_strays()
  for _, member in ipairs(redis.call('ZRANGE', QUERY_RUNS, 0, -1)) do
    local query_run, run = string.match(member, '^(.-)|(.*)$')
    local state, known = unpack(redis.call('HMGET', run_key(run), 'state', 'query_run'))
    if state ~= 'running' or known ~= query_run then redis.call('ZREM', QUERY_RUNS, member) end
  end
end

-- A look at a run whose end was told goes before those that were only planned, as if it had been due for so long: most of these
-- find nothing, and where all retrieves are used each of them keeps an end waiting that is known. What has been due for longer
-- goes first all the same, so no events, true or not, keep a look away.
local HEAD_START_MS = 30000

-- The first word of an end counts: those after it say the same.
local function note_told_of(run, path, delay_ms)
  if redis.call('HSETNX', run_key(run), 'told', now) == 0 then return end
  redis.call('HSET', run_key(run), 'told_by', path, 'told_late_ms', delay_ms or '')
end

-- When to look again at a run that its end was told of, and that a look saw alive: Stripe may show an end some moments after it
-- has told of it. Soon, then ever later, until it counts as not told.
local LOOK_ON_MS = 8000

local function after_alive(run, delay_ms)
  local told = tonumber(redis.call('HGET', run_key(run), 'told'))
  if redis.call('HDEL', run_key(run), 'look_again') == 1 then return told and -HEAD_START_MS or 0 end
  if not told then return delay_ms end
  if now - told <= LOOK_ON_MS then return math.min(delay_ms, math.max(1000, now - told)) end
  redis.call('HDEL', run_key(run), 'told', 'told_by', 'told_late_ms')
  return delay_ms
end

-- The run runs as this QueryRun from now on. Returns whether its end was told already.
local function know(run, query_run)
  if knows_query_runs() then redis.call('ZADD', QUERY_RUNS, 0, known_as(query_run, run)) end
  if redis.call('HEXISTS', CFG, 'has_feed') == 0 or not redis.call('ZSCORE', EARLY, query_run) then return false end
  redis.call('ZREM', EARLY, query_run)
  note_told_of(run, 'early')
  return true
end

-- The run does not run any more, since its end was seen, or never did.
local function forget(run, query_run)
  if knows_query_runs() then redis.call('ZREM', QUERY_RUNS, known_as(query_run, run)) end
end

-- Makes a run due for a look at once, and before those that were only planned if its end was told. One that is being looked at
-- may have been seen before it ended, so it is looked at again after this look; one whose look is on its way will be seen as it is
-- by then.
local function look_at_once(run, is_told)
  redis.call('HDEL', run_key(run), 'planned')
  if (redis.call('HGET', run_key(run), 'holder') or '') ~= '' then
    redis.call('HSET', run_key(run), 'look_again', 1)
  elseif not is_claimed(run) then
    local at = is_told and now - HEAD_START_MS or now
    redis.call('ZADD', DUE.poll, 'XX', 'LT', at, run)
    wake_pumps('poll', at)
  end
end

local function keep_early(query_run)
  -- Where no create is under way the QueryRun is somebody else's, or its run has settled.
  if redis.call('ZCARD', DUE.submit) == 0 then return false end
  redis.call('ZADD', EARLY, now, query_run)
  redis.call('ZREMRANGEBYSCORE', EARLY, '-inf', now - KEEP_EARLY_MS)
  redis.call('ZREMRANGEBYRANK', EARLY, 0, -MOST_EARLY - 1)
  redis.call('PEXPIRE', EARLY, KEEP_EARLY_MS)
  return true
end
