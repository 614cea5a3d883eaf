-- Stripe answered the create, or had the QueryRun already: granted -> running. It may show that there is room for more.
--
-- ARGV    run, fence, query_run (its id), first_poll_ms (after how long; at once if its end was told already)
-- Returns 1, or 0 if the fence is stale
-- Cost    O(log runs), and O(log runs) a grant
-- Atomic  because a run that is neither due for its create nor for a look would be lost, and a raised limit must not
--         leave a free slot beside a waiting run

-- So much later is no matter to a sweep.
local SOON_MS = 200

local run, fence, query_run, first_poll_ms = unpack(ARGV)
if not holds(run, fence, 'granted') then return 0 end
redis.call('HSET', run_key(run), 'query_run', query_run, 'submitted', now)
local is_told = know(run, query_run)
-- Of what was adopted nobody knows what was planned.
if not is_told and tonumber(first_poll_ms) > 0 and redis.call('HEXISTS', run_key(run), 'adopted') == 0 then
  redis.call('HSET', run_key(run), 'planned', now + first_poll_ms)
end
move(run, 'granted', 'running', is_told and -HEAD_START_MS or first_poll_ms)
-- Sweeps are due while something runs. Pumps that come soon anyway need not be told.
if quiet_until.poll > now + SOON_MS then wake_pumps('poll', number(FEED, 'sweep_at')) end
-- One that was there before, and only has to land, shows no room.
if redis.call('HEXISTS', run_key(run), 'key') == 1 and note_success() then grant() end
return 1
