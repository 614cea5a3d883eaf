-- An invoice without its tax is the sum of its lines.
SELECT
  count(DISTINCT invoices.id) AS records,
  coalesce(sum(lines.amount), 0) AS net
FROM invoices
JOIN invoice_line_items AS lines ON lines.invoice_id = invoices.id
WHERE invoices.status NOT IN ('draft', 'void')
  AND invoices.date >= {{ window.start }}
  AND invoices.date < {{ window.end }}
