-- Disputes by month and verdict.
SELECT
  date_trunc('month', created) AS month,
  count(*) AS disputes,
  count_if(status = 'won') AS won,
  count_if(status = 'lost') AS lost,
  count_if(status IN ('needs_response', 'under_review')) AS undecided,
  sum(amount) / 100.00 AS amount
FROM disputes
GROUP BY 1
ORDER BY 1
