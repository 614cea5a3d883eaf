-- Stripe says that the run ended well: running -> ready. Its slot is free, and taken again at once.
--
-- ARGV    run, fence
-- Returns 1, or 0 if the fence is stale
-- Cost    O(log runs), and O(log runs) a grant
-- Atomic  because a slot must not stand free between its release and the next grant

local run, fence = ARGV[1], ARGV[2]
if not holds(run, fence, 'running') then return 0 end
redis.call('HSET', run_key(run), 'ended', now)
local flow = move(run, 'running', 'ready', 0)
free_slot(run, flow)
grant()
return 1
