-- Writes down, before a create is sent, under which key it goes out.
--
-- From here on the run may exist at Stripe, whatever we hear: only replaying this key tells.
--
-- ARGV    run, fence, key (the idempotency key)
-- Returns the key to send, which is the one of the first sending if there was one; false if the fence is stale
-- Cost    O(1)
-- Atomic  because a key that was once sent may never be replaced

local run, fence, key = unpack(ARGV)
if not holds(run, fence, 'granted') then return false end
redis.call('HSETNX', run_key(run), 'key', key)
return redis.call('HGET', run_key(run), 'key')
