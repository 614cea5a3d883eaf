-- Invoices of the month, with their tax; drafts and voided ones are none.
SELECT
  id,
  date AS booked_at,
  currency,
  total AS amount,
  0 AS fee,
  tax,
  total - tax AS net,
  number AS reference
FROM invoices
WHERE status NOT IN ('draft', 'void')
  AND date >= {{ window.start }}
  AND date < {{ window.end }}
ORDER BY booked_at, id
