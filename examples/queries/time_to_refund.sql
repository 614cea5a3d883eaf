-- How long after a charge refunds happen: quartiles in hours.
SELECT
  approx_percentile(date_diff('hour', charges.created, refunds.created), 0.25) AS p25_hours,
  approx_percentile(date_diff('hour', charges.created, refunds.created), 0.5) AS median_hours,
  approx_percentile(date_diff('hour', charges.created, refunds.created), 0.75) AS p75_hours
FROM refunds
JOIN charges ON charges.id = refunds.charge_id
