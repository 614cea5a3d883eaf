-- Last month's balance movements by reporting category, for the books.
SELECT
  reporting_category,
  currency,
  count(*) AS transactions,
  sum(amount) / 100.00 AS amount,
  sum(fee) / 100.00 AS fee,
  sum(net) / 100.00 AS net
FROM balance_transactions
WHERE created >= date_trunc('month', data_load_time - INTERVAL '1' DAY)
  AND created < data_load_time
GROUP BY 1, 2
ORDER BY 1, 2
