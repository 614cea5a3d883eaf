-- Makes the items of a batch on this lane eligible: one record and a cursor, however many there are.
--
-- ARGV    flow, size, how long to keep the flow once all is settled (ms): an empty one is settled now,
--         class, weight, ceiling (slots it may hold; 0: as many as its share),
--         the index at which grants stop until the flow is released (empty: none)
-- Returns 1, or 0 if the flow was open already (a repeated submit changes nothing)
-- Cost    O(1), and O(log runs) a grant
-- Atomic  because the flow and the grants that it allows must appear together, or a wake-up is lost

local flow, size, keep_ms = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', flow_key(flow)) == 1 then return 0 end

new_flow(flow, size, 0, ARGV[4], ARGV[5], ARGV[6], ARGV[7])
take_place(flow)
close_if_done(flow, keep_ms)
grant()
return 1
