-- Payouts to the bank that were made in the month, by the day they left the balance.
SELECT
  id,
  created AS booked_at,
  currency,
  -amount AS amount,
  0 AS fee,
  0 AS tax,
  -amount AS net,
  balance_transaction_id AS reference
FROM transfers
WHERE created >= {{ window.start }}
  AND created < {{ window.end }}
ORDER BY booked_at, id
