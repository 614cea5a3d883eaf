-- Open invoices by how long they have been due.
SELECT
  CASE
    WHEN due_date >= data_load_time THEN '0 not due'
    WHEN date_diff('day', due_date, data_load_time) <= 30 THEN '1 up to 30 days'
    WHEN date_diff('day', due_date, data_load_time) <= 90 THEN '2 up to 90 days'
    ELSE '3 over 90 days'
  END AS age,
  currency,
  count(*) AS invoices,
  sum(amount_remaining) / 100.00 AS outstanding
FROM invoices
WHERE status = 'open'
GROUP BY 1, 2
ORDER BY 1, 2
