-- # success rate by card brand
SELECT card_brand, count(*) AS attempts, count_if(paid) AS paid,
  round(100.0 * count_if(paid) / count(*), 1) AS rate
FROM charges
GROUP BY card_brand
ORDER BY attempts DESC, card_brand

-- # declines by reason, the share of each
WITH failed AS (
  SELECT failure_code, count(*) AS n FROM charges WHERE status = 'failed' GROUP BY failure_code
)
SELECT failure_code, n, n * 1.0 / sum(n) OVER () AS share
FROM failed
ORDER BY n DESC, failure_code

-- # charges of one day in the shop's time zone
SELECT id, amount, created AT TIME ZONE 'Europe/Berlin' AS local_time
FROM charges
WHERE date(created AT TIME ZONE 'Europe/Berlin') = DATE '2026-10-15'
ORDER BY created, id

-- # refunds within a week of the charge
SELECT c.id, r.id AS refund_id, date_diff('hour', c.created, r.created) AS hours
FROM refunds r
JOIN charges c ON c.id = r.charge_id
WHERE r.created < c.created + INTERVAL '7' DAY
ORDER BY hours, r.id

-- # customers whose first charge failed
WITH numbered AS (
  SELECT customer_id, status, row_number() OVER (PARTITION BY customer_id ORDER BY created) AS n FROM charges
)
SELECT customer_id FROM numbered WHERE n = 1 AND status = 'failed' ORDER BY customer_id

-- # recovered within three tries
WITH tries AS (
  SELECT invoice_id, status, created,
    lead(status) OVER (PARTITION BY invoice_id ORDER BY created) AS next_status,
    lag(status, 1, 'none') OVER (PARTITION BY invoice_id ORDER BY created) AS last_status
  FROM charges
  WHERE invoice_id IS NOT NULL
)
SELECT last_status, status, next_status, count(*) AS n
FROM tries
GROUP BY last_status, status, next_status
ORDER BY n DESC, 1, 2, 3

-- # amounts in buckets
SELECT CASE
    WHEN amount < 1000 THEN 'below 10'
    WHEN amount < 10000 THEN '10 to 100'
    ELSE 'above'
  END AS bucket,
  count(*) AS n
FROM charges
GROUP BY 1
ORDER BY 1

-- # width buckets
SELECT width_bucket(amount, 0, 100000, 10) AS bucket, count(*) AS n FROM charges GROUP BY 1 ORDER BY 1

-- # disputes and how they ended
SELECT d.reason, count(*) AS n, count_if(d.status = 'won') AS won, sum(d.amount) FILTER (WHERE d.status = 'lost') AS lost_amount
FROM disputes AS d
GROUP BY d.reason
ORDER BY n DESC, d.reason

-- # dispute rate by country
SELECT c.card_country, 1e2 * count(d.id) / count(*) AS rate
FROM charges c
LEFT JOIN disputes d ON d.charge_id = c.id
WHERE c.paid AND NOT c.refunded
GROUP BY c.card_country
HAVING count(*) > 50
ORDER BY rate DESC

-- # metadata as columns
SELECT c.id, c.amount, m.value AS channel
FROM charges c
LEFT JOIN charges_metadata m ON m.charge_id = c.id AND m.key = 'channel'
ORDER BY c.created, c.id

-- # metadata pivoted by max
SELECT charge_id,
  max(CASE WHEN key = 'channel' THEN value END) AS channel,
  max(CASE WHEN key = 'campaign' THEN value END) AS campaign
FROM charges_metadata
GROUP BY charge_id
ORDER BY charge_id

-- # metadata as a map
WITH m AS (SELECT charge_id, map_agg(key, value) AS meta FROM charges_metadata GROUP BY charge_id)
SELECT meta['channel'] AS channel, element_at(meta, 'nothing') AS nothing, count(*) AS n
FROM m
GROUP BY 1, 2
ORDER BY n DESC

-- # payment intents that needed more than one charge
SELECT pi.id, count(c.id) AS charges
FROM payment_intents pi
JOIN charges c ON c.payment_intent_id = pi.id
GROUP BY pi.id
HAVING count(c.id) > 1

-- # connected accounts of a platform
SELECT a.business_name, date_trunc('month', c.created) AS month, sum(c.amount) AS volume
FROM connected_account_charges AS c
LEFT JOIN accounts AS a ON a.id = c.account
WHERE c.paid
GROUP BY 1, 2
ORDER BY 2, 1

-- # regular expressions on descriptors
SELECT regexp_extract(description, '^(\w+)', 1) AS first_word, count(*) AS n
FROM charges
WHERE description IS NOT NULL AND regexp_like(lower(description), 'order|update')
GROUP BY 1
ORDER BY n DESC

-- # split and count words
SELECT word, count(*) AS n
FROM charges
CROSS JOIN UNNEST(split(description, ' ')) AS t (word)
GROUP BY word
ORDER BY n DESC, word
LIMIT 10

