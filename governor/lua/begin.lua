-- Takes custody of a run for one step.
--
-- ARGV    run, fence of the message, state that the step is for, custody (ms)
-- Returns {} if the message is stale, else {fence, tries, milliseconds since the grant, since the create
--         (or -1), since its end (or -1), flow, index, attempt, query_run, key, canceling, closed gates}
-- Cost    O(log runs)
-- Atomic  because of two copies of a message only one may get the new fence

local run, fence, state, custody_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if not holds(run, fence, state) then return {} end

local key = run_key(run)
local new_fence = next_fence()
redis.call('HSET', key, 'fence', new_fence)
redis.call('HDEL', key, 'claimed')
local tries = redis.call('HINCRBY', key, 'tries', 1)
redis.call('ZADD', DUE[STEP_OF[state]], now + custody_ms, run)

local flow, index, attempt, query_run, idempotency_key, granted, submitted, ended = unpack(redis.call('HMGET', key,
  'flow', 'index', 'attempt', 'query_run', 'key', 'granted', 'submitted', 'ended'))
local canceling = redis.call('HGET', flow_key(flow), 'canceling') or ''
return { new_fence, tries, now - tonumber(granted), submitted and now - tonumber(submitted) or -1,
  ended and now - tonumber(ended) or -1,
  flow, tonumber(index), tonumber(attempt), query_run, idempotency_key or '', canceling, closed_gates(STEP_OF[state]) }
