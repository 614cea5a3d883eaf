-- Why money went back.
SELECT reason, currency, count(*) AS refunds, sum(amount) / 100.00 AS amount
FROM refunds
WHERE status = 'succeeded'
GROUP BY 1, 2
ORDER BY refunds DESC
