-- How much is pending and how much available, one row a currency.
SELECT
  currency,
  sum(net) FILTER (WHERE status = 'pending') / 100.00 AS pending,
  sum(net) FILTER (WHERE status = 'available') / 100.00 AS available
FROM balance_transactions
GROUP BY currency
ORDER BY currency
