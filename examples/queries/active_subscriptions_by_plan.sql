-- Who subscribes to what right now, with the monthly value.
SELECT
  products.name AS product,
  prices.recurring_interval,
  prices.currency,
  count(*) AS subscriptions,
  sum(items.quantity) AS seats,
  sum(items.quantity * prices.unit_amount / IF(prices.recurring_interval = 'year', 12, 1)) / 100.00 AS monthly_value
FROM subscriptions
JOIN subscription_items AS items ON items.subscription_id = subscriptions.id
JOIN prices ON prices.id = items.price_id
JOIN products ON products.id = prices.product_id
WHERE subscriptions.status IN ('active', 'past_due')
GROUP BY 1, 2, 3
ORDER BY monthly_value DESC
