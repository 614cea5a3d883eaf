-- Disputed payments that were withdrawn in the month, with the fee for each.
SELECT
  disputes.id,
  movements.created AS booked_at,
  movements.currency,
  movements.amount,
  movements.fee,
  0 AS tax,
  movements.net,
  disputes.charge_id AS reference
FROM balance_transactions AS movements
JOIN disputes ON disputes.balance_transaction_id = movements.id
WHERE movements.created >= {{ window.start }}
  AND movements.created < {{ window.end }}
ORDER BY booked_at, disputes.id