-- # words with their places
SELECT word, place, count(*) AS n
FROM charges
CROSS JOIN UNNEST(split(description, ' ')) WITH ORDINALITY AS t (word, place)
GROUP BY word, place
ORDER BY n DESC, word, place

-- # amounts as a list through lambdas
SELECT customer_id,
  cardinality(filter(array_agg(amount), a -> a > 10000)) AS large,
  reduce(array_agg(amount), 0, (s, a) -> s + a, s -> s) AS total,
  transform(slice(array_agg(amount ORDER BY created), 1, 3), a -> a / 100) AS first_three
FROM charges
WHERE customer_id IS NOT NULL
GROUP BY customer_id
ORDER BY total DESC, customer_id

-- # pairs by zip_with
SELECT zip_with(array_agg(amount ORDER BY created), array_agg(amount_refunded ORDER BY created), (a, r) -> a - r) AS kept
FROM charges
WHERE customer_id IS NOT NULL
GROUP BY customer_id
ORDER BY customer_id

-- # the currencies of each customer
SELECT customer_id, array_join(array_sort(array_distinct(array_agg(currency))), ', ') AS currencies, listagg(DISTINCT currency, '/') WITHIN GROUP (ORDER BY currency) AS listed
FROM charges
GROUP BY customer_id
ORDER BY customer_id

-- # risk against outcome
SELECT outcome_risk_level, outcome_type, approx_distinct(customer_id) AS customers, avg(outcome_risk_score) AS score
FROM charges
GROUP BY outcome_risk_level, outcome_type
ORDER BY 1, 2

-- # hours of the week
SELECT day_of_week(created) AS weekday, hour(created) AS hour, count(*) AS n
FROM charges
GROUP BY day_of_week(created), hour(created)
ORDER BY weekday, hour

-- # with a filter on what is not there
SELECT c.id FROM charges c WHERE NOT EXISTS (SELECT 1 FROM refunds r WHERE r.charge_id = c.id) AND c.refunded ORDER BY c.id

-- # in a subquery, and not in one
SELECT count(*) AS n FROM charges
WHERE customer_id IN (SELECT id FROM customers WHERE delinquent)
  AND id NOT IN (SELECT charge_id FROM disputes WHERE charge_id IS NOT NULL)

-- # larger than all refunds
SELECT count(*) AS n FROM charges WHERE amount > ALL (SELECT amount FROM refunds)

-- # the average beside each row
SELECT id, amount, amount - avg(amount) OVER (PARTITION BY currency) AS above
FROM charges
ORDER BY above DESC, id
OFFSET 5 ROWS
FETCH FIRST 10 ROWS ONLY

-- # union of money in and money out
SELECT created, 'charge' AS what, amount FROM charges WHERE paid
UNION ALL
SELECT created, 'refund', -amount FROM refunds
UNION ALL
SELECT created, 'dispute', -amount FROM disputes
ORDER BY created, what, amount

-- # charges that were refunded, as sets
SELECT id FROM charges INTERSECT SELECT charge_id FROM refunds ORDER BY id

-- # a named window
SELECT customer_id, created, amount, sum(amount) OVER w AS so_far, count(*) OVER w AS n
FROM charges
WINDOW w AS (PARTITION BY customer_id ORDER BY created)
ORDER BY customer_id, created

-- # last known country, NULLs ignored
SELECT customer_id, created,
  last_value(card_country) IGNORE NULLS OVER (PARTITION BY customer_id ORDER BY created ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS country
FROM charges
ORDER BY customer_id, created

-- # patterns of a decline that is followed by a success
SELECT * FROM charges
MATCH_RECOGNIZE (
  PARTITION BY customer_id ORDER BY created
  MEASURES A.id AS failed, LAST(B.id) AS paid, count(*) AS steps
  ONE ROW PER MATCH
  AFTER MATCH SKIP PAST LAST ROW
  PATTERN (A+ B)
  DEFINE A AS status = 'failed', B AS status = 'succeeded'
)
-- sandbox: refused the sandbox cannot run this construct

-- # URLs and hashes
SELECT url_extract_host('https://dashboard.stripe.com/payments/' || id) AS host, to_hex(md5(to_utf8(id))) AS digest
FROM charges
ORDER BY id
LIMIT 3

-- # how text is cut
SELECT id, substr(id, 4) AS tail, split_part(id, '_', 1) AS prefix, lpad(CAST(card_last4 AS varchar), 8, '*') AS card, upper(currency) AS currency, length(description) AS letters, strpos(description, 'Order') AS at
FROM charges
ORDER BY id
LIMIT 5

-- # IF, TRY, NULLIF and friends
SELECT IF(amount > 1000, 'large', 'small') AS size, TRY(amount / nullif(amount_refunded, 0)) AS times, coalesce(description, failure_message, '') AS words, greatest(amount, amount_refunded) AS most, TRY_CAST(card_last4 AS bigint) AS last4
FROM charges
ORDER BY id
LIMIT 5
