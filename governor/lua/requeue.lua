-- Gives a slot back without an outcome: the run waits again, at the front of its flow.
--
-- Used for a create that Stripe refused because its cap is full (same attempt, and nothing is charged), and for a run
-- that Stripe ended with a fault of its own (next attempt; it was served).
--
-- ARGV    run, fence, attempt (to go on with), refused ('1' if Stripe's cap refused it, else empty)
-- Returns 1, or 0 if the fence is stale
-- Cost    O(log runs), and O(log runs) a grant
-- Atomic  because the run must be in its flow's list or hold a slot at every moment

local run, fence, attempt, refused = unpack(ARGV)
refused = refused == '1'
local state = holds(run, fence)
if not state then return 0 end

local charge = redis.call('HGET', run_key(run), 'charge')
local flow, index = drop(run, state, 'waiting', refused)
if refused then
  count('refused')
  note_refusal()
  refund_flow(flow, charge)
else
  count('requeue')
end
if redis.call('HEXISTS', flow_key(flow), 'canceling') == 1 then
  mark(flow, index, 'canceled')
  redis.call('HINCRBY', flow_key(flow), 'canceled', 1)
  close_if_done(flow)
else
  redis.call('LPUSH', requeued_key(flow), index .. '|' .. attempt .. '|')
  take_place(flow, refused)
end
grant()
return 1
