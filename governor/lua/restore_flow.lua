-- Opens a flow that Redis lost, as the ledger remembers it. Every run that is not settled waits again: its create
-- replays the same idempotency key, so Stripe names the QueryRun that it has instead of starting another.
--
-- ARGV    flow, size, cursor (every run from it on waits), landed, failed, canceled, bytes, records, '1' if canceled,
--         how long to keep a settled flow (ms), class, weight, ceiling, the index at which grants stop until it is
--         released (empty: none), why it is paused (empty: it is not), the packed states, then an entry for each
--         waiting run before the cursor
-- Returns 1, or 0 if Redis knows the flow: then nothing is changed
-- Cost    O(waiting runs before the cursor), and O(log runs) a grant
-- Atomic  because a flow that was half restored could be granted from

local flow, size, cursor = ARGV[1], ARGV[2], ARGV[3]
local key = flow_key(flow)
if redis.call('EXISTS', key) == 1 then return 0 end

new_flow(flow, size, cursor, ARGV[11], ARGV[12], ARGV[13], ARGV[14])
redis.call('HSET', key, 'landed', ARGV[4], 'failed', ARGV[5], 'canceled', ARGV[6], 'bytes', ARGV[7], 'records', ARGV[8])
if ARGV[9] == '1' then redis.call('HSET', key, 'canceling', now) end
if ARGV[15] ~= '' then redis.call('HSET', key, 'paused', ARGV[15], 'paused_since', now) end
redis.call('SET', states_key(flow), ARGV[16])
for i = 17, #ARGV do redis.call('RPUSH', back_key(flow), ARGV[i]) end
take_place(flow)
close_if_done(flow, ARGV[10])
grant()
return 1
