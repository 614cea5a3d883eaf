-- Makes every run that runs at Stripe due for a look at once: events were lost, and nobody knows which.
--
-- ARGV    none
-- Returns how many those are
-- Cost    O(running runs)
-- Atomic  because a run must not be moved between the question and its look

local runs = redis.call('ZRANGE', DUE.poll, 0, -1)
for _, run in ipairs(runs) do look_at_once(run) end
return #runs
