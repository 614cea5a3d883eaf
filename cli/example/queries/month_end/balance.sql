-- What moved the balance, by kind.
SELECT reporting_category, currency, count(*) AS records, sum(amount) AS amount, sum(fee) AS fee, sum(net) AS net
FROM balance_transactions
WHERE created >= {{ window.start }}
  AND created < {{ window.end }}
GROUP BY reporting_category, currency
ORDER BY reporting_category, currency
