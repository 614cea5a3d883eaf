-- Does each payout equal the transactions inside it? Rows with a difference come first.
SELECT
  transfers.id AS payout_id,
  transfers.date,
  transfers.amount / 100.00 AS payout,
  sum(balance_transactions.net) / 100.00 AS transactions,
  (transfers.amount - sum(balance_transactions.net)) / 100.00 AS difference
FROM transfers
JOIN balance_transactions ON balance_transactions.automatic_transfer_id = transfers.id
GROUP BY transfers.id, transfers.date, transfers.amount
ORDER BY abs(transfers.amount - sum(balance_transactions.net)) DESC, transfers.date, transfers.id
