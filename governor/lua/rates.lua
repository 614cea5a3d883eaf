-- Says how many requests a second each budget allows now: a refusal leaves a part of the rate, which grows back.
--
-- ARGV    none
-- Returns {create, retrieve, all}, as text, since Redis cuts numbers off at the point
-- Cost    O(1)
-- Atomic  because a rate and the part of it that is left belong together; it writes nothing

local rates = {}
for at, operation in ipairs({ 'create', 'retrieve', 'all' }) do rates[at] = tostring(rate_now(operation)) end
return rates
