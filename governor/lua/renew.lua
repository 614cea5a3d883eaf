-- Keeps custody of a run whose step takes long: a download says that it lives, and how far it is.
--
-- ARGV    run, fence, custody_ms, received_bytes (so far)
-- Returns 1, or 0 if somebody else holds the run now, or its flow is canceled: the caller must stop
-- Cost    O(log runs)
-- Atomic  because a holder that lost the run must not take it back

local run, fence, custody_ms, received_bytes = unpack(ARGV)
local state = holds(run, fence)
if not state then return 0 end
local flow = redis.call('HGET', run_key(run), 'flow')
read_some(flow_key(flow), 'canceling')
if redis.call('HEXISTS', flow_key(flow), 'canceling') == 1 then return 0 end
make_due(STEP_OF[state], run, now + custody_ms)
redis.call('HSET', run_key(run), 'received', received_bytes)
return 1
