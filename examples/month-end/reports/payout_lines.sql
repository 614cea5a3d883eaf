-- What each payout of the month is made of: the lines of the bank reconciliation.
SELECT
  movements.id,
  transfers.created AS booked_at,
  movements.currency,
  movements.amount,
  movements.fee,
  0 AS tax,
  movements.net,
  transfers.id AS reference
FROM transfers
JOIN balance_transactions AS movements ON movements.automatic_transfer_id = transfers.id
WHERE transfers.created >= {{ window.start }}
  AND transfers.created < {{ window.end }}
ORDER BY booked_at, reference, movements.id
