-- Revenue of the month: each line of an invoice counts evenly over the period that it is for. What is recognized up to
-- a moment is rounded, and the month is the difference of two such sums, so that all months together are the line.
WITH lines AS (
  SELECT
    items.id,
    items.currency,
    items.amount,
    items.invoice_id,
    CAST(items.amount AS DOUBLE) / date_diff('second', items.period_start, items.period_end) AS per_second,
    date_diff('second', items.period_start, greatest(items.period_start, {{ window.start }})) AS before_s,
    date_diff('second', items.period_start, least(items.period_end, {{ window.end }})) AS through_s
  FROM invoice_line_items AS items
  JOIN invoices ON invoices.id = items.invoice_id
  WHERE invoices.status NOT IN ('draft', 'void')
    AND items.period_start < {{ window.end }}
    AND items.period_end > {{ window.start }}
)
SELECT
  id,
  CAST({{ window.end }} AS TIMESTAMP) AS booked_at,
  currency,
  CAST(round(per_second * through_s) - round(per_second * before_s) AS BIGINT) AS amount,
  0 AS fee,
  0 AS tax,
  CAST(round(per_second * through_s) - round(per_second * before_s) AS BIGINT) AS net,
  invoice_id AS reference
FROM lines
ORDER BY id
