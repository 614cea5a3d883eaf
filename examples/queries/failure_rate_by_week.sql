-- Weekly share of declined charges.
SELECT
  date_trunc('week', created) AS week,
  count(*) AS attempts,
  count_if(status = 'failed') AS failed,
  round(1e2 * count_if(status = 'failed') / count(*), 2) AS failed_percent
FROM charges
GROUP BY 1
ORDER BY 1
