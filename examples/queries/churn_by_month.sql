-- Subscriptions lost by month, and how long they had lasted.
SELECT
  date_trunc('month', ended_at) AS month,
  count(*) AS ended,
  round(avg(date_diff('day', start_date, ended_at)), 1) AS average_days,
  max_by(id, date_diff('day', start_date, ended_at)) AS longest
FROM subscriptions
WHERE ended_at IS NOT NULL
GROUP BY 1
ORDER BY 1
