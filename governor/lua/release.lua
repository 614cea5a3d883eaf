-- Lets a flow that was opened up to an index be granted to its end.
--
-- ARGV    flow
-- Returns 1, or 0 if the flow is unknown or was not held back
-- Cost    O(log flows), and O(log runs) a grant
-- Atomic  because the grants that it allows must happen with it

local flow = ARGV[1]
if redis.call('HDEL', flow_key(flow), 'hold_after') == 0 then return 0 end
take_place(flow)
grant()
return 1
