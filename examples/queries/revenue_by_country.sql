-- Charged amount by the country of the card.
SELECT
  card_country,
  count(*) AS charges,
  sum(amount) / 100.00 AS amount,
  round(1e2 * sum(amount) / sum(sum(amount)) OVER (), 2) AS percent
FROM charges
WHERE status = 'succeeded'
GROUP BY card_country
ORDER BY amount DESC
