-- # a waterfall of recurring revenue
WITH params AS (SELECT DATE '2026-01-01' AS from_day, DATE '2026-06-30' AS to_day),
calendar AS (SELECT CAST(d AS date) AS day FROM params CROSS JOIN UNNEST(sequence(from_day, to_day, INTERVAL '1' DAY)) AS c(d)),
moves AS (
  SELECT DATE(local_event_timestamp) AS day, currency, customer_id, sum(mrr_change) AS delta
  FROM subscription_item_change_events GROUP BY 1, 2, 3),
running AS (
  SELECT day, currency, customer_id, delta,
    sum(delta) OVER (PARTITION BY customer_id, currency ORDER BY day) AS after_move,
    coalesce(sum(delta) OVER (PARTITION BY customer_id, currency ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before_move
  FROM moves),
kinds AS (
  SELECT day, currency,
    sum(CASE WHEN before_move = 0 AND after_move > 0 THEN delta ELSE 0 END) AS fresh,
    sum(CASE WHEN before_move > 0 AND after_move > before_move THEN delta ELSE 0 END) AS expansion,
    sum(CASE WHEN before_move > after_move AND after_move > 0 THEN delta ELSE 0 END) AS contraction,
    sum(CASE WHEN after_move = 0 THEN delta ELSE 0 END) AS churn
  FROM running GROUP BY day, currency)
SELECT c.day, k.currency, k.fresh / 100.0 AS fresh, k.expansion / 100.0 AS expansion, k.contraction / 100.0 AS contraction, k.churn / 100.0 AS churn
FROM calendar c LEFT JOIN kinds k ON k.day = c.day
ORDER BY c.day DESC, k.currency NULLS FIRST

-- # a map that is added up
SELECT customer_id, map_agg(id, amount) AS m,
  reduce(map_values(map_agg(id, amount)), CAST(0 AS bigint), (acc, v) -> acc + v, acc -> acc) AS total
FROM charges WHERE customer_id IS NOT NULL GROUP BY customer_id

-- # words made titles by a lambda
SELECT id, transform(split(statement_descriptor, ' '), w -> upper(substr(w, 1, 1)) || lower(substr(w, 2))) AS title FROM charges ORDER BY id

-- # two lists zipped into texts
SELECT zip_with(ARRAY[1, 3, 5], ARRAY['a', 'b', 'c'], (n, s) -> s || CAST(n AS varchar)) AS z

-- # places by quoted names
SELECT u."Item", u."No" FROM (VALUES ARRAY['x', 'y', 'z']) AS v(l) CROSS JOIN UNNEST(v.l) WITH ORDINALITY AS u("Item", "No") ORDER BY u."No" DESC

-- # failures until a success, matched
SELECT customer_id, started, fails FROM charges MATCH_RECOGNIZE (
 PARTITION BY customer_id ORDER BY created
 MEASURES FIRST(F.created) AS started, count(F.*) AS fails, LAST(S.amount) AS recovered
 ONE ROW PER MATCH AFTER MATCH SKIP TO NEXT ROW
 PATTERN (F+ S) DEFINE F AS F.status = 'failed', S AS S.status = 'succeeded') ORDER BY started
-- sandbox: refused the sandbox cannot run this construct of Trino's: MATCH_RECOGNIZE

-- # rises and falls, all rows of a match
SELECT id, cls, mn FROM charges MATCH_RECOGNIZE (
 PARTITION BY currency ORDER BY created ASC
 MEASURES CLASSIFIER() AS cls, MATCH_NUMBER() AS mn, RUNNING sum(UP.amount) AS s
 ALL ROWS PER MATCH WITH UNMATCHED ROWS
 AFTER MATCH SKIP PAST LAST ROW
 PATTERN ((UP | DOWN){2,4}? LEVEL*)
 SUBSET ANYMOVE = (UP, DOWN)
 DEFINE UP AS amount > PREV(amount), DOWN AS amount < PREV(amount, 1), LEVEL AS amount = PREV(LAST(ANYMOVE.amount), 1)) AS m
-- sandbox: refused the sandbox cannot run this construct of Trino's: MATCH_RECOGNIZE

-- # what came last, without what is missing
SELECT id, last_value(failure_code) IGNORE NULLS OVER (PARTITION BY customer_id ORDER BY created ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS last_fail,
 nth_value(amount, 2) OVER (PARTITION BY customer_id ORDER BY created) AS second_amount, lag(amount, 2) RESPECT NULLS OVER (ORDER BY created) AS l2 FROM charges

-- # a day in two zones, one behind the other
SELECT date_trunc('day', created AT TIME ZONE 'UTC' AT TIME ZONE 'America/Los_Angeles') AS d, count(*) AS n FROM charges GROUP BY 1 ORDER BY 1

-- # a map written out, asked by a column
SELECT MAP(ARRAY['usd', 'eur'], ARRAY[1.0, 1.1])[currency] * amount AS x FROM charges WHERE currency IN ('usd', 'eur')

-- # digits of a currency, out of a map
SELECT currency, coalesce(element_at(MAP(ARRAY['usd','jpy'], ARRAY[2, 0]), currency), 2) AS digits, count(*) FROM charges GROUP BY 1, 2

-- # whole days and months between
SELECT date_diff('day', start_date, coalesce(ended_at, data_load_time)) AS days, date_diff('month', created, TIMESTAMP '2026-10-01 00:00:00') AS months FROM subscriptions ORDER BY 1

-- # totals by grouping sets, named by IF
SELECT coalesce(currency, 'ALL') AS currency, IF(GROUPING(type) = 1, 'ALL', type) AS kind, sum(net) AS net FROM balance_transactions GROUP BY GROUPING SETS ((currency, type), (currency), (type), ()) ORDER BY 1, 2

-- # a rollup of quarters
SELECT year(created) AS y, quarter(created) AS q, sum(amount) FROM charges GROUP BY ROLLUP (year(created), quarter(created)) ORDER BY y NULLS LAST, q NULLS LAST

-- # TRY of what may not be cast
SELECT TRY(CAST(statement_descriptor AS bigint)) AS n, try_cast('12a' AS integer) AS i, TRY(date_parse(description, '%Y-%m-%d')) AS d FROM charges LIMIT 5

-- # JSON in JSON
SELECT json_extract_scalar(json_parse('{"a":{"b":[1,2,{"c":"x"}]}}'), '$.a.b[2].c') AS c, json_array_length(json_extract('{"a":[1,2]}', '$.a')) AS n, json_size('{"a":1}', '$') AS s, CAST(json_parse('[1,2,3]') AS ARRAY(integer)) AS arr
-- sandbox: refused Function 'json_size' not registered

-- # a field of a row out of JSON
SELECT CAST(CAST(json_parse('{"x": 1, "y": "b"}') AS ROW(x bigint, y varchar)).x + 1 AS varchar) AS r

-- # percentiles, weighted too
SELECT currency, approx_percentile(amount, ARRAY[0.25, 0.5, 0.75]) AS q, approx_percentile(amount, outcome_risk_score, 0.5) AS w, approx_percentile(CAST(amount AS double), 0.99) AS p99 FROM charges GROUP BY currency
-- sandbox: refused the sandbox knows no weights in approx_percentile

-- # a list of what failed
SELECT customer_id, array_agg(id ORDER BY created DESC) FILTER (WHERE status = 'failed') AS failed_ids, count(*) FILTER (WHERE paid AND NOT refunded) AS ok FROM charges GROUP BY customer_id

-- # amounts as one text
SELECT customer_id, LISTAGG(CAST(amount AS varchar), '; ') WITHIN GROUP (ORDER BY created, id) AS amounts FROM charges GROUP BY customer_id

-- # the second field of a row
SELECT ROW(1, 'two', 3.0)[2] AS two

-- # VALUES by themselves
VALUES (1, 'a', DATE '2026-01-01'), (2, NULL, NULL), (3, 'c', current_date)

-- # a table by itself
TABLE products

-- # factorials by recursion
WITH RECURSIVE fact(n, f) AS (VALUES (1, CAST(1 AS bigint)) UNION ALL SELECT n + 1, f * (n + 1) FROM fact WHERE n < 10) SELECT n, f FROM fact

-- # all of an intersection
(SELECT customer_id FROM charges WHERE paid EXCEPT DISTINCT SELECT customer_id FROM subscriptions) INTERSECT ALL SELECT id FROM customers

-- # the biggest of each, by a correlated query
SELECT c.id, (SELECT max_by(ch.id, ch.amount) FROM charges ch WHERE ch.customer_id = c.id) AS biggest FROM customers c WHERE NOT EXISTS (SELECT 1 FROM disputes d JOIN charges x ON x.id = d.charge_id WHERE x.customer_id = c.id)

-- # decimals of many scales
SELECT CAST(amount AS decimal(18, 0)) / CAST(100 AS decimal(3, 0)) AS a, DECIMAL '1.10' * DECIMAL '2.5' AS b, CAST(10 AS decimal(5, 2)) % 3 AS c, sum(CAST(amount AS decimal(20, 4)) / 100) AS d FROM charges GROUP BY 1

-- # a sample of the system
SELECT currency, count(*) * 10 AS estimate FROM charges TABLESAMPLE SYSTEM (10) GROUP BY currency

-- # frames by groups and by amounts
SELECT created, sum(amount) OVER (ORDER BY date(created) GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS g, sum(amount) OVER (ORDER BY amount RANGE BETWEEN 100 PRECEDING AND 100 FOLLOWING) AS r FROM charges

-- # a map with places
SELECT t.k, t.v, t.i FROM (SELECT MAP(ARRAY['a','b'], ARRAY[1,2]) AS m) x CROSS JOIN UNNEST(x.m) WITH ORDINALITY AS t(k, v, i) ORDER BY i

-- # a left join of words
SELECT c.id, w FROM customers c LEFT JOIN UNNEST(split(c.name, ' ')) AS n(w) ON TRUE ORDER BY 1, 2

-- # the means of lists in a list
SELECT transform(ARRAY[ARRAY[1,2],ARRAY[3]], a -> reduce(a, 0, (s, x) -> s + x, s -> CAST(s AS double) / cardinality(a))) AS means

-- # histograms filtered and renamed
SELECT map_filter(histogram(currency), (k, v) -> v > 3 AND k <> 'usd') AS h, map_keys(transform_keys(histogram(currency), (k, v) -> upper(k))) AS ks, transform_values(histogram(status), (k, v) -> v * 100.0 / 7) AS vs FROM charges

-- # two maps joined
SELECT map_concat(MAP(ARRAY[1], ARRAY['a']), MAP(ARRAY[2], ARRAY['b']))[2] AS b, cardinality(MAP()) AS zero

-- # numbers by a format
SELECT format('%,.2f', sum(amount) / 100e0) AS pretty, format('%05d', 42) AS z, format('%s has %d', currency, count(*)) AS s FROM charges GROUP BY currency

-- # patterns, replaced by a lambda
SELECT regexp_extract(email, '@(.+)$', 1) AS domain, regexp_replace(name, '(\w+) (\w+)', '$2, $1') AS rev, regexp_like(email, '(?i)example\.(com|org)') AS ex, regexp_count(name, 'a') AS n, regexp_replace(email, '[aeiou]', m -> upper(m[1])) AS u FROM customers
-- sandbox: refused the sandbox cannot run this construct of Trino's: regexp_replace by a lambda

-- # a window that widens another
SELECT id, row_number() OVER w AS n, sum(amount) OVER (w ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM charges WINDOW w AS (PARTITION BY currency ORDER BY created)

-- # intervals added and taken away
SELECT id FROM subscriptions WHERE current_period_end - INTERVAL '3' DAY < data_load_time AND trial_end > start_date + INTERVAL '1' MONTH - INTERVAL '12' HOUR

-- # hours and weekdays of business
SELECT id FROM charges WHERE CAST(created AS time) BETWEEN TIME '08:00:00' AND TIME '17:59:59' AND day_of_week(created) NOT IN (6, 7)

-- # cohorts and who came back
WITH first AS (SELECT customer_id, date_trunc('month', min(created)) AS cohort FROM charges WHERE paid GROUP BY customer_id),
act AS (SELECT DISTINCT c.customer_id, f.cohort, date_diff('month', f.cohort, date_trunc('month', c.created)) AS age FROM charges c JOIN first f ON c.customer_id = f.customer_id WHERE c.paid)
SELECT cohort, count(DISTINCT IF(age = 0, customer_id)) AS m0, count(DISTINCT IF(age = 1, customer_id)) AS m1, round(100.0 * count(DISTINCT IF(age = 1, customer_id)) / nullif(count(DISTINCT IF(age = 0, customer_id)), 0), 1) AS pct FROM act GROUP BY cohort ORDER BY cohort

-- # metadata across
SELECT charge_id, max(CASE WHEN key = 'plan' THEN value END) AS plan, arbitrary(value) FILTER (WHERE key = 'team') AS team, map_agg(key, value)['plan'] AS p2 FROM charges_metadata GROUP BY charge_id HAVING max(IF(key = 'plan', 1, 0)) = 1

-- # times read by three formats
SELECT date_parse('2026-03-01 10:11:12', '%Y-%m-%d %H:%i:%s') AS a, parse_datetime('2026-03', 'yyyy-MM') AS b, from_iso8601_date('2026-W10-1') AS c, format_datetime(TIMESTAMP '2026-03-01 10:11:12', 'dd.MM.yyyy HH:mm') AS d
-- sandbox: refused Function 'parse_datetime' not registered

-- # compared with all, with any, with some
SELECT id FROM charges WHERE amount > ANY (SELECT amount FROM refunds) AND amount <> ALL (VALUES 1, 2, 3) AND currency = SOME (SELECT currency FROM prices)

-- # the newest and the first, by rows
SELECT max_by(status, created), min_by(amount, ROW(created, id)), max(created, 3), min_by(id, created, 2)[1] FROM charges

-- # buckets by hashes
SELECT to_hex(md5(to_utf8(id))) AS h, crc32(to_utf8(id)) AS c, hmac_sha256(to_utf8(email), to_utf8('k')) AS k, from_base(substr(to_hex(sha256(to_utf8(id))), 1, 8), 16) % 10 AS bucket FROM customers
-- sandbox: refused Function 'crc32' not registered

-- # widths by bounds and by bins
SELECT width_bucket(amount, 0, 100000, 10) AS b, width_bucket(amount, ARRAY[0, 1000, 5000]) AS c, count(*) FROM charges GROUP BY 1, 2 ORDER BY 1

-- # columns that are called like words of SQL
SELECT t.date, t.type, t.key, t.value, t.data, t.first, t.last, t.range, t.rows, t.position, t.show, t.schema, t.offset, t.comment, t.json, t.text FROM (SELECT 1 AS date, 2 AS type, 3 AS key, 4 AS value, 5 AS data, 6 AS first, 7 AS last, 8 AS range, 9 AS rows, 10 AS position, 11 AS show, 12 AS schema, 13 AS offset, 14 AS comment, 15 AS json, 16 AS text) AS t

-- # signs and zones in literals
SELECT DATE '2026-02-28' + INTERVAL '1' DAY AS a, TIMESTAMP '2026-02-28 23:59:59.999' + INTERVAL '1' SECOND AS b, TIMESTAMP '2026-02-28 10:00:00 Europe/Paris' AS c, INTERVAL -'3' DAY AS d, INTERVAL '2' YEAR AS e, TIME '10:00' AS f, CHAR 'abc' AS g, VARCHAR 'x' AS h, DECIMAL '-.5' AS i

-- # a CASE in a CASE
SELECT id, CASE status WHEN 'succeeded' THEN CASE WHEN refunded THEN 'refunded' ELSE 'ok' END WHEN 'failed' THEN coalesce(failure_code, 'unknown') END AS s FROM charges

-- # a histogram of a step, unnested
WITH m AS (SELECT customer_id, histogram(status) AS h FROM charges GROUP BY customer_id) SELECT m.customer_id, k, v FROM m CROSS JOIN UNNEST(m.h) AS t (k, v)

-- # rows in a list, unnested
SELECT a, b FROM UNNEST(ARRAY[ROW(1, 'x'), ROW(2, 'y')]) AS t(a, b)

-- # elements counted from the end
SELECT (ARRAY[10, 20, 30])[2] AS x, ARRAY[1,2,3][cardinality(ARRAY[1,2,3])] AS last, element_at(array_sort(array_agg(created), (x, y) -> CASE WHEN x < y THEN 1 WHEN x > y THEN -1 ELSE 0 END), 1) AS newest FROM charges
-- sandbox: refused the sandbox's engine has no equivalent: DuckDB's LIST_SORT does not support a comparator.

-- # groups by what any of them is
SELECT customer_id FROM charges GROUP BY customer_id HAVING any_match(array_agg(status), s -> s = 'failed') AND NOT all_match(array_agg(amount), a -> a > 100) AND none_match(array_agg(currency), c -> c LIKE 'j%')

-- # moments of now
SELECT current_timestamp, current_date, localtime, localtimestamp, current_timestamp(6), now() AT TIME ZONE 'Asia/Kolkata', current_timezone()
-- sandbox: refused Function 'current_timezone' not registered

-- # JSON that is made
SELECT JSON_OBJECT('id' VALUE id, 'amount' : amount) AS j, json_array(1, 'b', NULL) AS a, CAST(MAP(ARRAY['a'], ARRAY[1]) AS json) AS m, json_format(CAST(ROW(1, 'x') AS json)) AS r FROM charges
-- sandbox: refused Function 'json_array' not registered

-- # bytes and their length
SELECT length(X'00FF'), to_base64(to_utf8('hi')), from_utf8(from_hex('6869'))

-- # a share of failures, by filters
SELECT customer_id, count(*) FILTER (WHERE status = 'failed') * 1.0 / count(*) AS rate FROM charges GROUP BY customer_id HAVING count(*) FILTER (WHERE status = 'failed') > 0

-- # a union with nothing in places
SELECT id, created, NULL AS refunded_at FROM charges UNION ALL SELECT charge_id, NULL, created FROM refunds

-- # approximate favorites
SELECT approx_most_frequent(3, currency, 15) AS f, map_entries(histogram(status)) AS e, multimap_agg(currency, id) AS mm, reduce_agg(amount, 0, (a, b) -> a + b, (a, b) -> a + b) AS s FROM charges
-- sandbox: refused Function 'approx_most_frequent' not registered

-- # a list of maps
SELECT x['k'] AS v FROM UNNEST(ARRAY[MAP(ARRAY['k'], ARRAY[1]), MAP(ARRAY['k'], ARRAY[2])]) AS t(x)

-- # the spread of percentiles
SELECT (approx_percentile(amount, ARRAY[0.1, 0.9]))[2] - approx_percentile(amount, ARRAY[0.1, 0.9])[1] AS spread FROM charges

-- # weeks by their name
SELECT format_datetime(date_trunc('week', created), 'yyyy-''W''ww') AS w, year_of_week(created) AS yow, week(created) AS wk FROM charges GROUP BY 1, 2, 3

-- # a pattern in a window
SELECT customer_id, created, total OVER w FROM charges WINDOW w AS (PARTITION BY customer_id ORDER BY created MEASURES LAST(A.amount) AS total ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING AFTER MATCH SKIP PAST LAST ROW INITIAL PATTERN (A+) DEFINE A AS A.amount > 0)
-- sandbox: refused Function 'last' not registered

-- # grouped twice, counted once
SELECT currency, status, count(*) FROM charges GROUP BY DISTINCT ROLLUP (currency, status), CUBE (status)
-- sandbox: refused the sandbox cannot run this construct of Trino's

-- # lists of every kind
SELECT ngrams(ARRAY['a','b','c'], 2) n, combinations(ARRAY[1,2,3], 2) c, flatten(ARRAY[ARRAY[1], ARRAY[2]]) f, repeat('x', 3) r, trim_array(ARRAY[1,2,3], 1) t, array_position(ARRAY[4,5], 5) p, arrays_overlap(ARRAY[1], ARRAY[1,2]) o, array_except(ARRAY[1,2], ARRAY[2]) e, array_union(ARRAY[1], ARRAY[2]) u, array_remove(ARRAY[1,2,1], 1) rm
-- sandbox: refused Function 'ngrams' not registered

-- # maps of lists, added up
SELECT map_filter(map_agg(currency, amount), (k, v) -> k IN ('usd', 'eur') AND v > 100) AS m, transform_values(multimap_agg(currency, amount), (k, v) -> reduce(v, 0, (s, x) -> s + x, s -> s))['usd'] + 1 AS u FROM charges
-- sandbox: refused Function 'multimap_agg' not registered

-- # a histogram's keys and counts
SELECT k, v + 1 FROM (SELECT histogram(status) AS h FROM charges) CROSS JOIN UNNEST(h) AS t(k, v) WHERE k = 'failed' AND v > 0

-- # days with a list beside them
SELECT x.d, x.n FROM UNNEST(sequence(DATE '2026-01-01', DATE '2026-01-10'), ARRAY['a']) WITH ORDINALITY AS x(d, a, n) WHERE x.d > DATE '2026-01-02' AND x.n < 5

-- # the first of three greatest
SELECT max(amount, 3)[1] + 1, max_by(id, amount, 2)[1] || 'x', array_max(array_agg(amount)) > 3, array_join(max_by(id, amount, 2), ',') FROM charges

-- # a match over a subquery, its columns renamed
SELECT * FROM (SELECT created, amount FROM charges) AS c MATCH_RECOGNIZE (ORDER BY c.created MEASURES FIRST(created) AS a, LAST(B.amount, 1) AS b, avg(amount) AS m, count(*) AS n, sum(A.amount + B.amount) AS s PATTERN (A B*) DEFINE B AS B.amount > PREV(B.amount, 1) AND B.created < FIRST(A.created) + INTERVAL '30' DAY) AS t (x, y, z, w, v) WHERE t.x > DATE '2026-01-01' AND w > 1
-- sandbox: refused the sandbox cannot run this construct of Trino's: MATCH_RECOGNIZE

-- # a match that is joined
SELECT m.customer_id, m.id, m.c FROM charges AS c MATCH_RECOGNIZE (PARTITION BY customer_id ORDER BY created MEASURES classifier(U) AS c, match_number() AS mn ALL ROWS PER MATCH PATTERN (^ X Y? $) SUBSET U = (X, Y) DEFINE X AS true, Y AS Y.status = 'failed' OR Y.paid) AS m JOIN customers k ON k.id = m.customer_id WHERE m.mn > 0 AND m.c = 'X'
-- sandbox: refused the sandbox cannot run this construct of Trino's: MATCH_RECOGNIZE

-- # a match of permutations
SELECT * FROM charges MATCH_RECOGNIZE (ORDER BY created PATTERN (PERMUTE(A, B, C) | {- D -}) DEFINE A AS amount > 1, B AS amount > 2, D AS amount > 4)
-- sandbox: refused the sandbox cannot run this construct of Trino's: MATCH_RECOGNIZE

-- # a match in a step
WITH p AS (SELECT * FROM charges MATCH_RECOGNIZE (PARTITION BY customer_id ORDER BY created MEASURES A.amount AS amt PATTERN (A) DEFINE A AS EXISTS (SELECT 1 FROM disputes))) SELECT customer_id, amt * 2 FROM p
-- sandbox: refused the sandbox cannot run this construct of Trino's: MATCH_RECOGNIZE

-- # levels of a cube
SELECT grouping(c.currency, status), grouping("status") FROM charges c GROUP BY CUBE(currency, c.status) ORDER BY grouping(currency)

-- # entries of a map
SELECT transform(map_entries(histogram(status)), e -> e[1]) AS ks, transform(zip(ARRAY[1], ARRAY['a']), r -> r[2]) FROM charges
-- sandbox: refused the sandbox cannot run this query, whose engine says: struct_extract with an integer key c

-- # paths into JSON
SELECT json_extract(description, '$'), json_extract_scalar(description, '$["a b"][0]'), json_extract(description, '$..a') FROM charges
-- sandbox: refused the sandbox cannot translate this query (ValueError: Unsupported expression type JSONPathR

-- # fields of rows in a list
SELECT array_agg(CAST(ROW(id, amount) AS ROW(i varchar, a bigint)) ORDER BY id)[1].a + 1 AS first_amount FROM charges

-- # words of all names
SELECT flatten(array_agg(split(name, ' '))) AS words, array_distinct(flatten(ARRAY[ARRAY[1], ARRAY[2]]))[1] + 1, array_position(ARRAY['a'], 'a') + 1 FROM customers
