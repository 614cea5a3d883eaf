-- # sums of sums over months
SELECT date_trunc('month', created) AS month, sum(amount) AS amount,
  sum(sum(amount)) OVER (ORDER BY date_trunc('month', created)) AS running,
  count(*) * 100.0 / sum(count(*)) OVER () AS share,
  rank() OVER (ORDER BY sum(amount) DESC) AS place
FROM charges GROUP BY date_trunc('month', created) ORDER BY 1

-- # a CTE that hides its table
WITH charges AS (SELECT id, amount / 100.0 AS amount, created FROM charges WHERE paid)
SELECT id, amount FROM charges WHERE amount > 10 ORDER BY created

-- # an alias that is a column, grouped by the column
SELECT date_trunc('day', created) AS created, count(*) AS n FROM charges GROUP BY date_trunc('day', created) ORDER BY created

-- # ordered by the expression that an alias hides
SELECT date_format(created, '%Y-%m') AS created, sum(amount) AS amount FROM charges
GROUP BY date_format(created, '%Y-%m') ORDER BY created DESC, sum(amount)

-- # whose column it is, said once
SELECT CASE WHEN c.status = 'failed' THEN 'f' ELSE c.currency END AS k, count(*) FROM charges c
GROUP BY CASE WHEN status = 'failed' THEN 'f' ELSE currency END

-- # rows in a list of rows
SELECT id FROM charges WHERE (currency, status) IN (('usd', 'succeeded'), ('eur', 'failed')) ORDER BY id LIMIT 3

-- # rows in a query of rows
SELECT id FROM charges WHERE (customer_id, created) IN (SELECT customer_id, max(created) FROM charges GROUP BY customer_id)

-- # larger than all of others
SELECT id FROM charges WHERE amount >= ALL (SELECT amount FROM charges WHERE currency = 'usd') ORDER BY 1

-- # intervals that are computed
SELECT id, start_date + quantity * INTERVAL '30' DAY AS until, current_period_end - current_period_start AS length
FROM subscriptions WHERE current_period_end - current_period_start > INTERVAL '27' DAY AND trial_end - INTERVAL '1' DAY * 3 > start_date
ORDER BY id

-- # intervals of two fields
SELECT INTERVAL '1-2' YEAR TO MONTH AS a, INTERVAL '1 02:03' DAY TO MINUTE AS b, current_date + INTERVAL '3' MONTH AS c
-- sandbox: refused cannot run this construct

-- # the mean of intervals
SELECT avg(captured_at - created) AS mean, max(captured_at - created) AS most, sum(captured_at - created) AS total,
 avg(to_unixtime(captured_at) - to_unixtime(created)) AS seconds, extract(day FROM max(captured_at - created)) AS days
FROM charges WHERE captured_at IS NOT NULL
-- sandbox: refused Unexpected parameters (interval) for function sum

-- # a scalar subquery beside a group
SELECT c.address_country, count(*) AS n, (SELECT count(*) FROM customers) AS every,
  (SELECT max(x.created) FROM customers x WHERE x.address_country = c.address_country) AS newest
FROM customers c GROUP BY c.address_country ORDER BY 1

-- # having with a subquery
SELECT customer_id, sum(amount) AS total FROM charges GROUP BY customer_id
HAVING sum(amount) > (SELECT avg(amount) * 3 FROM charges) ORDER BY total DESC, customer_id LIMIT 20

-- # having and no group
SELECT count(*) AS n, max(created) AS newest, data_load_time FROM charges HAVING count(*) > 0

-- # typed rows and their fields
SELECT r.who, r.amount FROM (
  SELECT CAST(ROW(customer_id, amount) AS ROW(who varchar, amount bigint)) AS r FROM charges
) ORDER BY r.amount DESC, r.who LIMIT 5

-- # lists that are ordered and cut
SELECT customer_id, slice(array_agg(amount ORDER BY created DESC), 1, 3) AS last_three,
  array_agg(DISTINCT currency) AS currencies, array_agg(amount ORDER BY created DESC)[1] AS newest
