-- Says which reconciliation the lane waits for, and notes since when it does.
--
-- ARGV    none
-- Returns the id of that reconciliation, for `reconciled`; false if the lane is reconciled
-- Cost    O(1)
-- Atomic  because the id that is given out must be the one that is noted

if is_reconciled() then return false end
return reconciliation()
