-- Writes down, before a create is sent, under which key it goes out.
--
-- From here on the run may exist at Stripe, whatever we hear: only replaying this key tells.
--
-- ARGV    run, fence, key (the idempotency key)
-- Returns the key to send, which is the one of the first sending if there was one; false if the fence is stale; an error
--         while the lane is unreconciled, or if the run was claimed before it was reconciled: what runs at Stripe may then fill
--         the cap already
-- Cost    O(1)
-- Atomic  because a key that was once sent may never be replaced

local run, fence, key = unpack(ARGV)
if not holds(run, fence, 'granted') then return false end
if not is_reconciled() then
  return redis.error_reply('UNRECONCILED Redis is new or older than it was, and being reconciled with the ledger')
end
if number(run_key(run), 'cleared') ~= number(CFG, 'reconciled') then
  return redis.error_reply('UNRECONCILED it was claimed before Redis was reconciled with the ledger, and is claimed again')
end
redis.call('HSET', run_key(run), 'sent', now)
if redis.call('HSETNX', run_key(run), 'key', key) == 1 then return key end
return redis.call('HGET', run_key(run), 'key')
