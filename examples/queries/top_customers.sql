-- Lifetime value of every paying customer, the best first.
SELECT
  customers.id,
  customers.name,
  customers.email,
  count(charges.id) AS charges,
  (sum(charges.amount) - sum(charges.amount_refunded)) / 100.00 AS lifetime_value,
  min(charges.created) AS first_charge,
  max(charges.created) AS last_charge
FROM customers
JOIN charges ON charges.customer_id = customers.id
WHERE charges.paid
GROUP BY 1, 2, 3
ORDER BY lifetime_value DESC, customers.id
