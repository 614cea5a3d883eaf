-- Monthly recurring revenue at the end of each month of the last two years.
WITH months AS (
  SELECT month
  FROM UNNEST(sequence(date '2024-12-01', date(data_load_time), INTERVAL '1' MONTH)) AS t (month)
)
SELECT
  months.month,
  count(*) AS subscriptions,
  sum(s.quantity * prices.unit_amount / IF(prices.recurring_interval = 'year', 12, 1)) / 100.00 AS mrr
FROM months
JOIN subscriptions AS s
  ON s.start_date < months.month AND coalesce(s.ended_at, data_load_time) >= months.month
JOIN prices ON prices.id = s.price_id
GROUP BY 1
ORDER BY 1
