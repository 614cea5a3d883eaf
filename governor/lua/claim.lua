-- Hands out what is due, step by step, within the lane's budgets: called by the pump alone.
--
-- A claim moves the due time forward instead of removing it, so that what a dying pump or a lost message took
-- along comes back by itself. It charges one request a run, since each step makes exactly one.
--
-- ARGV    how many submits, downloads and polls the caller can use; after how long an unanswered claim
--         is due again (ms); the longest time to sleep (ms)
-- Returns {sleep_ms, submits, downloads, polls}: each a flat list run, fence, run, fence, …
-- Cost    O(log runs) a claimed run
-- Atomic  because two pumps must not take the same run, nor the same request of a budget

local resend_ms, longest_ms = tonumber(ARGV[4]), tonumber(ARGV[5])
local sleep_ms = longest_ms

local function claim(step, operation, want)
  local gates = GATES_OF[step]
  local left, interval = budget_left(operation)
  local left_in_all, interval_in_all = budget_left('all')
  want = math.max(0, math.min(want, left, left_in_all)) -- to LIMIT, less than 0 means all
  for _, gate in ipairs(gates) do want = through_gate(gate, want) end

  local claimed = {}
  for _, run in ipairs(redis.call('ZRANGE', DUE[step], '-inf', now, 'BYSCORE', 'LIMIT', 0, want)) do
    redis.call('ZADD', DUE[step], now + resend_ms, run)
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
    -- What is due already waits for a budget, a gate or a reader: look again when the next request may fit.
    sleep_ms = math.min(sleep_ms, math.max(tonumber(first) - now, interval, interval_in_all))
  end
  return claimed
end

if not layout then return { longest_ms, {}, {}, {} } end
grant()
-- Downloads before polls: a run needs one look to be landed, and any number of looks while it is alive, so the
-- other order would starve landing whenever looks alone fill the budget.
local submits = claim('submit', 'create', tonumber(ARGV[1]))
local downloads = claim('download', 'retrieve', tonumber(ARGV[2]))
local polls = claim('poll', 'retrieve', tonumber(ARGV[3]))
return { math.ceil(sleep_ms), submits, downloads, polls }
