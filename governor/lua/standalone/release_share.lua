-- Ends the sharing of a run: whoever asks next for its query gets a run of its own.
--
-- KEYS    share (`LaneKeys.share` of its query)
-- ARGV    run
-- Returns 1, or 0 if another run is shared by now
-- Cost    O(1)
-- Atomic  because between the reading and the deletion another run may have taken its place

local share, run = KEYS[1], ARGV[1]
if string.match(redis.call('GET', share) or '', '^%d+ (.+)$') ~= run then return 0 end
return redis.call('DEL', share)
