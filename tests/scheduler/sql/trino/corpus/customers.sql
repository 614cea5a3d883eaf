-- # new customers by month
SELECT date_trunc('month', created) AS month, count(*) AS customers FROM customers GROUP BY 1 ORDER BY 1

-- # cohorts
WITH firsts AS (
  SELECT customer_id, date_trunc('month', min(created)) AS cohort FROM charges WHERE paid GROUP BY customer_id
)
SELECT f.cohort, date_diff('month', f.cohort, date_trunc('month', c.created)) AS age, count(DISTINCT c.customer_id) AS customers
FROM charges c
JOIN firsts f ON f.customer_id = c.customer_id
WHERE c.paid
GROUP BY 1, 2
ORDER BY 1, 2

-- # lifetime value with a rank
SELECT customer_id, total, ntile(10) OVER (ORDER BY total DESC) AS tenth, percent_rank() OVER (ORDER BY total) AS place
FROM (SELECT customer_id, sum(amount - amount_refunded) AS total FROM charges WHERE paid GROUP BY customer_id) AS t
ORDER BY total DESC, customer_id

-- # domains of mail addresses
SELECT lower(split_part(email, '@', 2)) AS domain, count(*) AS n FROM customers WHERE email LIKE '%@%' GROUP BY 1 ORDER BY n DESC

-- # names that are equal but for case
SELECT lower(trim(name)) AS name, count(*) AS n, array_agg(id) AS ids FROM customers GROUP BY lower(trim(name)) HAVING count(*) > 1 ORDER BY 2 DESC, 1

-- # customers without any charge
SELECT c.id, c.email FROM customers c LEFT JOIN charges ch ON ch.customer_id = c.id WHERE ch.id IS NULL ORDER BY c.id

-- # delinquent with what they owe
SELECT c.id, sum(i.amount_remaining) AS owed
FROM customers c JOIN invoices i ON i.customer_id = c.id
WHERE c.delinquent AND i.status = 'open'
GROUP BY c.id
ORDER BY owed DESC NULLS LAST, c.id

-- # days since the last payment
SELECT customer_id, date_diff('day', max(created), data_load_time) AS days
FROM charges
WHERE paid
GROUP BY customer_id
ORDER BY days DESC, customer_id

-- # payment gaps
SELECT customer_id, max(gap) AS longest
FROM (
  SELECT customer_id, date_diff('day', lag(created) OVER (PARTITION BY customer_id ORDER BY created), created) AS gap
  FROM charges
) AS gaps
GROUP BY customer_id
ORDER BY longest DESC NULLS LAST, customer_id

-- # regions by metadata and country
SELECT m.value AS region, c.address_country, count(*) AS n
FROM customers c
JOIN customers_metadata m ON m.customer_id = c.id
WHERE m."key" = 'region'
GROUP BY m.value, c.address_country
ORDER BY 1, 2

-- # balances that customers hold
SELECT currency, -sum(account_balance) AS credit FROM customers WHERE account_balance < 0 GROUP BY currency

-- # quoted names with odd letters
SELECT id AS "Kunden-Nr.", name AS "Größe / Name", created AS "créé le" FROM customers ORDER BY "créé le" DESC, "Kunden-Nr." LIMIT 5

-- # accents and line breaks in texts
SELECT replace(description, chr(10), ' ') AS note FROM customers WHERE description IS NOT NULL AND name <> 'O''Hara' ORDER BY id

-- # phone prefixes
SELECT substr(phone, 1, 5) AS prefix, count(*) AS n FROM customers WHERE phone IS NOT NULL GROUP BY 1

-- # tax ids by country
SELECT country, verification_status, count(*) AS n FROM tax_ids GROUP BY country, verification_status

-- # as of a week ago
SELECT count(*) AS n FROM customers WHERE created < date_add('week', -1, data_load_time)

-- # weekly, Monday first
SELECT date_trunc('week', created) AS week, format_datetime(min(created), 'yyyy-MM-dd') AS first_day, count(*) AS n FROM customers GROUP BY 1 ORDER BY 1

-- # by ISO week
SELECT year_of_week(created) * 100 + week(created) AS iso_week, count(*) AS n FROM customers GROUP BY 1 ORDER BY 1

-- # by the last day of the month
SELECT last_day_of_month(created) AS month_end, count(*) AS n FROM customers GROUP BY 1 ORDER BY 1

-- # unix seconds and back
SELECT id, to_unixtime(created) AS seconds, from_unixtime(to_unixtime(created)) AS again FROM customers ORDER BY id LIMIT 3

-- # parsed and formatted
SELECT date_parse('2026-10-01', '%Y-%m-%d') AS a, from_iso8601_timestamp('2026-10-01T00:00:00Z') AS b, date_format(TIMESTAMP '2026-10-01 13:00:00', '%d.%m.%Y %H:%i') AS c

-- # casts
SELECT CAST(account_balance AS decimal(18, 2)) / 100 AS balance, CAST(created AS date) AS day, CAST(id AS varchar) || ':' || CAST(account_balance AS varchar) AS label FROM customers ORDER BY id LIMIT 3

-- # arrays of rows
SELECT r.a, r.b FROM (SELECT CAST(ROW(1, 'x') AS ROW(a bigint, b varchar)) AS r) AS t

-- # maps from arrays
SELECT MAP(ARRAY['a', 'b'], ARRAY[1, 2])['a'] AS a, map_keys(MAP(ARRAY['x'], ARRAY[1])) AS keys, cardinality(map_filter(MAP(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> v > 1)) AS n

-- # JSON
SELECT json_extract_scalar('{"a": {"b": [1, 2]}}', '$.a.b[0]') AS first, json_array_length('[1, 2]') AS n, json_format(json_parse('{"a":1}')) AS text

-- # nothing but the clock
SELECT current_date AS today, now() AS at, data_load_time AS loaded

-- # all of a WITH clause
WITH c AS (SELECT id, name FROM customers) SELECT * FROM c ORDER BY id LIMIT 3

-- # columns whose names are words
SELECT type AS "type", date AS "date", status, description AS "desc", amount AS "value" FROM (SELECT 'x' AS type, DATE '2026-01-01' AS date, 'y' AS status, 'z' AS description, 1 AS amount) AS t

-- # a long list
SELECT count(*) AS n FROM customers WHERE address_country IN ('US', 'DE', 'GB', 'FR', 'CA', 'NL', 'AU', 'JP', 'AT', 'CH', 'ES', 'IT', 'PT', 'SE', 'NO', 'DK', 'FI', 'IE', 'BE', 'PL', 'CZ', 'SK', 'HU', 'RO', 'BG', 'HR')
