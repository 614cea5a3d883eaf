-- Takes one request of the lane's budgets for what is asked beside all steps.
--
-- ARGV    operation (create or retrieve)
-- Returns how many ms to wait before it is asked for again; 0 if it may be sent now, -1 if the lane holds back such requests
-- Cost    O(1)
-- Atomic  because two must not take the same request of a budget

local operation = ARGV[1]
if #closed_gates(operation == 'create' and 'submit' or 'poll') > 0 then return -1 end
local left, interval = budget_left(operation)
local left_in_all, interval_in_all = budget_left('all')
if math.min(left, left_in_all) < 1 then return math.ceil(math.max(interval, interval_in_all)) end
charge(operation, 1)
charge('all', 1)
return 0
