-- Charges that moved the balance in the month, with Stripe's fee for each.
SELECT
  charges.id,
  movements.created AS booked_at,
  movements.currency,
  movements.amount,
  movements.fee,
  0 AS tax,
  movements.net,
  charges.invoice_id AS reference
FROM balance_transactions AS movements
JOIN charges ON charges.balance_transaction_id = movements.id
WHERE movements.created >= {{ window.start }}
  AND movements.created < {{ window.end }}
ORDER BY booked_at, charges.id
