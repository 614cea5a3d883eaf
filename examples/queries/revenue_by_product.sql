-- What each product earned through paid invoices, all time.
SELECT
  products.name AS product,
  invoice_line_items.currency,
  count(DISTINCT invoices.customer_id) AS customers,
  sum(invoice_line_items.amount) / 100.00 AS revenue
FROM invoice_line_items
JOIN invoices ON invoices.id = invoice_line_items.invoice_id
JOIN prices ON prices.id = invoice_line_items.price_id
JOIN products ON products.id = prices.product_id
WHERE invoices.status = 'paid'
GROUP BY 1, 2
ORDER BY revenue DESC
