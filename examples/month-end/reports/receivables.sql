-- What customers owe at the end of the month: invoices that are open. Sigma knows how an invoice stands now, not how
-- it stood, so this is right if it runs soon after the end.
SELECT
  id,
  date AS booked_at,
  currency,
  amount_remaining AS amount,
  0 AS fee,
  0 AS tax,
  amount_remaining AS net,
  number AS reference
FROM invoices
WHERE status = 'open'
  AND date < {{ window.end }}
ORDER BY booked_at, id
