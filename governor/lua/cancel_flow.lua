-- Stops a flow: what waits is dropped, what Stripe runs already is followed to its end but not landed.
--
-- ARGV    flow
-- Returns {dropped, held, alive}: runs that waited, and runs that hold a slot; the indexes of these, which are all that may be alive
--         at Stripe, or false where the lane may have forgotten some; false if the flow is unknown, canceled or done
-- Cost    O(waiting runs that were requeued, and slots), however many wait behind the cursor
-- Atomic  because a run granted between the counting and the dropping would be both

local flow = ARGV[1]
local key = flow_key(flow)
if redis.call('EXISTS', key) == 0 or redis.call('HEXISTS', key, 'canceling') == 1
  or redis.call('HEXISTS', key, 'done') == 1 then
  return false
end

local behind_cursor = number(key, 'size') - number(key, 'next')
local dropped = behind_cursor + redis.call('LLEN', requeued_key(flow))
redis.call('DEL', requeued_key(flow))
-- The nibbles of the dropped runs stay at 'waiting': a reader knows that nothing waits in a canceled flow.
redis.call('HSET', key, 'canceling', now, 'next', redis.call('HGET', key, 'size'))
redis.call('HINCRBY', key, 'canceled', dropped)
take_place(flow)
local function alive()
  local indexes = {}
  for _, run in ipairs(redis.call('ZRANGE', SLOTS, 0, -1)) do
    local index = string.sub(run, 1, #flow + 1) == flow .. '/' and tonumber(string.sub(run, #flow + 2))
    if index then indexes[#indexes + 1] = index end
  end
  return indexes
end
local came_to = { dropped, number(key, 'held'), is_reconciled() and alive() }
close_if_done(flow)
return came_to
