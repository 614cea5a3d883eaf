-- Revenue of each of the last 90 days, days without sales included.
WITH days AS (
  SELECT day
  FROM UNNEST(sequence(date(data_load_time) - INTERVAL '90' DAY, date(data_load_time), INTERVAL '1' DAY)) AS t (day)
),
sales AS (
  SELECT date(created) AS day, sum(amount) AS amount, count(*) AS charges
  FROM charges
  WHERE status = 'succeeded' AND created >= data_load_time - INTERVAL '91' DAY
  GROUP BY 1
)
SELECT days.day, coalesce(sales.amount, 0) / 100.00 AS amount, coalesce(sales.charges, 0) AS charges
FROM days
LEFT JOIN sales ON sales.day = days.day
ORDER BY days.day
