-- Invoices whose first attempt was declined and that were paid all the same.
SELECT
  invoices.id AS invoice_id,
  invoices.number,
  min(charges.created) FILTER (WHERE charges.status = 'failed') AS declined_at,
  max(charges.created) FILTER (WHERE charges.status = 'succeeded') AS paid_at,
  invoices.total / 100.00 AS total
FROM invoices
JOIN charges ON charges.invoice_id = invoices.id
WHERE invoices.status = 'paid'
GROUP BY invoices.id, invoices.number, invoices.total
HAVING count_if(charges.status = 'failed') > 0
ORDER BY invoices.number
