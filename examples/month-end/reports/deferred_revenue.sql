-- What was invoiced by the end of the month for time after it: the other side of recognized_revenue.
WITH lines AS (
  SELECT
    items.id,
    items.currency,
    items.amount,
    items.invoice_id,
    CAST(items.amount AS DOUBLE) / date_diff('second', items.period_start, items.period_end) AS per_second,
    date_diff('second', items.period_start, greatest(items.period_start, {{ window.end }})) AS through_s
  FROM invoice_line_items AS items
  JOIN invoices ON invoices.id = items.invoice_id
  WHERE invoices.status NOT IN ('draft', 'void')
    AND invoices.date < {{ window.end }}
    AND items.period_end > {{ window.end }}
)
SELECT
  id,
  CAST({{ window.end }} AS TIMESTAMP) AS booked_at,
  currency,
  amount - CAST(round(per_second * through_s) AS BIGINT) AS amount,
  0 AS fee,
  0 AS tax,
  amount - CAST(round(per_second * through_s) AS BIGINT) AS net,
  invoice_id AS reference
FROM lines
ORDER BY id
