-- Every refund with its charge and its customer.
SELECT
  refunds.id,
  refunds.created,
  refunds.amount / 100.00 AS refunded,
  charges.amount / 100.00 AS charged,
  refunds.reason,
  date_diff('day', charges.created, refunds.created) AS days_after_charge,
  customers.email
FROM refunds
JOIN charges ON charges.id = refunds.charge_id
LEFT JOIN customers ON customers.id = charges.customer_id
ORDER BY refunds.created, refunds.id
