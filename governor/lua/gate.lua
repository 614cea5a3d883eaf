-- Closes a gate of the lane after a refusal, or opens it after a success. A gate of an operation that closes also
-- halves that operation's budget for a while.
--
-- ARGV    gate, 'close' or 'open', first closing time (ms), longest closing time (ms), reason
-- Returns 1
-- Cost    O(1)
-- Atomic  because many refusals arrive together and may lengthen the wait just once

local gate = ARGV[1]
if ARGV[2] == 'close' then count('closed_' .. gate) end
if ARGV[2] == 'open' then
  open_gate(gate)
elseif close_gate(gate, tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]) and (gate == 'create' or gate == 'retrieve') then
  slow_down(gate)
end
return 1
