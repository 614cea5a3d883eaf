-- Sets what was decided for a lane, and fills the slots that this may have made.
--
-- ARGV    by_operator ('1', or empty: by the spec), fields… (pairs of field and value, as `LaneLimits.fields` names them)
-- Returns nothing
-- Cost    O(fields), and O(log runs) a grant
-- Atomic  because a raised cap must not leave a free slot beside a waiting run

-- What an operator set at run time outlives the next submit, which brings the spec's word along.
local by_operator = ARGV[1] == '1'
redis.call('HSET', CFG, 'layout', '$LAYOUT')
for i = 2, #ARGV, 2 do
  local field, value = ARGV[i], ARGV[i + 1]
  local kept = 'kept_' .. field
  if by_operator or redis.call('HEXISTS', CFG, kept) == 0 then redis.call('HSET', CFG, field, value) end
  if by_operator then redis.call('HSET', CFG, kept, 1) end
end
grant()
