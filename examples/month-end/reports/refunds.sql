-- Refunds that left the balance in the month; amounts are negative, as in the books.
SELECT
  refunds.id,
  movements.created AS booked_at,
  movements.currency,
  movements.amount,
  movements.fee,
  0 AS tax,
  movements.net,
  refunds.charge_id AS reference
FROM balance_transactions AS movements
JOIN refunds ON refunds.balance_transaction_id = movements.id
WHERE movements.created >= {{ window.start }}
  AND movements.created < {{ window.end }}
ORDER BY booked_at, refunds.id
