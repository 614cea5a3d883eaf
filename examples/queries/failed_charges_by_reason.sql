-- Why charges fail, and how much is lost with each reason.
SELECT failure_code, count(*) AS charges, sum(amount) / 100.00 AS amount
FROM charges
WHERE status = 'failed'
GROUP BY failure_code
ORDER BY charges DESC
