-- Hands out what is due, step by step, within the lane's budgets: called by the pump alone.
--
-- A claim moves the due time forward instead of removing it, so that what a dying pump or a lost message took
-- along comes back by itself. It charges one request a run, since each step makes exactly one.
--
-- ARGV    submits, downloads, polls (how many of each the caller can use), resend_ms (after how long an unanswered claim
--         is due again), longest_ms (to sleep)
-- Returns {sleep_ms, submits, downloads, polls}: the last three are flat lists run, fence, run, fence, …
-- Cost    O(log runs) a claimed run
-- Atomic  because two pumps must not take the same run, nor the same request of a budget

local submits, downloads, polls, resend_ms, longest_ms = unpack(ARGV)
local sleep_ms = tonumber(longest_ms)

local function claim(step, operation, want)
  local gates = GATES_OF[step]
  local left, interval = budget_left(operation)
  local left_in_all, interval_in_all = budget_left('all')
  want = math.max(0, math.min(want, left, left_in_all)) -- to LIMIT, less than 0 means all
  for _, gate in ipairs(gates) do want = through_gate(gate, want) end

  local claimed = {}
  for _, run in ipairs(redis.call('ZRANGE', DUE[step], '-inf', now, 'BYSCORE', 'LIMIT', 0, want)) do
    redis.call('ZADD', DUE[step], now + resend_ms, run)
    -- Claimed before and never begun: its message was lost, or all workers were busy for longer than they should be.
    if redis.call('HSET', run_key(run), 'claimed', now) == 0 then count('unserved') end
    claimed[#claimed + 1] = run
    claimed[#claimed + 1] = redis.call('HGET', run_key(run), 'fence')
  end
  if #claimed > 0 then
    charge(operation, #claimed / 2)
    charge('all', #claimed / 2)
    for _, gate in ipairs(gates) do note_probe(gate, resend_ms) end
  end

  local first = redis.call('ZRANGE', DUE[step], 0, 0, 'WITHSCORES')[2]
  if first then
    -- What is due already waits for a budget, a gate or a reader: ask again when the next request may fit.
    sleep_ms = math.min(sleep_ms, math.max(tonumber(first) - now, interval, interval_in_all))
  end
  return claimed
end

if not layout then return { sleep_ms, {}, {}, {} } end
grant()
-- Downloads before polls: a run needs one look to be landed, and any number of looks while it is alive, so the
-- other order would starve landing whenever looks alone fill the budget.
local room = limit_now() - alive_at_stripe()
if redis.call('HEXISTS', CFG, 'paused') == 1 then room = 0 end
local due_submits = claim('submit', 'create', math.min(submits, room))
local due_downloads = claim('download', 'retrieve', downloads)
local due_polls = claim('poll', 'retrieve', polls)
return { math.ceil(sleep_ms), due_submits, due_downloads, due_polls }