FROM charges WHERE customer_id IS NOT NULL GROUP BY customer_id ORDER BY customer_id

-- # max_by with a number
SELECT currency, max_by(id, amount, 3) AS top, min(amount, 2) AS least, max_by(id, (amount, created)) AS best
FROM charges GROUP BY currency ORDER BY currency

-- # percentiles by name
SELECT currency, p[1] AS median, p[2] AS p90, p[2] - p[1] AS spread FROM (
  SELECT currency, approx_percentile(amount, ARRAY[0.5, 0.9]) AS p FROM charges GROUP BY currency
) AS t ORDER BY currency

-- # JSON into typed maps
SELECT CAST(json_parse('{"a": 1.5}') AS map(varchar, double))['a'] AS a,
  CAST(json_extract('{"l": ["x", "y"]}', '$.l') AS array(varchar))[2] AS y,
  try_cast(json_extract_scalar('{"n": "7"}', '$.n') AS bigint) + 1 AS n,
  json_array_length(json_parse('[1, 2]')) AS len

-- # the standard's JSON
SELECT json_value('{"a": {"b": 3}}', 'lax $.a.b' RETURNING bigint) + 1 AS b,
  json_query('{"a": [1, 2]}', 'lax $.a' WITHOUT ARRAY WRAPPER) AS a, json_exists('{"a": 1}', 'lax $.a') AS there
-- sandbox: refused Function 'json_exists' not registered

-- # moments in every spelling
SELECT id FROM charges
WHERE created >= timestamp '2026-01-01' AND created < TIMESTAMP '2026-02-01 00:00:00.000 UTC'
  AND created <> timestamp '2026-01-03 10:15' AND created <= date '2026-12-31' AND created > cast('2025-12-31' as date)
  AND created >= from_iso8601_timestamp('2026-01-01T00:00:00Z') AND created < current_timestamp AND created < localtimestamp
ORDER BY id LIMIT 1

-- # literals of many types
SELECT bigint '5' + 1 AS a, decimal '1.50' AS b, double '1' * 2 AS c, real '1.5' AS d, char 'x' AS e, X'65' AS f, U&'caf\00e9' AS g, 1e3 AS h, .5 AS i

-- # trimmed, cut and found, by the standard
SELECT TRIM(BOTH ' ' FROM name) AS a, SUBSTRING(email FROM 1 FOR 3) AS b, POSITION('@' IN email) AS c, TRIM(LEADING FROM name) AS d, coalesce(nullif(trim(name), ''), 'n/a') AS e FROM customers ORDER BY email, name LIMIT 2

-- # months that are filled up
SELECT m.month, coalesce(sum(c.amount), 0) AS amount
FROM UNNEST(sequence(date_trunc('month', date '2026-01-01'), date '2026-06-01', INTERVAL '1' MONTH)) AS m (month)
LEFT JOIN charges c ON date_trunc('month', c.created) = m.month AND c.paid
GROUP BY m.month ORDER BY m.month

-- # lists and places
SELECT t.word, t.place, count(*) AS n FROM products CROSS JOIN UNNEST(split(lower(name), ' ')) WITH ORDINALITY AS t (word, place)
GROUP BY t.word, t.place ORDER BY n DESC, 1, 2

-- # several lists side by side
SELECT x, y FROM UNNEST(ARRAY['a', 'b'], ARRAY[1, 2, 3]) AS t (x, y) ORDER BY y

-- # keys of a histogram
SELECT k, v FROM (SELECT histogram(currency) AS h FROM charges) CROSS JOIN UNNEST(h) AS u (k, v) ORDER BY v DESC, k

-- # words as names
SELECT c.id AS "order", c.status AS first, c.currency AS last, 1 AS day, 2 AS "interval", 3 AS data, 4 AS row, 5 AS position, 6 AS level, 7 AS "group", 8 AS zone, 9 AS year FROM charges AS c ORDER BY "order" LIMIT 1

