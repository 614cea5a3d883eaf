-- Customers who owe money, with what is open.
SELECT
  customers.id,
  customers.name,
  customers.email,
  count(*) AS open_invoices,
  sum(invoices.amount_remaining) / 100.00 AS outstanding,
  min(invoices.due_date) AS oldest_due
FROM customers
JOIN invoices ON invoices.customer_id = customers.id
WHERE invoices.status = 'open'
GROUP BY 1, 2, 3
ORDER BY outstanding DESC, customers.id
