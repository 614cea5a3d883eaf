-- Opens gates of the lane after the success of a request that passed them.
--
-- ARGV    gates…
-- Returns nothing
-- Cost    O(gates)
-- Atomic  because a refusal that arrives meanwhile must find a gate closed or open

for _, gate in ipairs(ARGV) do open_gate(gate) end
