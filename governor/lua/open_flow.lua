-- Makes the items of a batch on this lane eligible: one record and a cursor, however many there are.
--
-- ARGV    flow, fields… (pairs of field and value: size, class, weight, ceiling, hold_after if it has one)
-- Returns 1, or 0 if the flow was open already (a repeated submit changes nothing)
-- Cost    O(1), and O(log runs) a grant
-- Atomic  because the flow and the grants that it allows must appear together, or a wake-up is lost

local flow = ARGV[1]
if redis.call('EXISTS', flow_key(flow)) == 1 then return 0 end

new_flow(flow, unpack(ARGV, 2))
take_place(flow)
close_if_done(flow)
grant()
return 1
