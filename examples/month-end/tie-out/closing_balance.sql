-- Earned, less what was paid out.
SELECT
  count(DISTINCT currency) AS records,
  coalesce(sum(amount) - sum(IF(type = 'payout', 0, fee)), 0) AS net
FROM balance_transactions
WHERE created < {{ window.end }}
