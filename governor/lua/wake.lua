-- Makes runs due for a look at once, since an event said that their QueryRuns have ended, or changed.
--
-- A hint: the look is what counts. Lost, doubled, late or forged ones cost time or a look, and nothing else.
--
-- ARGV    query_runs… (ids; those of other lanes, and such as nobody knows, among them)
-- Returns {woken, early}: ids whose runs are looked at now, and such as may yet be named by a create that is under way
-- Cost    O(log runs) an id
-- Atomic  because a run that is bound between the two questions would never hear of its end

local woken, early = 0, 0
for _, query_run in ipairs(ARGV) do
  local runs = runs_of(query_run)
  for _, run in ipairs(runs) do wake(run) end
  if #runs > 0 then
    woken = woken + 1
  elseif keep_early(query_run) then
    early = early + 1
  end
end
return { woken, early }
