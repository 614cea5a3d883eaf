-- Takes custody of a run for one step.
--
-- ARGV    run, fence (of the message), state (that the step is for), custody_ms, holder (whoever asks; a call that may have
--         been answered already comes with the same one again, and gets the same custody)
-- Returns {fence, tries, since_grant_ms, since_sent_ms, since_unanswered_ms, since_create_ms, since_poll_ms, since_end_ms,
--         since_told_ms, told_late_ms, flow, index, attempt, query_run, key, planned, canceling, closed_gates}, with false for what
--         is not known yet; `planned` is 1 where the look is due because it was planned with the create's answer, and for no other
--         reason; false if the message is stale
-- Cost    O(log runs)
-- Atomic  because of two copies of a message only one may get the new fence

local run, fence, state, custody_ms, holder = unpack(ARGV)
local key = run_key(run)
local known_holder, new_fence, tries = unpack(redis.call('HMGET', key, 'holder', 'fence', 'tries'))
if known_holder ~= holder then
  if not holds(run, fence, state) then return false end
  new_fence = fence_after(fence)
  redis.call('HSET', key, 'fence', new_fence, 'holder', holder)
  redis.call('HDEL', key, 'look_again')
  tries = redis.call('HINCRBY', key, 'tries', 1)
elseif not holds(run, new_fence, state) then
  return false
end
make_due(STEP_OF[state], run, now + custody_ms)

local flow, index, attempt, query_run, idempotency_key, granted, sent, unanswered, submitted, polled, ended, told, late,
  planned = unpack(redis.call('HMGET', key, 'flow', 'index', 'attempt', 'query_run', 'key', 'granted', 'sent', 'unanswered',
  'submitted', 'polled', 'ended', 'told', 'told_late_ms', 'planned'))
-- Pumps note the time at least twice a minute. Much later than that the clock was set forward, and nothing is so old.
local seen = math.min(now, (noted or now) + LONGEST_GAP_MS)
read_some(flow_key(flow), 'canceling')
local function since(moment) return moment and seen - tonumber(moment) end
return { tonumber(new_fence), tonumber(tries), since(granted), since(sent), since(unanswered), since(submitted), since(polled),
  since(ended), since(told), tonumber(late or '') or false, flow, tonumber(index), tonumber(attempt),
  query_run ~= '' and query_run, idempotency_key, planned and now >= tonumber(planned) and 1 or 0,
  redis.call('HEXISTS', flow_key(flow), 'canceling'), closed_gates(STEP_OF[state]) }
