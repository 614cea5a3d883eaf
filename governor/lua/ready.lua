-- Stripe says that the run ended well: running -> ready. Its slot is free, and taken again at once.
--
-- ARGV    run, fence, landing_ms (when the landing is due: 0, or the custody of a caller that lands it itself),
--         query (whose durations this one joins; empty: the lane's alone),
--         took… (what to expect of ln(seconds), and of its square; left out: nobody can tell)
-- Returns 1, or 0 if the fence is stale
-- Cost    O(log runs), and O(log runs) a grant
-- Atomic  because a slot must not stand free between its release and the next grant

local run, fence, landing_ms, query = unpack(ARGV, 1, 4)
if not holds(run, fence, 'running') then return 0 end
if #ARGV > 4 then note_duration(query, unpack(ARGV, 5)) end
redis.call('HSET', run_key(run), 'ended', now)
local flow = move(run, 'running', 'ready', landing_ms)
free_slot(run, flow)
grant()
return 1
