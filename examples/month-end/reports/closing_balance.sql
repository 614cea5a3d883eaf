-- The balance at the end of the month, a line for each currency: all that ever moved it.
SELECT
  currency AS id,
  CAST({{ window.end }} AS TIMESTAMP) AS booked_at,
  currency,
  sum(amount) AS amount,
  sum(fee) AS fee,
  0 AS tax,
  sum(net) AS net,
  'closing balance' AS reference
FROM balance_transactions
WHERE created < {{ window.end }}
GROUP BY currency
ORDER BY currency
