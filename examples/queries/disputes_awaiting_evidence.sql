-- Disputes that still need an answer, the most urgent first.
SELECT
  disputes.id,
  disputes.reason,
  disputes.amount / 100.00 AS amount,
  disputes.evidence_details_due_by,
  charges.id AS charge_id,
  customers.name,
  customers.email
FROM disputes
JOIN charges ON charges.id = disputes.charge_id
LEFT JOIN customers ON customers.id = charges.customer_id
WHERE disputes.status = 'needs_response'
ORDER BY disputes.evidence_details_due_by
