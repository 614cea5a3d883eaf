-- Every invoice of this year, for the auditor.
SELECT number, date, status, customer_id, subtotal / 100.00 AS subtotal, tax / 100.00 AS tax, total / 100.00 AS total, currency
FROM invoices
WHERE year(date) = year(data_load_time)
ORDER BY number
