-- Stops granting: of the whole lane, or of one flow. What Stripe runs already goes on, and lands.
--
-- ARGV    flow (empty: the lane), reason
-- Returns 1, or 0 if the flow is unknown, or was paused: then only the reason is new
-- Cost    O(log flows)
-- Atomic  because a flow that is paused must not have a place

local flow, reason = unpack(ARGV)
local key = flow == '' and CFG or flow_key(flow)
if redis.call('EXISTS', key) == 0 then return 0 end

local changed = redis.call('HSETNX', key, 'paused_since', now)
redis.call('HSET', key, 'paused', reason)
if flow ~= '' then take_place(flow) end
return changed
