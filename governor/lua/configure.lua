-- Sets what the operator decided for a lane, and fills the slots that this may have made.
--
-- ARGV    cap, margin, creates per second, retrieves per second, requests per second in all
-- Returns 1
-- Cost    O(1), and O(log runs) a grant
-- Atomic  because a raised cap must not leave a free slot beside a waiting run

redis.call('HSET', CFG, 'layout', '$LAYOUT', 'cap', ARGV[1], 'margin', ARGV[2],
  'create_per_s', ARGV[3], 'retrieve_per_s', ARGV[4], 'all_per_s', ARGV[5])
grant()
return 1
