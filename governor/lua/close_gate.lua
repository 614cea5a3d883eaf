-- Closes a gate of the lane after a refusal. A gate of an operation that closes also halves that operation's budget for a
-- while.
--
-- ARGV    gate, first_ms (closing time, doubled by each refused probe), longest_ms (closing time), reason
-- Returns nothing
-- Cost    O(1)
-- Atomic  because many refusals arrive together and may lengthen the wait just once

local gate, first_ms, longest_ms, reason = unpack(ARGV)
count('closed_' .. gate)
if close_gate(gate, first_ms, longest_ms, reason) and (gate == 'create' or gate == 'retrieve') then
  slow_down(gate)
end
