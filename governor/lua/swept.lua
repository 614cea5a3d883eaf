-- Ends a sweep of the list of events.
--
-- ARGV    fence (of whoever has it in hand), next_ms (after how long the next one is due), alone_ms (how much later while a single
--         run runs), since (from when on by Stripe's clock the next one asks; empty: from now on, and nothing is known yet),
--         trouble (why this one came to nothing; empty: it went well), observed (how ends come to be known now, mostly: so that a
--         change is told once)
-- Returns 1, or 0 if somebody else was asked since
-- Cost    O(1); the first time in a lane O(running runs)
-- Atomic  because a sweep that slept must not undo what a later one has noted

local fence, next_ms, alone_ms, since, trouble, observed = unpack(ARGV)
if redis.call('HGET', FEED, 'sweep_fence') ~= fence then return 0 end
redis.call('HSET', FEED, 'sweep_at', now + next_ms, 'alone_ms', alone_ms, 'since', since, 'trouble', trouble,
  'observed', observed)
redis.call('HDEL', FEED, 'sweep_fence')
wake_pumps('poll', now + next_ms)
if trouble == '' then
  redis.call('HSET', FEED, 'swept', now)
  note_feed()
end
return 1
