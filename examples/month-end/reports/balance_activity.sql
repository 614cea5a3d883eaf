-- Every movement of the balance in the month, payouts among them.
SELECT
  id,
  created AS booked_at,
  currency,
  amount,
  fee,
  0 AS tax,
  net,
  reporting_category AS reference
FROM balance_transactions
WHERE created >= {{ window.start }}
  AND created < {{ window.end }}
ORDER BY booked_at, id
