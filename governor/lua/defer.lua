-- Ends a step without a change of state: the run is due again after a delay.
--
-- ARGV    run, fence, delay_ms (less if its end was told), trouble (what stands in the way; empty: nothing does), create (what
--         became of the create that this step sent: 'unanswered'; 'refused'; 'unsent', so that none was; empty: it sent none),
--         put_off ('1': a look that was planned was not made, since it pays later by now)
-- Returns 1, or 0 if the fence is stale
-- Cost    O(log runs)
-- Atomic  because only the holder may say when the run is due

local run, fence, delay_ms, trouble, create, put_off = unpack(ARGV)
local state = holds(run, fence)
if not state then return 0 end
if create == 'unanswered' then
  redis.call('HSETNX', run_key(run), 'unanswered', now)
elseif create ~= '' then
  redis.call('HDEL', run_key(run), 'unanswered')
end
if create == 'unsent' then redis.call('HDEL', run_key(run), 'sent') end
if trouble == '' then delay_ms = after_alive(run, tonumber(delay_ms)) end
make_due(STEP_OF[state], run, now + delay_ms)
redis.call('HSET', run_key(run), 'holder', '')
if trouble == '' then
  redis.call('HSET', run_key(run), 'tries', 0)
  redis.call('HDEL', run_key(run), 'trouble')
  if put_off == '1' then
    redis.call('HSET', run_key(run), 'planned', now + delay_ms)
  else
    redis.call('HDEL', run_key(run), 'planned')
    redis.call('HSET', run_key(run), 'polled', now)
  end
else
  redis.call('HSET', run_key(run), 'trouble', trouble)
end
return 1
