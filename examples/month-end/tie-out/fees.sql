-- Fees are what is between amount and net, over all movements of the month.
SELECT
  count_if(amount <> net) AS records,
  coalesce(sum(amount - net), 0) AS fee,
  coalesce(sum(net - amount), 0) AS net
FROM balance_transactions
WHERE created >= {{ window.start }}
  AND created < {{ window.end }}
