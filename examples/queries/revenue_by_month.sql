-- Gross revenue, fees and net by month and currency, from the balance.
SELECT
  date_trunc('month', created) AS month,
  currency,
  sum(amount) / 100.00 AS gross,
  sum(fee) / 100.00 AS fees,
  sum(net) / 100.00 AS net
FROM balance_transactions
WHERE type = 'charge'
GROUP BY 1, 2
ORDER BY 1, 2
