-- Every balance transaction of the last quarter, line by line.
SELECT
  id,
  created,
  available_on,
  type,
  reporting_category,
  currency,
  amount,
  fee,
  net,
  source_id,
  automatic_transfer_id
FROM balance_transactions
WHERE created >= data_load_time - INTERVAL '3' MONTH
ORDER BY created, id
