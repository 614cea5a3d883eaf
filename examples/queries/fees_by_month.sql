-- Effective Stripe fee rate by month.
SELECT
  date_trunc('month', created) AS month,
  sum(fee) / 100.00 AS fees,
  sum(amount) / 100.00 AS volume,
  round(1e2 * sum(fee) / nullif(sum(amount), 0), 3) AS effective_percent
FROM balance_transactions
WHERE type = 'charge'
GROUP BY 1
ORDER BY 1
