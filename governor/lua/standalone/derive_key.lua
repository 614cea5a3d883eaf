-- Reads a key that it derives from another, as scripts of a lane do: servers that refuse it cannot carry lanes.
--
-- KEYS    any (of a place of its own)
-- ARGV    none
-- Returns 0
-- Cost    O(1)
-- Atomic  because nothing is changed, it need not be

return redis.call('EXISTS', KEYS[1] .. ':derived')
