-- Share of charges refunded, by the month of the charge.
SELECT
  date_trunc('month', charges.created) AS month,
  count(*) AS charges,
  count(refunds.id) AS refunds,
  round(1e2 * count(refunds.id) / count(*), 2) AS refund_percent
FROM charges
LEFT JOIN refunds ON refunds.charge_id = charges.id
WHERE charges.status = 'succeeded'
GROUP BY 1
ORDER BY 1
