-- Counts the runs of a batch against what its definition may spend on a day, beside what the ledger knows of that day.
--
-- KEYS    spent
-- ARGV    batch, runs (that it wants), runs_per_day, keep_s (how long the day's count stays), known… (of each batch that the
--         ledger knows: batch, runs)
-- Returns {verdict, total}: 'counted', or 'known' if this batch was counted before, or 'too many', and then nothing is
--         counted; and the runs that were counted before
-- Cost    O(batches of the day)
-- Atomic  because two batches at once must not both be the last to fit

local spent, batch, runs, runs_per_day, keep_s = KEYS[1], unpack(ARGV, 1, 4)
for at = 5, #ARGV, 2 do
  redis.call('HSETNX', spent, ARGV[at], ARGV[at + 1])
  redis.call('EXPIRE', spent, keep_s)
end
local total = 0
for _, counted in ipairs(redis.call('HVALS', spent)) do total = total + counted end
if redis.call('HEXISTS', spent, batch) == 1 then return { 'known', total } end
if total + runs > tonumber(runs_per_day) then return { 'too many', total } end
redis.call('HSET', spent, batch, runs)
redis.call('EXPIRE', spent, keep_s)
return { 'counted', total }
