-- The balance's own view of the same payouts.
SELECT
  count(*) AS records,
  coalesce(sum(amount), 0) AS amount,
  coalesce(sum(net), 0) AS net
FROM balance_transactions
WHERE reporting_category = 'payout'
  AND created >= {{ window.start }}
  AND created < {{ window.end }}
