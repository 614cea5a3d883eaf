-- Ends a reconciliation: the lane is what the ledger says, so its slots may be filled again.
--
-- ARGV    reconciliation_id (from `unreconciled`, before it began)
-- Returns 1, or 0 if the lane does not wait for that one: Redis was emptied or put back since, or somebody else has ended it
-- Cost    O(1), and O(log runs) a grant
-- Atomic  because a lane that another server has taken over must not be granted from

local reconciliation_id = ARGV[1]
if not layout or is_reconciled() or reconciliation() ~= reconciliation_id then return 0 end
redis.call('HSET', CFG, 'server', this_server(), 'reconciled', next_fence())
redis.call('HDEL', CFG, 'unreconciled')
reconciled = true
grant()
return 1
