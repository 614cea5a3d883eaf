-- Stripe says that the run ended well: running -> ready. Its slot is free, and taken again at once.
--
-- ARGV    run, fence, query whose durations this one joins (empty: the lane's alone), after how long the landing is
--         due (ms): 0, or the custody of a caller that lands it itself
-- Returns 1, or 0 if the fence is stale
-- Cost    O(log runs), and O(log runs) a grant
-- Atomic  because a slot must not stand free between its release and the next grant

local run, fence, query, delay_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if not holds(run, fence, 'running') then return 0 end
note_duration(run, query)
redis.call('HSET', run_key(run), 'ended', now)
local flow = move(run, 'running', 'ready', delay_ms)
free_slot(run, flow)
grant()
return 1
