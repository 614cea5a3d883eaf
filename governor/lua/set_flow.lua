-- Changes how a flow is served while it runs: from its next grant on.
--
-- ARGV    flow, fields… (pairs of field and value: class, weight, ceiling; what is left out stays as it is)
-- Returns 1, or 0 if the flow is unknown
-- Cost    O(log flows), and O(log runs) a grant
-- Atomic  because the flow's place and its class's account of slots must agree with its class

local flow = ARGV[1]
local key = flow_key(flow)
local old_class, held = unpack(redis.call('HMGET', key, 'class', 'held'))
if not old_class then return 0 end

if #ARGV > 1 then redis.call('HSET', key, unpack(ARGV, 2)) end
local class = redis.call('HGET', key, 'class')
if class ~= old_class then
  redis.call('HINCRBY', CFG, 'held_' .. old_class, -held)
  redis.call('HINCRBY', CFG, 'held_' .. class, held)
  -- It joins the new class like a flow that was just opened.
  redis.call('HSET', key, 'tag', number(CFG, 'time_' .. class), 'promoted', 0)
end
take_place(flow)
grant()
return 1
