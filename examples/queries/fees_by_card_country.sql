-- What domestic and foreign cards cost.
SELECT
  CASE WHEN charges.card_country = 'US' THEN 'domestic' ELSE 'foreign' END AS origin,
  count(*) AS charges,
  sum(bt.fee) / 100.00 AS fees,
  round(1e2 * sum(bt.fee) / sum(bt.amount), 3) AS percent
FROM charges
JOIN balance_transactions AS bt ON bt.id = charges.balance_transaction_id
GROUP BY 1
ORDER BY 1
