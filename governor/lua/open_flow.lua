-- Makes the items of a batch on this lane eligible: one record and a cursor, however many there are.
--
-- ARGV    flow, size, how long to keep the flow once all is settled (ms): an empty one is settled now
-- Returns 1, or 0 if the flow was open already (a repeated submit changes nothing)
-- Cost    O(1), and O(log runs) a grant
-- Atomic  because the flow and the grants that it allows must appear together, or a wake-up is lost

local flow, size, keep_ms = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', flow_key(flow)) == 1 then return 0 end

local order = redis.call('HINCRBY', CFG, 'flows_opened', 1)
redis.call('HSET', flow_key(flow), 'size', size, 'next', 0, 'order', order, 'opened', now,
  'held', 0, 'landed', 0, 'failed', 0, 'canceled', 0, 'bytes', 0, 'records', 0)
if has_waiting(flow) then redis.call('ZADD', FLOWS, order, flow) end
close_if_done(flow, keep_ms)
grant()
return 1
