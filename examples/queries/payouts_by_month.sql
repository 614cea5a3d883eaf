-- Payouts by month: how many, how much, how late.
SELECT
  date_format(created, '%Y-%m') AS month,
  currency,
  count(*) AS payouts,
  sum(amount) / 100.00 AS amount,
  round(avg(date_diff('hour', created, date)) / 24e0, 2) AS average_days_to_arrive
FROM transfers
GROUP BY 1, 2
ORDER BY 1, 2
