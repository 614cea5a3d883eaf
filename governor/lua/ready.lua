-- Stripe says that the run ended well: running -> ready. Its slot is free, and taken again at once.
--
-- ARGV    run, fence, after how long the landing is due (ms): 0, or the custody of a caller that lands it itself;
--         query whose durations this one joins (empty: the lane's alone), what to expect of ln(seconds) and of its
--         square (empty: nobody can tell)
-- Returns 1, or 0 if the fence is stale
-- Cost    O(log runs), and O(log runs) a grant
-- Atomic  because a slot must not stand free between its release and the next grant

local run, fence, delay_ms, query, ln_seconds, square = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
if not holds(run, fence, 'running') then return 0 end
if ln_seconds ~= '' then note_duration(query, ln_seconds, square) end
redis.call('HSET', run_key(run), 'ended', now)
local flow = move(run, 'running', 'ready', delay_ms)
free_slot(run, flow)
grant()
return 1
