-- Which charges, refunds and disputes each payout of the last month is made of.
SELECT
  transfers.id AS payout_id,
  transfers.date AS payout_date,
  bt.type,
  bt.source_id,
  bt.amount / 100.00 AS amount,
  bt.fee / 100.00 AS fee,
  bt.net / 100.00 AS net
FROM transfers
JOIN balance_transactions AS bt ON bt.automatic_transfer_id = transfers.id
WHERE transfers.date >= data_load_time - INTERVAL '1' MONTH
ORDER BY transfers.date, transfers.id, bt.created, bt.id
