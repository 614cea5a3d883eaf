-- The bell: it wakes pumps, which sleep as long as nothing of a lane is to be claimed.
--
-- Of each step the lane has the instant by which pumps come again, since before nothing of it is to be claimed (`quiet_until`): a
-- claim leaves it, no sooner than itself. Whatever becomes due sooner says so to all of them, by a message
-- `step delay_ms lane`, and brings that instant forward; so a lane that is busy hardly ever rings. Where that instant is well over,
-- whoever was to come has died, and none of the others was told: they are told now. A message that is lost costs time and nothing
-- else: pumps look at each lane now and then (worker/agenda.py). Scripts of a release that has no bell bring nothing forward: so
-- do these looks.

local BELL = 'fb:bell'
local LANE = string.match(CFG, '^fb:{(.*)}:cfg$')
-- Later than anything that is ever due.
local NEVER_MS = 1e15
-- A pump that is alive comes sooner, or asks again where it can use nothing.
local OVERDUE_MS = 1000

-- Nothing where no claim has looked since: then nobody can say.
local quiet_until = { submit = tonumber(submits_quiet or ''), poll = tonumber(polls_quiet or ''),
  download = tonumber(downloads_quiet or '') }

local function note_quiet(step, instant)
  if quiet_until[step] == instant then return end
  quiet_until[step] = instant
  redis.call('HSET', CFG, step .. '_quiet_until', instant)
end

local function ring(step, at)
  -- Refused where the rights of this user do not reach the channel. Then no process listens, and each goes round by itself.
  redis.pcall('PUBLISH', BELL, step .. ' ' .. string.format('%.0f', at - now) .. ' ' .. LANE)
end

-- Something of a step can be done from this instant on.
local function wake_pumps(step, at)
  at = math.max(at, now)
  if (quiet_until[step] or 0) < now - OVERDUE_MS then
    -- What else is due nobody knows: pumps look at once.
    note_quiet(step, now)
    ring(step, now)
  elseif at < quiet_until[step] then
    note_quiet(step, at)
    ring(step, at)
  end
end

local function make_due(step, run, at)
  redis.call('ZADD', DUE[step], at, run)
  wake_pumps(step, at)
end
