-- # net by category last month
SELECT reporting_category, currency, count(*) AS entries, sum(net) / 100.00 AS net
FROM balance_transactions
WHERE created >= date_trunc('month', data_load_time) - INTERVAL '1' MONTH
  AND created < date_trunc('month', data_load_time)
GROUP BY 1, 2
ORDER BY 1, 2

-- # fees as a share of volume
SELECT date_format(date_trunc('month', created), '%Y-%m') AS month,
  sum(fee) AS fees,
  sum(amount) AS volume,
  round(100.0 * sum(fee) / nullif(sum(amount), 0), 2) AS "fee share in %"
FROM balance_transactions
WHERE type = 'charge'
GROUP BY date_trunc('month', created)
ORDER BY month DESC

-- # what is pending by the day it becomes available
SELECT date(available_on) AS available, currency, sum(net) AS net
FROM balance_transactions
WHERE status = 'pending'
GROUP BY date(available_on), currency
ORDER BY available, currency

-- # running balance
WITH daily AS (
  SELECT date_trunc('day', created) AS day, currency, sum(net) AS net
  FROM balance_transactions
  GROUP BY 1, 2
)
SELECT day, currency, net,
  sum(net) OVER (PARTITION BY currency ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS balance
FROM daily
ORDER BY currency, day

-- # thirty days moving average
WITH daily AS (
  SELECT date_trunc('day', created) AS day, sum(fee) AS fee FROM balance_transactions GROUP BY 1
)
SELECT day, fee, avg(fee) OVER (ORDER BY day ROWS 29 PRECEDING) AS thirty_days
FROM daily
ORDER BY day

-- # transactions without a payout yet
SELECT bt.id, bt.created, bt.net
FROM balance_transactions AS bt
LEFT JOIN transfers AS t ON t.id = bt.automatic_transfer_id
WHERE t.id IS NULL AND bt.type NOT IN ('payout', 'adjustment')
ORDER BY bt.created, bt.id

-- # payout against what it holds
SELECT t.id, t.amount, sum(bt.net) AS held, t.amount - sum(bt.net) AS difference
FROM transfers t
JOIN balance_transactions bt ON bt.automatic_transfer_id = t.id
GROUP BY t.id, t.amount
HAVING t.amount <> sum(bt.net)
ORDER BY t.id

-- # largest single movements with their rank
SELECT * FROM (
  SELECT id, type, net, dense_rank() OVER (PARTITION BY type ORDER BY abs(net) DESC) AS place
  FROM balance_transactions
) AS ranked
WHERE place <= 3
ORDER BY type, place, id

-- # types that moved money in each of the last three months
SELECT type
FROM balance_transactions
WHERE created >= date_add('month', -3, date_trunc('month', data_load_time))
GROUP BY type
HAVING count(DISTINCT date_trunc('month', created)) >= 3
ORDER BY type

-- # gross, fees and net in one row each currency
SELECT currency,
  sum(CASE WHEN amount > 0 THEN amount ELSE 0 END) AS gross_in,
  sum(CASE WHEN amount < 0 THEN amount ELSE 0 END) AS gross_out,
  -sum(fee) AS fees,
  sum(net) AS net
FROM balance_transactions
GROUP BY currency
ORDER BY net DESC

-- # rollup of net by year and month
SELECT y, m, sum(net) AS net, grouping(y, m) AS level
FROM (SELECT year(created) AS y, month(created) AS m, net FROM balance_transactions) AS b
GROUP BY ROLLUP (y, m)
ORDER BY 1, 2

-- # cube over type and status
SELECT type, status, count(*) AS n
FROM balance_transactions
GROUP BY CUBE (type, status)
ORDER BY n DESC, type, status

-- # grouping sets with a level
SELECT type, currency, sum(net) AS net, grouping(type, currency) AS level
FROM balance_transactions
GROUP BY GROUPING SETS ((type, currency), (type), ())
ORDER BY level, type, currency

-- # days between creation and availability
SELECT type, approx_percentile(date_diff('day', created, available_on), 0.5) AS median_days,
  approx_percentile(date_diff('day', created, available_on), 0.95) AS slow_days
FROM balance_transactions
GROUP BY type
ORDER BY type

-- # a day with nothing is a row too
WITH days AS (
  SELECT day
  FROM UNNEST(sequence(DATE '2026-01-01', DATE '2026-01-31', INTERVAL '1' DAY)) AS t (day)
)
SELECT days.day, count(bt.id) AS entries, coalesce(sum(bt.net), 0) AS net
FROM days
LEFT JOIN balance_transactions AS bt ON date(bt.created) = days.day
GROUP BY days.day
ORDER BY days.day

-- # itemised with fees of the charge beside it
SELECT bt.id AS "Transaction", c.id AS "Charge", c.card_brand AS "Brand", bt.amount / 100.00 AS "Gross", bt.fee / 100.00 AS "Fee"
FROM balance_transactions bt
JOIN charges c ON c.balance_transaction_id = bt.id
WHERE bt.created BETWEEN TIMESTAMP '2026-10-01 00:00:00' AND TIMESTAMP '2026-10-31 23:59:59'
ORDER BY bt.created, bt.id

-- # fee details by type
SELECT bt.currency, d.type, sum(d.amount) AS amount
FROM balance_transaction_fee_details d
JOIN balance_transactions bt ON bt.id = d.balance_transaction_id
GROUP BY bt.currency, d.type

-- # interchange plus fees by network
SELECT network, fee_category, currency, sum(amount) AS amount
FROM (SELECT card_brand AS network, fee_category, currency, amount FROM icplus_fees WHERE activity_at >= DATE '2026-01-01') AS f
GROUP BY network, fee_category, currency
ORDER BY amount DESC

-- # in dollars by the rate of the day
WITH rates AS (
  SELECT date, CAST(json_parse(buy_currency_exchange_rates) AS map(varchar, double)) AS rate
  FROM exchange_rates_from_usd
)
SELECT date_trunc('month', bt.created) AS month, sum(bt.net / rates.rate[bt.currency]) AS usd_cents
FROM balance_transactions bt
JOIN rates ON rates.date = date(bt.created)
WHERE bt.currency IN ('usd', 'eur', 'gbp')
GROUP BY 1
ORDER BY 1

-- # major units by Sigma's own function
SELECT id, currency, decimalize_amount_no_display(currency, amount, 2) AS amount
FROM balance_transactions
ORDER BY created, id
LIMIT 20

-- # payout status over time zone
SELECT t.status, date(t.date AT TIME ZONE 'America/Los_Angeles') AS local_day, count(*) AS n
FROM transfers AS t
GROUP BY 1, 2
ORDER BY 2, 1

-- # first and last movement each month
SELECT date_trunc('month', created) AS month, min(created) AS first_at, max(created) AS last_at,
  min_by(id, created) AS first_id, max_by(id, created) AS last_id
FROM balance_transactions
GROUP BY 1
ORDER BY 1

-- # share of the total
SELECT type, sum(fee) AS fee, round(100.0 * sum(fee) / sum(sum(fee)) OVER (), 1) AS share
FROM balance_transactions
GROUP BY type
ORDER BY fee DESC

-- # values that are joined
SELECT v.label, count(bt.id) AS n
FROM (VALUES ('charge', 'Sales'), ('refund', 'Refunds'), ('payout', 'Payouts')) AS v (type, label)
LEFT JOIN balance_transactions bt ON bt.type = v.type
GROUP BY v.label
ORDER BY v.label