-- # joins by commas
SELECT ch.id, cu.email FROM charges ch, customers cu, invoices AS i
WHERE ch.customer_id = cu.id AND i.id = ch.invoice_id AND cu.delinquent = false ORDER BY ch.id

-- # USING twice
SELECT customer_id, count(*) AS n, sum(c.amount) AS charged, max(s.status) AS status
FROM charges c JOIN subscriptions s USING (customer_id) LEFT JOIN invoices USING (customer_id)
GROUP BY customer_id ORDER BY customer_id

-- # brackets around joins
SELECT c.id, p.name FROM (subscriptions s INNER JOIN prices pr ON pr.id = s.price_id) RIGHT JOIN (customers c CROSS JOIN products p) ON s.customer_id = c.id AND pr.product_id = p.id ORDER BY 1, 2 LIMIT 4

-- # nested WITH in a condition
SELECT id FROM customers WHERE id IN (WITH big AS (SELECT customer_id FROM charges WHERE amount > 5000) SELECT customer_id FROM big) ORDER BY id

-- # brackets around parts of a union, ordered in the end
(SELECT currency, sum(amount) AS total FROM charges GROUP BY currency ORDER BY total DESC LIMIT 3)
UNION ALL
(SELECT 'all', sum(amount) FROM charges)
UNION ALL SELECT NULL, 0
ORDER BY total DESC NULLS LAST, 1

-- # first rows with ties
SELECT id, amount FROM charges ORDER BY amount DESC OFFSET 2 ROWS FETCH NEXT 3 ROWS WITH TIES

-- # recursion
WITH RECURSIVE months (n, month) AS (
  SELECT 0, DATE '2026-01-01' UNION ALL SELECT n + 1, date_add('month', 1, month) FROM months WHERE n < 5
) SELECT n, month FROM months ORDER BY n

