-- Every charge of the last month.
SELECT
  id,
  created,
  status,
  amount / 100.00 AS amount,
  currency,
  customer_id,
  payment_method_type,
  card_brand,
  card_last4,
  invoice_id,
  failure_code
FROM charges
WHERE created >= data_load_time - INTERVAL '1' MONTH
ORDER BY created, id
