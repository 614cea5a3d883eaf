-- Grants again, to the whole lane or to one flow.
--
-- ARGV    flow (empty: the lane)
-- Returns 1, or 0 if it was not paused
-- Cost    O(log flows), and O(log runs) a grant
-- Atomic  because the grants that a resume allows must happen with it

local flow = ARGV[1]
local key = flow == '' and CFG or flow_key(flow)
if redis.call('HDEL', key, 'paused', 'paused_since') == 0 then return 0 end
if flow == '' then
  paused = false
  ring('submit', now) -- of creates that are due since before the pause
else
  take_place(flow)
end
grant()
return 1
