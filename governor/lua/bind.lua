-- Stripe answered the create: granted -> running. It may show that there is room for more.
--
-- ARGV    run, fence, id of the QueryRun, delay of the first look (ms)
-- Returns the fence, or 0 if the caller's is stale
-- Cost    O(log runs), and O(log runs) a grant
-- Atomic  because a run that is neither due for its create nor for a look would be lost, and a raised limit must not
--         leave a free slot beside a waiting run

local run, fence, query_run, delay_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if not holds(run, fence, 'granted') then return 0 end
redis.call('HSET', run_key(run), 'query_run', query_run, 'submitted', now)
move(run, 'granted', 'running', delay_ms)
note_success()
grant()
return tonumber(fence)
