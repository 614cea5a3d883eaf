-- Charges and average amount by day of the week, Monday is 1.
SELECT
  day_of_week(created) AS weekday,
  count(*) AS charges,
  round(avg(amount) / 100.00, 2) AS average_amount
FROM charges
WHERE paid
GROUP BY 1
ORDER BY 1
