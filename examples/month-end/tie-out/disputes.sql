-- By category, without the disputes themselves.
SELECT
  count(*) AS records,
  coalesce(sum(amount), 0) AS amount,
  coalesce(sum(fee), 0) AS fee,
  coalesce(sum(net), 0) AS net
FROM balance_transactions
WHERE reporting_category = 'dispute'
  AND created >= {{ window.start }}
  AND created < {{ window.end }}
