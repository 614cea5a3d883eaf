-- The activity of the month is the balance at its end less the balance at its start.
SELECT
  count(*) - count_if(created < {{ window.start }}) AS records,
  coalesce(sum(amount) - sum(IF(created < {{ window.start }}, amount, 0)), 0) AS amount,
  coalesce(sum(fee) - sum(IF(created < {{ window.start }}, fee, 0)), 0) AS fee,
  coalesce(sum(net) - sum(IF(created < {{ window.start }}, net, 0)), 0) AS net
FROM balance_transactions
WHERE created < {{ window.end }}
