-- Keeps slots for runs that somebody makes beside all flows, as `doctor --record` does; or gives them back.
--
-- ARGV    holder (a name that nobody else has), aside (how many; 0 gives them back), for_ms (then they come back by themselves:
--         not before nothing of what was sent last can be alive)
-- Returns 1, or 0 if the holder may not create yet: runs that end free them, another holder has some, or the lane is paused or not
--         reconciled
-- Cost    O(1), and O(log runs) a grant where some are given back
-- Atomic  because a slot that is free when it is asked about must not be granted before it is set aside

local holder, aside, for_ms = unpack(ARGV)
local has, until_ms = unpack(redis.call('HMGET', CFG, 'aside_holder', 'aside_until'))
local is_ours = has == holder
if aside == '0' then
  if is_ours then
    redis.call('HDEL', CFG, 'aside', 'aside_holder', 'aside_until')
    grant()
  end
  return is_ours and 1 or 0
end
if has and not is_ours and tonumber(until_ms) > now then return 0 end
if paused or not is_reconciled() then return 0 end
redis.call('HSET', CFG, 'aside', aside, 'aside_holder', holder, 'aside_until', now + for_ms)
grant()
-- Flows are left one slot where others fill the cap, and none where the cap has no more.
return redis.call('ZCARD', SLOTS) <= limit_now() and 1 or 0
