-- Says of a lane what only a script can tell: how many requests a second each budget allows now, since a refusal leaves a
-- part of the rate, which grows back; and whether the lane is reconciled.
--
-- ARGV    none
-- Returns {create, retrieve, all, reconciled}: the rates as text, since Redis cuts numbers off at the point; 1 or 0
-- Cost    O(1)
-- Atomic  because a rate and the part of it that is left belong together; it writes nothing of its own

local rates = {}
for at, operation in ipairs({ 'create', 'retrieve', 'all' }) do rates[at] = tostring(rate_now(operation)) end
return { rates[1], rates[2], rates[3], reconciled_with == this_server() and 1 or 0 }
