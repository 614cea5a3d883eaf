-- The hundred largest charges, with who paid them.
SELECT charges.id, charges.created, charges.amount / 100.00 AS amount, charges.currency, customers.name, customers.email
FROM charges
LEFT JOIN customers ON customers.id = charges.customer_id
WHERE charges.status = 'succeeded'
ORDER BY charges.amount DESC, charges.id
LIMIT 100
