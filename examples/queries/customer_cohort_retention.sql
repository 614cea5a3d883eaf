-- Of the customers of each signup month, how many still pay n months later.
WITH firsts AS (
  SELECT customer_id, date_trunc('month', min(created)) AS cohort
  FROM charges
  WHERE paid
  GROUP BY customer_id
),
activity AS (
  SELECT DISTINCT customer_id, date_trunc('month', created) AS month
  FROM charges
  WHERE paid
)
SELECT
  firsts.cohort,
  date_diff('month', firsts.cohort, activity.month) AS months_later,
  count(DISTINCT activity.customer_id) AS customers
FROM firsts
JOIN activity ON activity.customer_id = firsts.customer_id
GROUP BY 1, 2
ORDER BY 1, 2
