-- What Stripe kept in the month, one line for each movement that cost something.
SELECT
  id,
  created AS booked_at,
  currency,
  0 AS amount,
  fee,
  0 AS tax,
  -fee AS net,
  source_id AS reference
FROM balance_transactions
WHERE fee <> 0
  AND created >= {{ window.start }}
  AND created < {{ window.end }}
ORDER BY booked_at, id
