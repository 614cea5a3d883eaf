-- Stops or resumes granting: of the whole lane, or of one flow. What Stripe runs already goes on, and lands.
--
-- ARGV    flow (empty: the lane), 'pause' or 'resume', reason
-- Returns 1, or 0 if the flow is unknown or nothing changed
-- Cost    O(log flows), and O(log runs) a grant
-- Atomic  because the grants that a resume allows must happen with it

local flow, verb, reason = ARGV[1], ARGV[2], ARGV[3]
local key = flow == '' and CFG or flow_key(flow)
if redis.call('EXISTS', key) == 0 then return 0 end

local changed
if verb == 'pause' then
  changed = redis.call('HSETNX', key, 'paused_since', now)
  redis.call('HSET', key, 'paused', reason)
else
  changed = redis.call('HDEL', key, 'paused', 'paused_since') > 0 and 1 or 0
end
if flow ~= '' then take_place(flow) end
grant()
return changed
