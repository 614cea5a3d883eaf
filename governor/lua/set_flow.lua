-- Changes how a flow is served while it runs: from its next grant on.
--
-- ARGV    flow, class, weight, ceiling; an empty one stays as it is
-- Returns 1, or 0 if the flow is unknown
-- Cost    O(log flows), and O(log runs) a grant
-- Atomic  because the flow's place and its class's account of slots must agree with its class

local flow, class, weight, ceiling = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local key = flow_key(flow)
local old_class, held = unpack(redis.call('HMGET', key, 'class', 'held'))
if not old_class then return 0 end

if class ~= '' and class ~= old_class then
  redis.call('HINCRBY', CFG, 'held_' .. old_class, -held)
  redis.call('HINCRBY', CFG, 'held_' .. class, held)
  -- It joins the new class like a flow that was just opened.
  redis.call('HSET', key, 'class', class, 'tag', number(CFG, 'time_' .. class), 'promoted', 0)
end
if weight ~= '' then redis.call('HSET', key, 'weight', weight) end
if ceiling ~= '' then redis.call('HSET', key, 'ceiling', ceiling) end
take_place(flow)
grant()
return 1
