-- Takes a batch that is closed out of the closing queue, unless somebody added it again meanwhile: then its time is another.
--
-- KEYS    closing
-- ARGV    batch, seen_ms (the time at which it was seen due)
-- Returns 1, or 0 if it stays, or was not there
-- Cost    O(log batches)
-- Atomic  because a batch that is added between the reading and the removal would never be closed again

local closing, batch, seen_ms = KEYS[1], unpack(ARGV)
if tonumber(redis.call('ZSCORE', closing, batch)) ~= tonumber(seen_ms) then return 0 end
return redis.call('ZREM', closing, batch)
