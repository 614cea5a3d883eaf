-- New customers by month, and how many of them ever paid.
SELECT
  date_trunc('month', customers.created) AS month,
  count(DISTINCT customers.id) AS customers,
  count(DISTINCT charges.customer_id) AS paying
FROM customers
LEFT JOIN charges ON charges.customer_id = customers.id AND charges.paid
GROUP BY 1
ORDER BY 1
