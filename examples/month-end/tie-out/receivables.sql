-- What was due, less what was paid.
SELECT
  count(*) AS records,
  coalesce(sum(amount_due) - sum(amount_paid), 0) AS amount,
  coalesce(sum(amount_due) - sum(amount_paid), 0) AS net
FROM invoices
WHERE status = 'open'
  AND date < {{ window.end }}
