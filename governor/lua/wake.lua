-- Makes runs due for a look at once, since events said that their QueryRuns have ended, or changed.
--
-- A hint: the look is what counts. Lost, doubled, late or forged ones cost time or a look, and nothing else.
--
-- ARGV    path (by which they came: 'events' or 'webhooks'), ended ('1' if they say so; empty: something changed), ends… (of each
--         event: the QueryRun's id, maybe another lane's or one that nobody knows; when, by Stripe's clock, in ms; empty where that
--         is not known)
-- Returns {woken, early, late}: ids whose runs are looked at now, such as may yet be named by a create that is under way, and
--         such of whose ends looks have known already
-- Cost    O(log runs) an id; the first time in a lane O(running runs)
-- Atomic  because a run that is bound between the two questions would never hear of its end

local path, ended = unpack(ARGV, 1, 2)
local woken, early, late = 0, 0, 0
redis.call('HSET', FEED, 'heard_' .. path, now)
note_feed()
for i = 3, #ARGV, 2 do
  local query_run, created_ms = unpack(ARGV, i, i + 1)
  local runs, delay_ms = runs_of(query_run), delay_since(created_ms)
  for _, run in ipairs(runs) do
    if ended == '1' then note_told_of(run, path, delay_ms) end
    look_at_once(run, ended == '1')
  end
  if #runs > 0 then
    woken = woken + 1
  elseif ended == '1' and note_late(query_run, path, delay_ms) then
    late = late + 1
  elseif ended == '1' and keep_early(query_run) then
    early = early + 1
  end
end
note_missed()
return { woken, early, late }
