-- Settles a run, from whatever state it was in: landed, failed or canceled.
--
-- ARGV    run, fence, outcome, bytes and records that landed, how long to keep the flow once all is settled (ms)
-- Returns 1, or 0 if the fence is stale
-- Cost    O(log runs), and O(log runs) a grant
-- Atomic  because the run's record, its slot and its flow's counters must agree, and a freed slot be taken

local run, fence, outcome = ARGV[1], ARGV[2], ARGV[3]
local bytes, records, keep_ms = ARGV[4], ARGV[5], ARGV[6]
local state = holds(run, fence)
if not state then return 0 end

local flow = drop(run, state, outcome)
redis.call('HINCRBY', flow_key(flow), outcome, 1)
redis.call('HINCRBY', flow_key(flow), 'bytes', bytes)
redis.call('HINCRBY', flow_key(flow), 'records', records)
count(outcome)
close_if_done(flow, keep_ms)
grant()
return 1
