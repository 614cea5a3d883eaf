-- Makes failed runs of a flow wait again.
--
-- ARGV    flow, runs… (of each: index, attempt to go on with, id of a QueryRun whose result only has to land)
-- Returns how many runs wait again; -1 if the flow is canceled, -2 if it is unknown here
-- Cost    O(log runs) a run
-- Atomic  because a run that is failed and waiting at once would be counted twice

local flow = ARGV[1]
local key = flow_key(flow)
if redis.call('EXISTS', key) == 0 then return -2 end
if redis.call('HEXISTS', key, 'canceling') == 1 then return -1 end

local size, retried = number(key, 'size'), 0
for i = 2, #ARGV, 3 do
  local index, attempt, query_run = unpack(ARGV, i, i + 2)
  -- Checked here, since an index that BITFIELD refuses would end the script between two runs.
  local inside = tonumber(index) >= 0 and tonumber(index) < size
  if inside and redis.call('BITFIELD', states_key(flow), 'GET', 'u4', '#' .. index)[1] == NIBBLE.failed then
    redis.call('RPUSH', requeued_key(flow), index .. '|' .. attempt .. '|' .. query_run)
    mark(flow, index, 'waiting')
    retried = retried + 1
  end
end
if retried > 0 then
  redis.call('HINCRBY', key, 'failed', -retried)
  redis.call('HINCRBY', key, 'taken_up', retried)
  reopen(flow)
  grant()
end
return retried
