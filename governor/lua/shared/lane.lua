-- What every script begins with: names, time, and the smallest words of the language. scripts.py puts the parts of this
-- folder in front of each operation, in this order: hashes, lane, clock, bell, gates, budgets, limit, fair, feed, query_runs,
-- slots, moves, durations; and behind it what `hashes.lua` keeps for the end.
--
-- KEYS (the same for every script, see keys.py):
--   1 cfg      HASH   settings of the lane, a fence, gates, the limit, virtual times
--   2 slots    ZSET   run -> granted at (ms); ZCARD is the account of slots
--   3 waiting:interactive, 4 waiting:scheduled, 5 waiting:backfill
--              ZSET   start tag|flow -> slots held / weight, of each flow that may be served next
--   6 ageing   ZSET   flow -> when it has waited so long that it moves up a class (ms)
--   7 budgets  HASH   operation -> theoretical arrival time (ms)
--   8 stats    HASH   counters
--   9 due:submit, 10 due:poll, 11 due:download   ZSET   run -> when its step is due (ms)
--   12 ghosts  ZSET   run -> how long audits had watched the lane when they first saw its slot without a record (ms)
--   13 query_runs  ZSET   QueryRun|run of each run that runs at Stripe, in order of names; of lanes with a feed
--   14 early   ZSET   QueryRun -> when its end was told, before any run was known by it (ms)
--   15 unheard ZSET   QueryRun -> when a look saw its end, of which no event has told (ms)
--   16 feed    HASH   how ends were told of, and when the list of events is asked for again
-- Keys of one flow or run are PREFIX .. name: same hash tag, same Cluster slot.
--
-- ARGV are strings, which arithmetic makes numbers; a comparison needs `tonumber`. A name with … stands for all the rest.
--
-- Time is TIME of the server, in milliseconds: clients send durations, never instants, so no client's clock
-- can free a slot or lose a run.

local CFG, SLOTS = KEYS[1], KEYS[2]
local WAITING = { interactive = KEYS[3], scheduled = KEYS[4], backfill = KEYS[5] }
local AGEING, BUDGETS, STATS = KEYS[6], KEYS[7], KEYS[8]
local DUE = { submit = KEYS[9], poll = KEYS[10], download = KEYS[11] }
local GHOSTS = KEYS[12]
local QUERY_RUNS, EARLY, UNHEARD, FEED = KEYS[13], KEYS[14], KEYS[15], KEYS[16]
local PREFIX = string.sub(CFG, 1, -4)
-- What was asked and what came of runs, for metrics: nothing is decided by it.
local TOTALS = PREFIX .. 'totals'
-- How the lane stood at each audit of the last hour, newest first: nothing is decided by it either.
local HISTORY = PREFIX .. 'history'

local STEP_OF = { granted = 'submit', running = 'poll', ready = 'download' }
local NIBBLE = { waiting = 0, granted = 1, running = 2, ready = 3, landed = 4, failed = 5, canceled = 6 }

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

-- As much of it as most scripts need, in one command.
read_some(CFG, 'layout', 'server', 'clock', 'clock_moves', 'paused', 'submit_quiet_until', 'poll_quiet_until',
  'download_quiet_until', 'fence', 'reconciled', 'has_feed', 'knows_query_runs', 'create_per_s', 'retrieve_per_s', 'all_per_s',
  'create_part', 'retrieve_part', 'all_part', 'auth_wait', 'cap_wait', 'create_wait', 'permission_wait', 'retrieve_wait',
  'cap', 'margin', 'limit', 'aside', 'aside_until', 'ageing_ms', 'reserve_interactive', 'reserve_scheduled',
  'time_interactive', 'time_scheduled', 'time_backfill', 'held_interactive', 'held_scheduled', 'held_backfill')
local layout, reconciled_with, noted, clock_moves, paused, submits_quiet, polls_quiet, downloads_quiet = unpack(
  redis.call('HMGET', CFG, 'layout', 'server', 'clock', 'clock_moves', 'paused', 'submit_quiet_until', 'poll_quiet_until',
    'download_quiet_until'))
noted, clock_moves = noted and tonumber(noted), tonumber(clock_moves or 0)
if layout and layout ~= '$LAYOUT' then
  return redis.error_reply('LAYOUT the lane has layout ' .. layout .. ', this release knows $LAYOUT')
end

local function flow_key(flow) return PREFIX .. 'flow:' .. flow end
local function requeued_key(flow) return PREFIX .. 'requeued:' .. flow end
local function states_key(flow) return PREFIX .. 'states:' .. flow end
local function run_key(run) return PREFIX .. 'run:' .. run end
local function durations_key(query) return PREFIX .. (query == '' and 'durations' or 'durations:' .. query) end

local function number(key, field)
  return tonumber(redis.call('HGET', key, field)) or 0
end

local function count(what, by) count_in(STATS, what, by or 1) end

-- The server that this is. Its run_id is another after each start, so data that a failover, a restore or a power loss put
-- back to what it was comes with the run_id of a server that is gone. Where INFO is refused only an empty Redis is found.
local function this_server()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
end

-- A fence never repeats for a run, so that a worker that slept through its custody cannot be mistaken for the one that holds the
-- run now, even when the run was requeued and granted again meanwhile. While a run has a record that has its newest fence; for
-- those that have none any more the lane keeps one that none of theirs was past.
-- It follows the clock (µs), since a mere count would begin anew after Redis lost its data, and a replica that took
-- over could give out a second time what its primary had given.
local function keep_fence(fence)
  if tonumber(fence) > number(CFG, 'fence') then redis.call('HSET', CFG, 'fence', fence) end
end

-- One that comes after a known one. Where the clock is behind it is a count, and kept.
local function fence_after(known)
  local by_clock = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
  local fence = math.max(tonumber(known) + 1, number(CFG, 'fence') + 1, by_clock)
  if fence > by_clock then keep_fence(fence) end
  return fence
end

local function next_fence()
  local fence = fence_after(0)
  keep_fence(fence)
  return fence
end

-- Whether a run was claimed and its message is still to be begun: by then it has another fence than the claim gave out.
local function is_claimed(run)
  local fence, claimed = unpack(redis.call('HMGET', run_key(run), 'fence', 'claimed'))
  return claimed == fence
end

-- Whether the lane is what the ledger says, and has been since this server started; before, nothing new may run.
-- Asked only where something would really run, since INFO takes the server longer than any other command of a script.
local reconciled
local function is_reconciled()
  if reconciled == nil then
    reconciled = reconciled_with == this_server()
    if not reconciled and redis.call('HEXISTS', CFG, 'unreconciled') == 0 then
      redis.call('HSET', CFG, 'unreconciled', next_fence())
    end
  end
  return reconciled
end

-- Names the reconciliation that the lane waits for: with this server, of the data that it had when that was first seen.
-- Data that is emptied or put back meanwhile waits for another one.
local function reconciliation()
  return this_server() .. ' ' .. (redis.call('HGET', CFG, 'unreconciled') or '')
end

local function mark(flow, index, state)
  put_bits(states_key(flow), 'SET', 'u4', '#' .. index, NIBBLE[state])
end

-- Whether the caller still holds this run in this state; whoever does not may change nothing.
local function holds(run, fence, state)
  local run_state, run_fence = unpack(redis.call('HMGET', run_key(run), 'state', 'fence'))
  if run_fence == fence and (not state or run_state == state) then return run_state end
  count('stale')
  return nil
end
