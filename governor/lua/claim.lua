-- Hands out what is due, step by step, within the lane's budgets: called by the pump alone.
--
-- A claim moves the due time forward instead of removing it, so that what a dying pump or a lost message took
-- along comes back by itself. It charges one request a run, since each step makes one at most. It leaves the instant by which
-- pumps come for a step again, so that whatever becomes due sooner rings (shared/bell.lua).
--
-- ARGV    submits, downloads, polls (how many of each the caller can use; empty: it does not ask), resend_ms (after how long an
--         unanswered claim is due again), expected_ms (what the time is by the caller's own clock; 0: it cannot say),
--         surely_over_ms (so long after it was last sent nothing of a create can be alive), sweep_ms (after how long a sweep of
--         the list of events is due again that nobody ends; empty: the caller cannot sweep), unless_quiet ('1': it may trust what
--         the last claim left; empty: it looks)
-- Returns {sleep_ms, submits, downloads, polls, sweep, unreconciled, now_ms, clock_moves}: of submits, downloads and polls each
--         after how long to ask again, 0 if more is due than the caller could use, false where only a bell can tell; three flat
--         lists run, fence, attempt, run, …; the fence of a sweep that is due, or 0; 1 if something would have been granted or
--         submitted, were the lane reconciled, else 0; the time, and how often the lane's instants were moved because it was set.
--         Nothing and no sleep if the time is not what was expected: a caller that finds no jump asks again, and expects it
-- Cost    O(log runs) a claimed run, and O(granted runs) while slots are more than there is room for
-- Atomic  because two pumps must not take the same run, nor the same request of a budget

local submits, downloads, polls, resend_ms, expected_ms, surely_over_ms, sweep_ms, unless_quiet = unpack(ARGV)
local wanted = { submit = tonumber(submits), download = tonumber(downloads), poll = tonumber(polls) }

-- What is due and waits for a gate, or for room in the cap, is asked for so often: nothing rings when these give way.
local BLOCKED_MS = 500

-- Looks that were planned go so many together, as many as a message carries, where the first of them waits for no longer than
-- this: what a claim and a message cost, and waking a process for them, they share. An end that is told of rings, and waits for
-- none of them. Where a budget holds them back, a pump that comes so late for them must still find all that it allows.
local TOGETHER, TOGETHER_MS, LATE_MS = 4, 200, 75

local sleep_ms = {}
local function ask_again(step, instant)
  sleep_ms[step] = math.min(sleep_ms[step] or NEVER_MS, math.max(0, math.ceil(instant - now)))
end

local function reply(claimed, sweep)
  return { { sleep_ms.submit or false, sleep_ms.download or false, sleep_ms.poll or false }, claimed.submit or {},
    claimed.download or {}, claimed.poll or {}, sweep, reconciled == false and 1 or 0, now, clock_moves }
end

-- Whether nothing that is asked for is due, as the last claim knew: many pumps come at once, and the first one takes it all.
local function is_quiet()
  for step in pairs(wanted) do
    if (quiet_until[step] or 0) <= now then return false end
  end
  for step in pairs(wanted) do
    if quiet_until[step] < NEVER_MS then ask_again(step, quiet_until[step]) end
  end
  return true
end

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

-- When the first run of a step is due; of looks also when so many are that they go together, and how many there are, up to these.
local function first_due(step)
  local due = redis.call('ZRANGE', DUE[step], 0, step == 'poll' and TOGETHER - 1 or 0, 'WITHSCORES')
  return tonumber(due[2]), tonumber(due[2 * TOGETHER]), #due / 2
end

-- Hands out runs of a step that are due; returns them, after how long the next may go, 0 if the caller could use no more, and
-- whether a budget says so.
local function hand_out(step, operation)
  local gates = GATES_OF[step]
  local left, interval = budget_left(operation)
  local left_in_all, interval_in_all = budget_left('all')
  local budget = math.min(left, left_in_all)
  local want = math.max(0, math.min(wanted[step], budget)) -- to LIMIT, less than 0 means all
  for _, gate in ipairs(gates) do want = through_gate(gate, want) end

  local claimed, again = {}, {}
  for _, run in ipairs(due_now(step, want)) do
    -- Claimed before and never begun: its message was lost, or all workers were busy for longer than they should be.
    if is_claimed(run) then count('unserved') end
    local fence, attempt = unpack(redis.call('HMGET', run_key(run), 'fence', 'attempt'))
    redis.call('HSET', run_key(run), 'claimed', fence)
    if step == 'submit' then redis.call('HSET', run_key(run), 'cleared', number(CFG, 'reconciled')) end
    claimed[#claimed + 1] = run
    claimed[#claimed + 1] = fence
    claimed[#claimed + 1] = attempt
    again[#again + 1] = now + resend_ms
    again[#again + 1] = run
  end
  local runs = #claimed / 3
  if runs > 0 then
    redis.call('ZADD', DUE[step], unpack(again))
    charge(operation, runs)
    charge('all', runs)
    for _, gate in ipairs(gates) do note_probe(gate, resend_ms) end
  end
  if runs >= wanted[step] then return claimed, 0 end
  if runs < budget then return claimed, BLOCKED_MS end
  return claimed, math.max(interval, interval_in_all), true
end

-- When looks go together of which the first may go at an instant, and the last one is due; nil where that is not soon.
local function together(instant, last)
  return last and last - instant <= TOGETHER_MS and math.max(last, instant)
end

-- The same of looks that wait for a budget, which gives one at each interval.
local function together_within_budget(first, last, interval)
  local goes_first = first <= now - HEAD_START_MS -- its end was told, or it has been due for as long
  if goes_first or TOGETHER * interval + LATE_MS > burst_ms(interval) then return nil end
  local enough = math.ceil(now + TOGETHER * interval)
  return together(now + interval, last and math.max(last, enough))
end

-- Claims what is due of a step, of which something else is due at `also`.
local function claim(step, operation, first, last, also)
  also = also or NEVER_MS
  if not first then
    note_quiet(step, also)
    return {}
  end
  local claimed, again_ms, is_rationed = {}, nil, false
  if first <= now and not (step == 'submit' and paused) then
    claimed, again_ms, is_rationed = hand_out(step, operation)
    first, last = first_due(step)
  end
  local together_at
  if first > now then
    together_at = together(first, last)
    ask_again(step, together_at or first)
  elseif again_ms then
    -- What is due already waits for the caller, a budget or a gate: ask again when the next request may fit.
    together_at = is_rationed and together_within_budget(first, last, again_ms)
    ask_again(step, together_at or now + again_ms)
  end
  note_quiet(step, math.max(now, math.min(together_at or first, also)))
  return claimed
end

-- Who is left of several is looked at once, and planned anew, as a run that is alone (`governor/poll_outlook.py`). Of how many it
-- is left stays known while it runs: for the last of many the list is asked as often as for all of them. Returns whether one is.
local function look_at_who_is_left(running, several, left)
  if running == 0 then
    if several then redis.call('HDEL', FEED, 'several', 'left') end
  elseif running > 1 then
    running = redis.call('ZCARD', DUE.poll)
    if left then redis.call('HDEL', FEED, 'left') end
    if left or running > tonumber(several or 0) then redis.call('HSET', FEED, 'several', running) end
  elseif tonumber(several or 0) > 1 and not left and redis.call('ZCARD', SLOTS) == 1 then
    redis.call('HSET', FEED, 'left', 1)
    look_at_once(redis.call('ZRANGE', DUE.poll, 0, 0)[1])
    return true
  end
end

-- One sweep at a time asks for what many looks would find out. It is due while something runs, later if that is alone, and costs
-- a retrieve. Returns its fence, or 0, and when one is due: of one that has to wait since when it is, as of looks that have to.
local function claim_sweep(first_look, running, sweep_at, alone_ms)
  if sweep_ms == '' or running == 0 then return 0 end
  local due_ms = tonumber(sweep_at or 0) + (running == 1 and tonumber(alone_ms or 0) or 0)
  -- More ends that are told of are of no use before those are looked at that were told before: so a sweep goes in the order of
  -- these, and has the same head start.
  local is_next = due_ms <= now and first_look >= due_ms - HEAD_START_MS
  local is_blocked = #closed_gates('poll') > 0
  if is_next and math.min(budget_left('retrieve'), (budget_left('all'))) >= 1 and not is_blocked then
    charge('retrieve', 1)
    charge('all', 1)
    local fence = next_fence()
    redis.call('HSET', FEED, 'sweep_fence', fence, 'sweep_at', now + sweep_ms)
    ask_again('poll', now + sweep_ms)
    return fence, now + sweep_ms
  end
  ask_again('poll', math.max(due_ms, now + (is_blocked and BLOCKED_MS or 50)))
  return 0, due_ms
end

if not layout or unless_quiet == '1' and is_quiet() then return reply({}, 0) end
if not note_clock(tonumber(expected_ms)) then
  for step in pairs(wanted) do ask_again(step, now) end
  return reply({}, 0)
end
if wanted.submit and redis.call('EXISTS', WAITING.interactive, WAITING.scheduled, WAITING.backfill) > 0 then grant() end

local claimed, sweep, next_sweep = {}, 0, nil
local first_look, last_look, running = nil, nil, 0
local sweep_at, alone_ms, observed, several, left
if wanted.poll then
  first_look, last_look, running = first_due('poll')
  sweep_at, alone_ms, observed, several, left = unpack(
    redis.call('HMGET', FEED, 'sweep_at', 'alone_ms', 'observed', 'several', 'left'))
  if observed == 'events' and look_at_who_is_left(running, several, left) then first_look = math.min(first_look, now) end
end
local function sweep_if_due() sweep, next_sweep = claim_sweep(first_look, running, sweep_at, alone_ms) end

-- Downloads before polls: a run needs one look to be landed, and any number of looks while it is alive, so the
-- other order would starve landing whenever looks alone fill the budget.
-- The first sweep of all goes before creates, which may take all requests that there are: by what it shows their looks are planned.
if not sweep_at then sweep_if_due() end
if wanted.submit then claimed.submit = claim('submit', 'create', (first_due('submit'))) end
if wanted.download then claimed.download = claim('download', 'retrieve', (first_due('download'))) end
if sweep == 0 then sweep_if_due() end
if wanted.poll then claimed.poll = claim('poll', 'retrieve', first_look, last_look, next_sweep) end
return reply(claimed, sweep)
