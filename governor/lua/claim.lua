-- Hands out what is due, step by step, within the lane's budgets: called by the pump alone.
--
-- A claim moves the due time forward instead of removing it, so that what a dying pump or a lost message took
-- along comes back by itself. It charges one request a run, since each step makes exactly one.
--
-- ARGV    submits, downloads, polls (how many of each the caller can use), resend_ms (after how long an unanswered claim
--         is due again), longest_ms (to sleep), expected_ms (what the time is by the caller's own clock; 0: it cannot say),
--         surely_over_ms (so long after it was last sent nothing of a create can be alive), sweep_ms (after how long a sweep of
--         the list of events is due again that nobody ends; empty: the caller cannot sweep)
-- Returns {sleep_ms, submits, downloads, polls, sweep, unreconciled, now_ms, clock_moves}: three flat lists run, fence, run, fence,
--         …; the fence of a sweep that is due, or 0; 1 if something would have been granted or submitted, were the lane
--         reconciled, else 0; the time, and how often the lane's instants were moved because it was set. Nothing and no sleep if
--         the time is not what was expected: a caller that finds no jump asks again, and expects it
-- Cost    O(log runs) a claimed run, and O(granted runs) while slots are more than there is room for
-- Atomic  because two pumps must not take the same run, nor the same request of a budget

local submits, downloads, polls, resend_ms, longest_ms, expected_ms, surely_over_ms, sweep_ms = unpack(ARGV)
local sleep_ms = tonumber(longest_ms)

-- Submits that are due. Where slots are more than there is room for, after an adoption or since the limit fell, a create must
-- not start a query beside all that may be alive. What Stripe has answered starts none, and goes. What may be alive goes only
-- where all of that has room: of two, one may be alive, and the other one have been refused. What was never sent, or so long
-- ago that nothing of it is alive, goes last, and only where there is room beside.
local function due_submits(want)
  if want == 0 then return {} end
  local slots, room = redis.call('ZCARD', SLOTS), limit_now()
  if slots <= room then
    return redis.call('ZRANGE', DUE.submit, '-inf', now, 'BYSCORE', 'LIMIT', 0, want)
  end
  local answered, unclear, unsent = {}, {}, {}
  for _, run in ipairs(redis.call('ZRANGE', DUE.submit, '-inf', now, 'BYSCORE')) do
    local is_answered, sent = unpack(redis.call('HMGET', run_key(run), 'answered', 'sent'))
    local kind = is_answered and answered or sent and now - sent <= tonumber(surely_over_ms) and unclear or unsent
    kind[#kind + 1] = run
  end
  local may_be_alive = slots - #unsent
  local due = {}
  local function take(runs, most)
    for at = 1, math.min(most, #runs, want - #due) do due[#due + 1] = runs[at] end
  end
  take(answered, want)
  if may_be_alive <= own_slots() then take(unclear, want) end
  take(unsent, room - may_be_alive)
  return due
end

local function due_now(step, want)
  if step ~= 'submit' then return redis.call('ZRANGE', DUE[step], '-inf', now, 'BYSCORE', 'LIMIT', 0, want) end
  local due = due_submits(want)
  return #due > 0 and is_reconciled() and due or {}
end

local function claim(step, operation, want)
  local gates = GATES_OF[step]
  local left, interval = budget_left(operation)
  local left_in_all, interval_in_all = budget_left('all')
  want = math.max(0, math.min(want, left, left_in_all)) -- to LIMIT, less than 0 means all
  for _, gate in ipairs(gates) do want = through_gate(gate, want) end

  local claimed = {}
  for _, run in ipairs(due_now(step, want)) do
    redis.call('ZADD', DUE[step], now + resend_ms, run)
    -- Claimed before and never begun: its message was lost, or all workers were busy for longer than they should be.
    if redis.call('HSET', run_key(run), 'claimed', now) == 0 then count('unserved') end
    if step == 'submit' then redis.call('HSET', run_key(run), 'cleared', number(CFG, 'reconciled')) end
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

-- Who is left of several is looked at once, and planned anew, as a run that is alone (`governor/poll_outlook.py`). Of how many it
-- is left stays known while it runs: for the last of many the list is asked as often as for all of them.
local function look_at_who_is_left(running)
  if redis.call('HGET', FEED, 'observed') ~= 'events' then return end
  if running == 0 then
    redis.call('HDEL', FEED, 'several', 'left')
  elseif running > 1 then
    if redis.call('HDEL', FEED, 'left') == 1 or running > number(FEED, 'several') then
      redis.call('HSET', FEED, 'several', running)
    end
  elseif number(FEED, 'several') > 1 and redis.call('ZCARD', SLOTS) == 1 and redis.call('HSETNX', FEED, 'left', 1) == 1 then
    look_at_once(redis.call('ZRANGE', DUE.poll, 0, 0)[1])
  end
end

-- More ends that are told of are of no use before those are looked at that were told before: so a sweep goes in the order of
-- these, and has the same head start.
local function stands_behind_a_look(due_ms)
  return tonumber(redis.call('ZRANGE', DUE.poll, 0, 0, 'WITHSCORES')[2]) < due_ms - HEAD_START_MS
end

-- One sweep at a time asks for what many looks would find out. It is due while something runs, later if that is alone, and costs
-- a retrieve.
local function claim_sweep()
  local running = redis.call('ZCARD', DUE.poll)
  look_at_who_is_left(running)
  if sweep_ms == '' or running == 0 then return 0 end
  local due_ms = number(FEED, 'sweep_at') + (running == 1 and number(FEED, 'alone_ms') or 0)
  if stands_behind_a_look(due_ms) then return 0 end
  local left_ms = due_ms - now
  if left_ms <= 0 and math.min(budget_left('retrieve'), (budget_left('all'))) >= 1 and #closed_gates('poll') == 0 then
    charge('retrieve', 1)
    charge('all', 1)
    left_ms = tonumber(sweep_ms)
    local fence = next_fence()
    redis.call('HSET', FEED, 'sweep_fence', fence, 'sweep_at', now + left_ms)
    return fence
  end
  sleep_ms = math.min(sleep_ms, math.max(left_ms, 50))
  return 0
end

if not layout then return { sleep_ms, {}, {}, {}, 0, 0, now, 0 } end
if not note_clock(tonumber(expected_ms)) then return { 0, {}, {}, {}, 0, 0, now, number(CFG, 'clock_moves') } end
grant()
-- Downloads before polls: a run needs one look to be landed, and any number of looks while it is alive, so the
-- other order would starve landing whenever looks alone fill the budget.
if redis.call('HEXISTS', CFG, 'paused') == 1 then submits = 0 end
-- The first sweep of all goes before creates, which may take all requests that there are: by what it shows their looks are planned.
local sweep = redis.call('HEXISTS', FEED, 'sweep_at') == 0 and claim_sweep() or 0
local claimed_submits = claim('submit', 'create', submits)
local claimed_downloads = claim('download', 'retrieve', downloads)
if sweep == 0 then sweep = claim_sweep() end
local claimed_polls = claim('poll', 'retrieve', polls)
return { math.ceil(sleep_ms), claimed_submits, claimed_downloads, claimed_polls, sweep, reconciled == false and 1 or 0, now,
  number(CFG, 'clock_moves') }
