-- What is left of the lines at the month's start, less what is left of them at its end.
WITH lines AS (
  SELECT
    items.amount,
    CAST(items.amount AS DOUBLE) / date_diff('second', items.period_start, items.period_end) AS per_second,
    date_diff('second', items.period_start, greatest(items.period_start, {{ window.start }})) AS before_s,
    date_diff('second', items.period_start, least(items.period_end, {{ window.end }})) AS through_s
  FROM invoices
  JOIN invoice_line_items AS items ON items.invoice_id = invoices.id
  WHERE invoices.status NOT IN ('draft', 'void')
    AND items.period_start < {{ window.end }}
    AND items.period_end > {{ window.start }}
)
SELECT
  count(*) AS records,
  CAST(coalesce(sum(amount - round(per_second * before_s)) - sum(amount - round(per_second * through_s)), 0) AS BIGINT)
    AS amount
FROM lines
