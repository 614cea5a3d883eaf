-- Moves the lane's instants with a clock that was set forward.
--
-- ARGV    moves (that the caller had heard of), by_ms, before_ms (what was noted from then on is by the new time)
-- Returns 1, or 0 if somebody else has moved them
-- Cost    O(log runs) a run that is not waiting
-- Atomic  because two pumps that see the same jump must not both move them

local moves, by_ms, before_ms = unpack(ARGV)
if number(CFG, 'clock_moves') ~= tonumber(moves) then return 0 end
move_instants(tonumber(by_ms), tonumber(before_ms))
return 1
