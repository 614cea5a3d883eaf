-- When customers pay, by hour in New York.
SELECT
  hour(created AT TIME ZONE 'America/New_York') AS hour_of_day,
  count(*) AS charges,
  sum(amount) / 100.00 AS amount
FROM charges
WHERE status = 'succeeded'
GROUP BY 1
ORDER BY 1
