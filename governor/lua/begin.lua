-- Takes custody of a run for one step.
--
-- ARGV    run, fence of the message, state that the step is for, custody (ms)
-- Returns {} if the message is stale, else {fence, tries, milliseconds since the grant, and (or -1) since the create,
--         since the last look that saw it alive, since its end; flow, index, attempt, query_run, key, canceling, closed
--         gates}
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

local flow, index, attempt, query_run, idempotency_key, granted, submitted, looked, ended = unpack(redis.call(
  'HMGET', key, 'flow', 'index', 'attempt', 'query_run', 'key', 'granted', 'submitted', 'looked', 'ended'))
local function since(moment) return moment and now - tonumber(moment) or -1 end
return { new_fence, tries, since(granted), since(submitted), since(looked), since(ended),
  flow, tonumber(index), tonumber(attempt), query_run, idempotency_key or '',
  redis.call('HGET', flow_key(flow), 'canceling') or '', closed_gates(STEP_OF[state]) }
