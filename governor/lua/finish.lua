-- Settles a run, from whatever state it was in: landed, failed or canceled.
--
-- ARGV    run, fence, outcome, stored_bytes, records (that landed)
-- Returns 1, or 0 if the fence is stale
-- Cost    O(log runs), and O(log runs) a grant
-- Atomic  because the run's record, its slot and its flow's counters must agree, and a freed slot be taken

local run, fence, outcome, stored_bytes, records = unpack(ARGV)
local state = holds(run, fence)
if not state then return 0 end

local flow = drop(run, state, outcome)
redis.call('HINCRBY', flow_key(flow), outcome, 1)
redis.call('HINCRBY', flow_key(flow), 'bytes', stored_bytes)
redis.call('HINCRBY', flow_key(flow), 'records', records)
count(outcome)
close_if_done(flow)
grant()
return 1
