-- Opens a flow that Redis lost, or never had, as the ledger remembers it. Every run that is not settled waits: its create
-- replays the same idempotency key, so Stripe names the QueryRun that it has instead of starting another; of one whose QueryRun
-- is known none is sent.
--
-- ARGV    flow, states (packed), requeued (`index|attempt|QueryRun`, which may be empty, of each waiting run before the
--         cursor, with commas), fields… (pairs of field and value: those of open_flow, next, landed, failed, canceled, bytes,
--         records; canceling and paused, which is the reason, if it is)
-- Returns 1, or 0 if Redis knows the flow: then nothing is changed
-- Cost    O(waiting runs before the cursor), and O(log runs) a grant
-- Atomic  because a flow that was half restored could be granted from

local flow, states, requeued = unpack(ARGV, 1, 3)
local key = flow_key(flow)
if redis.call('EXISTS', key) == 1 then return 0 end

new_flow(flow, unpack(ARGV, 4))
if redis.call('HEXISTS', key, 'canceling') == 1 then redis.call('HSET', key, 'canceling', now) end
if redis.call('HEXISTS', key, 'paused') == 1 then redis.call('HSET', key, 'paused_since', now) end
redis.call('SET', states_key(flow), states)
for entry in string.gmatch(requeued, '[^,]+') do redis.call('RPUSH', requeued_key(flow), entry) end
take_place(flow)
close_if_done(flow)
grant()
return 1
