-- Moves the lane's instants with a clock that was set forward.
--
-- ARGV    moves (that the caller had heard of), by_ms, before_ms (what was noted from then on is by the new time)
-- Returns 1, or 0 if somebody else has moved them, or has noted the time all along: then the caller slept
-- Cost    O(log runs) a run that is not waiting
-- Atomic  because two pumps that see the same jump must not both move them

local moves, by_ms, before_ms = unpack(ARGV)
if clock_moves ~= tonumber(moves) then return 0 end
-- A process that was suspended sees a jump where there was none. A real one that is so far nobody notes before it is told.
if tonumber(by_ms) > LONGEST_GAP_MS and noted and noted > now - by_ms + TOLERATED_MS then return 0 end
move_instants(tonumber(by_ms), tonumber(before_ms))
return 1
