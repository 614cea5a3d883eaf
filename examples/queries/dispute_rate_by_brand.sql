-- Disputed share of charges by card brand.
SELECT
  card_brand,
  count(*) AS charges,
  count(dispute_id) AS disputes,
  round(1e4 * count(dispute_id) / count(*), 1) AS basis_points
FROM charges
WHERE status = 'succeeded'
GROUP BY card_brand
ORDER BY basis_points DESC
