-- # active subscriptions by price
SELECT p.nickname, p.recurring_interval AS "interval", count(*) AS subscriptions, sum(s.quantity) AS seats
FROM subscriptions s
JOIN prices p ON p.id = s.price_id
WHERE s.status IN ('active', 'past_due')
GROUP BY p.nickname, p.recurring_interval
ORDER BY subscriptions DESC, 1

-- # monthly recurring revenue now
SELECT s.currency, sum(s.unit_amount * s.quantity / s.months) AS mrr
FROM (
  SELECT p.currency, p.unit_amount, subs.quantity, IF(p.recurring_interval = 'year', 12, 1) AS months
  FROM subscriptions AS subs JOIN prices AS p ON p.id = subs.price_id
  WHERE subs.status = 'active'
) AS s
GROUP BY s.currency
ORDER BY s.currency

-- # revenue by movement, month by month
SELECT date_trunc('month', local_event_timestamp) AS month, event_type, currency, sum(mrr_change) AS change
FROM subscription_item_change_events
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- # recurring revenue at the end of each month
WITH changes AS (
  SELECT date_trunc('month', event_timestamp) AS month, sum(mrr_change) AS change
  FROM subscription_item_change_events
  GROUP BY 1
)
SELECT month, change, sum(change) OVER (ORDER BY month) AS mrr FROM changes ORDER BY month

-- # churn
WITH ended AS (
  SELECT date_trunc('month', ended_at) AS month, count(*) AS n FROM subscriptions WHERE ended_at IS NOT NULL GROUP BY 1
), begun AS (
  SELECT date_trunc('month', start_date) AS month, count(*) AS n FROM subscriptions GROUP BY 1
)
SELECT coalesce(begun.month, ended.month) AS month, coalesce(begun.n, 0) AS begun, coalesce(ended.n, 0) AS ended
FROM begun
FULL OUTER JOIN ended ON ended.month = begun.month
ORDER BY 1

-- # how long subscriptions live
SELECT approx_percentile(date_diff('day', start_date, ended_at), ARRAY[0.25, 0.5, 0.75]) AS quartiles
FROM subscriptions
WHERE ended_at IS NOT NULL

-- # trials that became paying
SELECT count(*) AS trials, count_if(status = 'active') AS active, count_if(ended_at < trial_end) AS left_in_trial
FROM subscriptions
WHERE trial_end IS NOT NULL

-- # open invoices by age
SELECT CASE WHEN date_diff('day', due_date, data_load_time) > 60 THEN 'over 60'
            WHEN date_diff('day', due_date, data_load_time) > 30 THEN 'over 30'
            ELSE 'not yet' END AS age,
  count(*) AS invoices, sum(amount_remaining) AS open
FROM invoices
WHERE status = 'open'
GROUP BY 1
ORDER BY 1

-- # invoices and their lines
SELECT i.number, i.total, sum(l.amount) AS lines, i.tax
FROM invoices i
JOIN invoice_line_items l ON l.invoice_id = i.id
GROUP BY i.number, i.total, i.tax
ORDER BY i.number
LIMIT 50

-- # invoices of which lines and total differ
SELECT i.id FROM invoices i
WHERE i.subtotal <> (SELECT sum(l.amount) FROM invoice_line_items l WHERE l.invoice_id = i.id)

-- # revenue by product
SELECT pr.name AS "Product", date_format(il.period_start, '%Y') AS "Year", sum(il.amount) / 100 AS "Revenue"
FROM invoice_line_items il
JOIN prices p ON p.id = il.price_id
JOIN products pr ON pr.id = p.product_id
GROUP BY pr.name, date_format(il.period_start, '%Y')
ORDER BY "Product", "Year"

-- # revenue spread over the months that it is for
WITH lines AS (
  SELECT id, amount, date(period_start) AS from_day, date(period_end) AS to_day FROM invoice_line_items
)
SELECT date_trunc('month', day) AS month, sum(amount * 1e0 / date_diff('day', from_day, to_day)) AS recognised
FROM lines
CROSS JOIN UNNEST(sequence(from_day, to_day - INTERVAL '1' DAY, INTERVAL '1' DAY)) AS d (day)
WHERE to_day > from_day
GROUP BY 1
ORDER BY 1

-- # days until paid
SELECT date_trunc('quarter', date) AS quarter, avg(date_diff('hour', date, due_date)) / 24.0 AS days
FROM invoices
WHERE paid
GROUP BY 1
ORDER BY 1

-- # coupons that are in use
SELECT c.id, c.percent_off, c.amount_off, count(d.id) AS uses
FROM coupons c
LEFT JOIN discounts d ON d.coupon_id = c.id
WHERE c.valid AND (c.redeem_by IS NULL OR c.redeem_by > current_timestamp)
GROUP BY c.id, c.percent_off, c.amount_off

-- # credit notes by reason
SELECT reason, currency, count(*) AS n, sum(total) AS total FROM credit_notes WHERE voided_at IS NULL GROUP BY reason, currency

-- # plans and what they were called
SELECT id, "interval", interval_count, amount FROM plans ORDER BY id

-- # discounts that end soon
SELECT customer_id, coupon_id, "end" FROM discounts WHERE "end" BETWEEN now() AND now() + INTERVAL '14' DAY ORDER BY "end"

-- # usage of metered items
SELECT subscription_item_id, date_trunc('month', period_start) AS month, sum(total_usage) AS used FROM usage_record_summaries GROUP BY 1, 2

-- # tax collected by country
SELECT c.address_country, sum(i.tax) AS tax FROM invoices i JOIN customers c ON c.id = i.customer_id WHERE i.paid GROUP BY 1 ORDER BY 2 DESC, 1

-- # the newest invoice of each customer
SELECT customer_id, max_by(number, date) AS number, max(date) AS at FROM invoices GROUP BY customer_id ORDER BY customer_id

-- # teams by metadata
SELECT m.value AS team, count(*) AS n, count(s.ended_at) AS ended
FROM subscriptions_metadata m
JOIN subscriptions s ON s.id = m.subscription_id
WHERE m.key = 'team'
GROUP BY m.value
ORDER BY m.value

-- # yearly and monthly beside one another
SELECT currency,
  sum(unit_amount) FILTER (WHERE recurring_interval = 'year') AS yearly,
  sum(unit_amount) FILTER (WHERE recurring_interval = 'month') AS monthly
FROM prices
GROUP BY currency

-- # upcoming renewals
SELECT date(current_period_end) AS renews, count(*) AS n
FROM subscriptions
WHERE status = 'active' AND current_period_end < data_load_time + INTERVAL '7' DAY AND NOT cancel_at_period_end
GROUP BY date(current_period_end)
ORDER BY renews

-- # using joins by name
SELECT subscription_id, count(*) AS n
FROM (SELECT id AS subscription_id FROM subscriptions) AS s
JOIN subscription_items USING (subscription_id)
GROUP BY subscription_id
ORDER BY n DESC, subscription_id

-- # lateral
SELECT s.id, newest.number
FROM subscriptions s
CROSS JOIN LATERAL (SELECT max(number) AS number FROM invoices WHERE subscription_id = s.id) AS newest
ORDER BY s.id

-- # from a start to each month after it
WITH RECURSIVE months (m) AS (
  SELECT DATE '2026-01-01'
  UNION ALL
  SELECT m + INTERVAL '1' MONTH FROM months WHERE m < DATE '2026-06-01'
)
SELECT count(*) AS n FROM months
