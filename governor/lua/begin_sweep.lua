-- Takes a sweep of the list of events in hand that a claim has asked for.
--
-- ARGV    fence (of the claim), custody_ms (after how long it is due again, if nobody ends it)
-- Returns a new fence, or 0 if another one was asked for since, or somebody has this one in hand
-- Cost    O(1)
-- Atomic  because of two who were given the same message only one may sweep

local fence, custody_ms = unpack(ARGV)
if redis.call('HGET', FEED, 'sweep_fence') ~= fence then return 0 end
local new_fence = next_fence()
redis.call('HSET', FEED, 'sweep_fence', new_fence, 'sweep_at', now + custody_ms)
return new_fence
