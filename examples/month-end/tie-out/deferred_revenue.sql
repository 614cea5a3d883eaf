-- All that was invoiced, less what of it is recognized by the end of the month.
WITH lines AS (
  SELECT
    items.amount,
    items.period_end > {{ window.end }} AS is_deferred,
    CAST(items.amount AS DOUBLE) / date_diff('second', items.period_start, items.period_end) AS per_second,
    date_diff(
      'second', items.period_start, least(items.period_end, greatest(items.period_start, {{ window.end }}))
    ) AS through_s
  FROM invoices
  JOIN invoice_line_items AS items ON items.invoice_id = invoices.id
  WHERE invoices.status NOT IN ('draft', 'void')
    AND invoices.date < {{ window.end }}
)
SELECT
  count_if(is_deferred) AS records,
  CAST(coalesce(sum(amount) - sum(round(per_second * through_s)), 0) AS BIGINT) AS amount
FROM lines
