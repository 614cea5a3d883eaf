-- The balance after each day: what came in, what was paid out, what remains.
WITH daily AS (
  SELECT
    date_trunc('day', created) AS day,
    sum(CASE WHEN type = 'payout' THEN 0 ELSE net END) AS earned,
    sum(CASE WHEN type = 'payout' THEN net ELSE 0 END) AS paid_out
  FROM balance_transactions
  GROUP BY 1
)
SELECT
  day,
  earned / 100.00 AS earned,
  paid_out / 100.00 AS paid_out,
  sum(earned + paid_out) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) / 100.00 AS balance
FROM daily
ORDER BY day
