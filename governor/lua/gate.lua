-- Closes a gate of the lane after a refusal, or opens it after a success.
--
-- ARGV    gate, 'close' or 'open', first closing time (ms), longest closing time (ms), reason
-- Returns 1
-- Cost    O(1)
-- Atomic  because many refusals arrive together and may lengthen the wait just once

local gate = ARGV[1]
if ARGV[2] == 'open' then
  open_gate(gate)
else
  close_gate(gate, tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5])
end
return 1