-- # frames by range and rows
SELECT id, sum(amount) OVER w AS seven_days, avg(amount) OVER (PARTITION BY currency ORDER BY created ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS mean,
  first_value(id) OVER w AS first_id, lag(amount, 1, 0) OVER (PARTITION BY currency ORDER BY created) AS before,
  lead(status) IGNORE NULLS OVER (PARTITION BY currency ORDER BY created) AS after
FROM charges
WINDOW w AS (PARTITION BY currency ORDER BY created RANGE BETWEEN INTERVAL '7' DAY PRECEDING AND CURRENT ROW)
ORDER BY id

-- # a filter and a frame
SELECT date(created) AS day, count(*) FILTER (WHERE paid) OVER (PARTITION BY currency) AS paid, sum(amount) FILTER (WHERE NOT paid) OVER () AS rest FROM charges ORDER BY 1, 2, 3

-- # grouping sets with their level
SELECT currency, status, grouping(currency, status) AS level, count(*) AS n FROM charges GROUP BY GROUPING SETS ((currency, status), (currency), ()) ORDER BY 3, 1, 2

-- # cube beside a key
SELECT date(created) AS day, currency, status, sum(amount) FROM charges GROUP BY date(created), CUBE (currency, status) ORDER BY 1, 2, 3

-- # grouped by a part of what is given
SELECT upper(currency) || '-' || cast(year(created) AS varchar) AS k, count(*) FROM charges GROUP BY upper(currency), year(created) ORDER BY 1

-- # grouped by a row
SELECT currency, status, count(*) FROM charges GROUP BY (currency, status) ORDER BY 1, 2

-- # distinct, ordered by its expression
SELECT DISTINCT date_trunc('month', c.created) AS month, c.currency FROM charges c ORDER BY date_trunc('month', created) DESC, currency

-- # is distinct from
SELECT count(*) FROM charges WHERE failure_code IS DISTINCT FROM 'card_declined' AND (dispute_id IS NOT DISTINCT FROM NULL) IS NOT NULL

-- # like with an escape
SELECT id FROM products WHERE name LIKE '%\_%' ESCAPE '\' OR name NOT LIKE 'A%' ORDER BY id

-- # reduce, filter, any_match on what was gathered
SELECT customer_id, reduce(array_agg(amount), 0, (s, x) -> s + x, s -> s) AS total,
 filter(array_agg(status), x -> x <> 'succeeded') AS bad, any_match(array_agg(currency), x -> x = 'usd') AS has_usd,
 transform(array_agg(amount ORDER BY created), x -> x / 100.0) AS major,
 cardinality(filter(array_agg(created), t -> t > date '2026-06-01')) AS recent
FROM charges GROUP BY customer_id ORDER BY customer_id

-- # a lambda that sees the columns around it
SELECT id, transform(ARRAY[1, 2, 3], n -> n * amount) AS multiples, array_sort(ARRAY[3, 1, 2], (a, b) -> IF(a < b, 1, -1)) AS down FROM charges ORDER BY id LIMIT 2
-- sandbox: refused has no equivalent

-- # rows of which the greatest is taken
SELECT customer_id, max(ROW(created, id))[2] AS newest FROM charges GROUP BY customer_id ORDER BY 1

-- # a list and an element
SELECT ARRAY[1, 2] || ARRAY[3] AS a, ARRAY[1, 2] || 3 AS b, 0 || ARRAY[1] AS c, array_join(ARRAY['a', NULL], ',', '-') AS d, concat(ARRAY[1], ARRAY[2], ARRAY[3]) AS e, element_at(ARRAY[1], -1) AS f
-- sandbox: refused Unexpected parameters (array(integer), integer) for function concat

-- # metadata from a map
SELECT c.id, m.data['plan'] AS plan, element_at(m.data, 'team') AS team FROM charges c
JOIN (SELECT charge_id, map_agg(key, value) AS data FROM charges_metadata GROUP BY charge_id HAVING count(*) = count(DISTINCT key)) m ON m.charge_id = c.id
WHERE contains(map_keys(m.data), 'plan') ORDER BY c.id

-- # booleans as numbers
SELECT currency, sum(IF(paid, 1, 0)) AS a, sum(CAST(refunded AS integer)) AS b, avg(CASE WHEN paid THEN 1.0 ELSE 0 END) AS c, every(paid) AS d, count_if(NOT paid OR paid IS NULL) AS e, bool_or(paid = (status = 'succeeded')) AS f
FROM charges WHERE paid IN (true, false) GROUP BY 1 ORDER BY 1

-- # zones, by function and by operator
SELECT date(created AT TIME ZONE 'America/New_York') AS day, date_trunc('day', at_timezone(created, 'Europe/Berlin')) AS berlin,
  created AT TIME ZONE INTERVAL '2' HOUR AS plus_two, hour(created AT TIME ZONE '+05:30') AS h, with_timezone(created, 'UTC') AS utc,
  CAST(created AT TIME ZONE 'Asia/Tokyo' AS timestamp) AS wall, CAST(created AS time) AS clock
FROM charges ORDER BY created LIMIT 3
-- sandbox: refused Unexpected parameters (interval, timestamp with time zone) for function timezone

-- # counted as rows
SELECT count(DISTINCT (currency, status)) AS a, count(DISTINCT ROW(currency)) AS b, count(1) AS c, count('x') AS d, approx_distinct(customer_id, 0.01) AS e, count(DISTINCT CASE WHEN paid THEN customer_id END) AS f FROM charges

-- # CASE of numbers of many kinds
SELECT CASE currency WHEN 'jpy' THEN amount WHEN 'kwd' THEN amount / 1000.0 ELSE amount / 1e2 END AS v, IF(paid, amount) AS w, coalesce(amount_refunded, 0.0) AS x, greatest(amount, 0.5, amount_refunded) AS y, coalesce(captured_at, created, data_load_time, date '2026-01-01') AS z, nullif(amount, 0.0) AS q
FROM charges ORDER BY 1, 2, 3, 4, 5

-- # texts that look like dates
SELECT date_format(created, '%Y-%m-%d') AS day, count(*) FROM charges WHERE date_format(created, '%Y-%m-%d') >= '2026-01-01' AND cast(created AS varchar) LIKE '2026%' GROUP BY 1 HAVING date_format(min(created), '%Y') = '2026' ORDER BY 1

-- # a table of its own, joined
SELECT t.code, t.name, count(c.id) AS n FROM (VALUES ('usd', 'Dollar', 2), ('jpy', 'Yen', 0)) AS t (code, name, digits) LEFT JOIN charges AS c ON c.currency = t.code GROUP BY t.code, t.name ORDER BY 1

-- # exists, correlated twice
SELECT c.id FROM customers c WHERE EXISTS (SELECT 1 FROM charges ch WHERE ch.customer_id = c.id AND EXISTS (SELECT * FROM refunds r WHERE r.charge_id = ch.id AND r.amount <= ch.amount AND r.created > c.created)) ORDER BY c.id

-- # anti join by what is missing
SELECT c.id FROM customers c LEFT JOIN charges ch ON ch.customer_id = c.id AND ch.created > date_add('day', -90, data_load_time) WHERE ch.id IS NULL ORDER BY 1

-- # an outer column in an aggregate's neighbour
SELECT cu.id, (SELECT sum(ch.amount) - coalesce(cu.account_balance, 0) FROM charges ch WHERE ch.customer_id = cu.id) AS owed FROM customers cu ORDER BY 1

-- # lateral, twice
SELECT c.id, l.amount, k.n FROM customers c CROSS JOIN LATERAL (SELECT max(amount) AS amount FROM charges WHERE customer_id = c.id) AS l CROSS JOIN LATERAL (SELECT l.amount / 100 AS n) AS k ORDER BY 1

-- # texts of other alphabets and quotes
SELECT 'it''s' AS a, '日本' AS "名前", 'a;b' AS c, '--no comment' AS d, "x y" FROM (SELECT 1 AS "x y") -- end; of it
/* ; */

-- # sampled
SELECT count(*) FROM charges TABLESAMPLE BERNOULLI (50)

-- # ordered by what is not selected, and by an alias in an expression
SELECT c.id, amount - amount_refunded AS net FROM charges AS c ORDER BY abs(net) DESC, c.created, lower(c.currency)

-- # window over window input by a subquery
SELECT * FROM (SELECT customer_id, created, row_number() OVER (PARTITION BY customer_id ORDER BY created) AS n FROM charges) AS numbered WHERE n = 1 ORDER BY 1

-- # union of whole tables' columns by position
SELECT id, created, 'refund' AS kind, -amount AS amount FROM refunds UNION SELECT id, created, cast(NULL AS varchar), amount FROM disputes INTERSECT SELECT id, created, 'x', amount FROM disputes EXCEPT SELECT '', NULL, NULL, 1.5 FROM disputes

-- # usd by a rate in JSON
WITH rates AS (
  SELECT date, cast(json_parse(buy_currency_exchange_rates) AS map(varchar, double)) AS rate FROM exchange_rates_from_usd
)
SELECT b.id, b.amount / coalesce(r.rate[b.currency], 1) AS usd FROM balance_transactions b LEFT JOIN rates r ON r.date = date(b.created) - INTERVAL '1' DAY ORDER BY 1

-- # a sequence of days joined into weeks
SELECT date_trunc('week', d) AS week, count(*) AS days, min(d) AS first_day, format('%s – %s', min(d), max(d)) AS span, day_of_week(max(d)) AS last
FROM UNNEST(sequence(current_date - INTERVAL '30' DAY, current_date)) AS t (d) GROUP BY 1 ORDER BY 1

-- # decimalized by Sigma
SELECT currency, decimalize_amount_no_display(currency, sum(amount), 2) AS gross, decimalize_amount(currency, sum(amount - fee), 2) AS net FROM balance_transactions GROUP BY 1 ORDER BY 1

-- # ratio of counts
SELECT count_if(paid) * 1.0 / nullif(count(*), 0) AS a, round(100.0 * sum(amount_refunded) / sum(amount), 2) AS b, cast(sum(amount) AS decimal(18, 2)) / 100 AS c, try(sum(amount) / 0) AS d, format_number(sum(amount)) AS e FROM charges
-- sandbox: refused Function 'format_number' not registered

-- # match_recognize
SELECT * FROM charges MATCH_RECOGNIZE (
  PARTITION BY customer_id ORDER BY created
  MEASURES A.id AS first_id, last(B.amount) AS last_amount, count(*) AS n, classifier() AS c
  ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
  PATTERN (A B+) DEFINE B AS B.amount > prev(B.amount) AND B.paid
) AS m ORDER BY first_id
-- sandbox: refused cannot run this construct

-- # match_recognize, its columns named and grouped
SELECT m.customer_id, count(*) AS runs, sum(m.n) AS n FROM charges MATCH_RECOGNIZE (
  PARTITION BY customer_id ORDER BY created MEASURES count(*) AS n PATTERN (A{2,}) DEFINE A AS status = 'failed'
) AS m WHERE n > 1 GROUP BY m.customer_id
-- sandbox: refused cannot run this construct

-- # a date column against a timestamp
SELECT e.date, count(*) FROM exchange_rates_from_usd e JOIN charges c ON c.created >= e.date AND c.created < e.date + INTERVAL '1' DAY GROUP BY e.date

-- # the difference of two moments in a condition
SELECT id FROM charges WHERE captured_at - created BETWEEN INTERVAL '0' SECOND AND INTERVAL '1' HOUR AND current_timestamp - created > INTERVAL '2' DAY AND date(created) - date '2026-01-01' > INTERVAL '0' DAY AND current_date - created > INTERVAL '1' DAY ORDER BY id

-- # windows in order by
SELECT id, amount FROM charges ORDER BY row_number() OVER (PARTITION BY currency ORDER BY amount DESC), id

-- # listagg with all its parts
SELECT customer_id, listagg(DISTINCT currency, ', ' ON OVERFLOW TRUNCATE '…' WITH COUNT) WITHIN GROUP (ORDER BY currency) AS currencies FROM charges GROUP BY 1 ORDER BY 1

-- # digests
SELECT currency, value_at_quantile(tdigest_agg(CAST(amount AS double)), 0.5) AS m, cardinality(approx_set(customer_id)) AS n, map_keys(numeric_histogram(4, amount)) AS h, checksum(id) AS c, geometric_mean(amount) AS g FROM charges GROUP BY 1
-- sandbox: refused Function 'value_at_quantile' not registered

-- # hashes
SELECT to_hex(sha256(to_utf8(lower(trim(email))))) AS h, lower(to_hex(md5(to_utf8(email)))) AS m, from_utf8(from_base64('YQ==')) AS a, xxhash64(to_utf8(email)) AS x FROM customers ORDER BY 1
-- sandbox: refused Function 'xxhash64' not registered

-- # count over distinct days of the week
SELECT format_datetime(created, 'EEEE') AS weekday, extract(dow FROM created) AS dow, hour(created) AS hour, count(*) FROM charges GROUP BY format_datetime(created, 'EEEE'), extract(dow FROM created), hour(created) ORDER BY 2, 3

-- # everything quoted
SELECT "c"."id", "c"."amount" AS "Amount ($)" FROM "charges" AS "c" WHERE "c"."currency" = 'usd' GROUP BY "c"."id", "c"."amount" ORDER BY "Amount ($)"

-- # upper case all of it
SELECT COUNT(*) AS N, C.CURRENCY, DATE_TRUNC('MONTH', C.CREATED) AS MONTH FROM CHARGES C WHERE C.STATUS <> 'failed' GROUP BY C.CURRENCY, DATE_TRUNC('MONTH', C.CREATED) ORDER BY N DESC, MONTH, CURRENCY
