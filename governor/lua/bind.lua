-- Stripe answered the create: granted -> running.
--
-- ARGV    run, fence, id of the QueryRun, delay of the first look (ms)
-- Returns the fence, or 0 if the caller's is stale
-- Cost    O(log runs)
-- Atomic  because a run that is neither due for its create nor for a look would be lost

local run, fence, query_run, delay_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if not holds(run, fence, 'granted') then return 0 end
redis.call('HSET', run_key(run), 'query_run', query_run, 'submitted', now)
move(run, 'granted', 'running', delay_ms)
note_success()
return tonumber(fence)
