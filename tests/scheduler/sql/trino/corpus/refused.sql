-- # ILIKE
SELECT id FROM customers
WHERE email ILIKE '%@EXAMPLE.com'
ORDER BY id
-- judged: error syntax
-- sandbox: refused mismatched input 'ILIKE'

-- # LIMIT before OFFSET
SELECT id FROM charges ORDER BY created LIMIT 5 OFFSET 10
-- judged: error syntax
-- sandbox: refused mismatched input 'OFFSET'

-- # LIMIT with a comma
SELECT id FROM charges ORDER BY created LIMIT 5, 10
-- judged: error syntax
-- sandbox: refused mismatched input ','

-- # an interval without quotes
SELECT count(*) AS n FROM charges WHERE created >= current_date - INTERVAL 30 DAY
-- judged: error syntax
-- sandbox: refused mismatched input '30'

-- # an interval in one string
SELECT count(*) AS n FROM charges WHERE created >= current_date - INTERVAL '30 days'
-- judged: error type
-- sandbox: refused Unknown type: interval

-- # an interval of many days
SELECT count(*) AS n FROM charges WHERE created >= current_date - INTERVAL '30' DAYS AND paid
-- judged: error syntax
-- sandbox: refused mismatched input 'DAYS'

-- # an interval of weeks
SELECT count(*) AS n FROM charges WHERE created >= current_date - INTERVAL '2' WEEK AND paid
-- judged: error syntax
-- sandbox: refused mismatched input 'WEEK'

-- # a cast by colons
SELECT id, created::date AS day FROM charges ORDER BY id
-- judged: error syntax
-- sandbox: refused mismatched input ':'

-- # two equal signs
SELECT count(*) AS n FROM charges WHERE currency == 'usd'
-- judged: error syntax
-- sandbox: refused mismatched input '='

-- # FROM first
FROM charges SELECT id
-- judged: error syntax
-- sandbox: refused mismatched input 'FROM'

-- # a comma before FROM
SELECT id, amount,
FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input 'FROM'

-- # a comma before GROUP BY
SELECT currency, count(*) AS n FROM charges WHERE paid, GROUP BY currency
-- judged: error syntax
-- sandbox: refused mismatched input ','

-- # backquotes
SELECT `id` FROM `charges`
-- judged: error syntax
-- sandbox: refused backquoted identifiers

-- # QUALIFY
SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY created) AS n FROM charges QUALIFY n = 1
-- judged: error syntax
-- sandbox: refused mismatched input 'n'

-- # DISTINCT ON
SELECT DISTINCT ON (customer_id) customer_id, id FROM charges ORDER BY customer_id, created
-- judged: error syntax
-- sandbox: refused mismatched input 'ON'

-- # TOP
SELECT TOP 10 id FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input '10'

-- # SELECT * EXCEPT
SELECT * EXCEPT (description) FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input

-- # a list in brackets
SELECT [1, 2, 3] AS list
-- judged: error syntax
-- sandbox: refused mismatched input '['

-- # IS TRUE
SELECT count(*) AS n FROM charges WHERE paid IS TRUE
-- judged: error syntax
-- sandbox: refused mismatched input 'TRUE'

-- # an operator for regular expressions
SELECT count(*) AS n FROM customers WHERE email ~ '@example'
-- judged: error syntax
-- sandbox: refused mismatched input '~'

-- # JSON by an arrow
SELECT description->>'a' AS a FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input

-- # an empty IN
SELECT count(*) AS n FROM charges WHERE id IN ()
-- judged: error syntax
-- sandbox: refused mismatched input

-- # a reserved word as a name
SELECT id AS order FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input 'order'

-- # a CASE without END
SELECT CASE WHEN paid THEN 1 ELSE 0 AS paid FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input

-- # a parenthesis that stays open
SELECT sum(amount FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input

-- # grouping of what is no column
SELECT year(created) AS y, grouping(year(created)) AS g FROM charges GROUP BY ROLLUP (year(created))
-- judged: error syntax
-- sandbox: refused mismatched input

-- # a parameter
SELECT id FROM charges WHERE created > :from
-- judged: error syntax
-- sandbox: refused mismatched input ':'

-- # a misspelt clause
SELECT id FROM charges WEHRE paid
-- judged: error syntax
-- sandbox: refused mismatched input

-- # a DELETE
DELETE FROM charges WHERE paid
-- judged: error statement
-- sandbox: refused only a SELECT

-- # two statements
SELECT 1 AS a; SELECT 2 AS a
-- judged: error statement
-- sandbox: refused expected one statement

-- # IFNULL
SELECT sum(ifnull(amount_refunded, 0)) AS n FROM charges
-- judged: error function
-- sandbox: refused Function 'ifnull' not registered

-- # STRING_AGG
SELECT string_agg(currency, ',') AS c FROM charges
-- judged: error function
-- sandbox: refused Function 'string_agg' not registered

-- # MEDIAN
SELECT median(amount) AS m FROM charges
-- judged: error function
-- sandbox: refused Function 'median' not registered

-- # DATEDIFF
SELECT datediff('day', created, now()) AS d FROM charges
-- judged: error function
-- sandbox: refused Function 'datediff' not registered

-- # DATE_DIFF without its unit
SELECT date_diff(created, now()) AS d FROM charges
-- judged: error function
-- sandbox: refused 

-- # a unit in the plural
SELECT date_add('days', 3, created) AS d FROM charges
-- judged: error function
-- sandbox: refused is not a valid DATE_ADD field

-- # extract epoch
SELECT extract(epoch FROM created) AS s FROM charges
-- judged: error function
-- sandbox: refused Invalid EXTRACT field

-- # a misspelt function
SELECT date_formt(created, '%Y') AS y FROM charges
-- judged: error function
-- sandbox: refused Function 'date_formt' not registered

-- # count of two columns
SELECT count(DISTINCT customer_id, currency) AS n FROM charges
-- judged: error function
-- sandbox: refused Unexpected parameters

-- # a sequence that is too long
SELECT count(*) AS n FROM UNNEST(sequence(1, 20000)) AS t (n)
-- judged: error function
-- sandbox: refused 10000 entries

-- # a zone in capitals
SELECT created AT TIME ZONE 'AMERICA/NEW_YORK' AS t FROM charges
-- judged: error time-zone
-- sandbox: refused not a valid time zone

-- # a time against a text
SELECT count(*) AS n FROM charges WHERE created >= '2026-01-01'
-- judged: error type
-- sandbox: refused Cannot apply operator: timestamp >= varchar

-- # a boolean against a number
SELECT count(*) AS n FROM charges WHERE paid = 1
-- judged: error type
-- sandbox: refused Cannot apply operator: boolean = integer

-- # a number against a text
SELECT count(*) AS n FROM charges WHERE amount > '100'
-- judged: error type
-- sandbox: refused Cannot apply operator

-- # a day minus a number
SELECT count(*) AS n FROM charges WHERE created > current_date - 30
-- judged: error type
-- sandbox: refused Cannot apply operator: date - integer

-- # a text joined to a number
SELECT amount || ' cents' AS a FROM charges
-- judged: error type
-- sandbox: refused for function concat

-- # a CASE of two kinds
SELECT CASE WHEN paid THEN amount ELSE 'none' END AS a FROM charges
-- judged: error type
-- sandbox: refused must be the same type

-- # a COALESCE of two kinds
SELECT coalesce(amount_refunded, 'none') AS a FROM charges
-- judged: error type
-- sandbox: refused must be the same type

-- # a UNION of two kinds
SELECT amount FROM charges UNION ALL SELECT currency FROM charges
-- judged: error type
-- sandbox: refused incompatible types

-- # a type of another engine
SELECT CAST(amount AS string) AS a FROM charges
-- judged: error type
-- sandbox: refused Unknown type: string

-- # the sum of texts
SELECT sum(currency) AS s FROM charges
-- judged: error type
-- sandbox: refused for function sum

-- # a UNION of one column and two
SELECT id, amount FROM charges UNION ALL SELECT id FROM refunds
-- judged: error scope
-- sandbox: refused different number of fields

-- # an alias in WHERE
SELECT amount / 100 AS dollars FROM charges WHERE dollars > 5
-- judged: error alias
-- sandbox: refused Column 'dollars' cannot be resolved

-- # an alias in GROUP BY
SELECT date_trunc('month', created) AS m, count(*) AS n FROM charges GROUP BY m
-- judged: error alias
-- sandbox: refused Column 'm' cannot be resolved

-- # an alias in HAVING
SELECT currency, sum(amount) AS total FROM charges GROUP BY currency HAVING total > 5
-- judged: error alias
-- sandbox: refused Column 'total' cannot be resolved

-- # an alias beside itself
SELECT amount / 100 AS dollars, dollars * 2 AS double_dollars FROM charges
-- judged: error alias
-- sandbox: refused Column 'dollars' cannot be resolved

-- # a column beside an aggregate
SELECT currency, sum(amount) AS total FROM charges
-- judged: error group
-- sandbox: refused must be an aggregate expression

-- # a column that is not grouped
SELECT currency, status, sum(amount) AS total FROM charges GROUP BY currency
-- judged: error group
-- sandbox: refused must be an aggregate expression

-- # an aggregate in WHERE
SELECT currency FROM charges WHERE sum(amount) > 5
-- judged: error group
-- sandbox: refused WHERE clause cannot contain

-- # a window in WHERE
SELECT id FROM charges WHERE row_number() OVER (ORDER BY created) = 1
-- judged: error group
-- sandbox: refused WHERE clause cannot contain

-- # an aggregate of an aggregate
SELECT max(sum(amount)) AS m FROM charges
-- judged: error group
-- sandbox: refused Cannot nest

-- # DISTINCT ordered by something else
SELECT DISTINCT currency FROM charges ORDER BY created
-- judged: error group
-- sandbox: refused must appear in select list

-- # a misspelt column
SELECT amout FROM charges
-- judged: error column
-- sandbox: refused Column 'amout' cannot be resolved

-- # a text in double quotes
SELECT count(*) AS n FROM charges WHERE currency = "usd"
-- judged: error column
-- sandbox: refused Column 'usd' cannot be resolved

-- # a column of two tables
SELECT id FROM charges JOIN customers ON customers.id = charges.customer_id
-- judged: error column
-- sandbox: refused Column 'id' is ambiguous

-- # a table that is not there
SELECT id FROM charge
-- judged: error table
-- sandbox: refused do not exist or are inaccessible

-- # a semicolon at the end
SELECT count(*) AS n FROM charges;
-- judged: warning semicolon
-- sandbox: refused mismatched input ';'

-- # GROUP BY ALL
SELECT currency, count(*) AS n FROM charges GROUP BY ALL
-- judged: warning version
-- sandbox: refused Column 'all' cannot be resolved

-- # LIMIT without an order
SELECT id FROM charges LIMIT 10
-- judged: warning limit-order
-- sandbox: runs

-- # SELECT * of a table
SELECT * FROM refunds
-- judged: warning select-star
-- sandbox: runs

-- # a function of a plugin
SELECT to_char(created, 'yyyy') AS y FROM charges
-- judged: warning version
-- sandbox: refused Function 'to_char' not registered

-- # a window in HAVING
SELECT currency, count(*) AS n FROM charges GROUP BY currency HAVING rank() OVER (ORDER BY count(*)) = 1
-- judged: error group
-- sandbox: refused HAVING clause cannot contain

-- # an aggregate in ON
SELECT c.id FROM charges c JOIN refunds r ON r.charge_id = c.id AND sum(r.amount) > 0
-- judged: error group
-- sandbox: refused clause cannot contain aggregations

-- # a table whose name its alias hides
SELECT charges.id FROM charges c
-- judged: error column
-- sandbox: refused Column 'charges' cannot be resolved

-- # one table twice under one name
SELECT charges.id FROM charges JOIN charges ON true
-- judged: error column
-- sandbox: refused Ambiguous reference

-- # ordered by a column that is not there
SELECT id, amount FROM charges ORDER BY 3
-- judged: error group
-- sandbox: refused position is not in select list

-- # UNNEST of a text
SELECT t.word FROM charges CROSS JOIN UNNEST(description) AS t (word)
-- judged: error type
-- sandbox: refused UNNEST requires

-- # more names than columns
WITH totals (currency, total) AS (SELECT sum(amount) FROM charges) SELECT currency FROM totals
-- judged: error scope
-- sandbox: refused Column alias list has 2 entries but 'totals' has 1 columns available

-- # fewer names than columns
SELECT code FROM (VALUES ('usd', 2), ('jpy', 0)) AS digits (code)
-- judged: error scope
-- sandbox: refused Column alias list has 1 entries but 'digits' has 2 columns available

-- # two steps of one name
WITH a AS (SELECT 1 AS x), a AS (SELECT 2 AS x) SELECT x FROM a
-- judged: error scope
-- sandbox: refused WITH query name 'a' specified more than once

-- # a moment cast to a number
SELECT CAST(created AS bigint) AS seconds FROM charges
-- judged: error type
-- sandbox: refused Cannot cast timestamp to bigint

-- # a number cast to a day
SELECT TRY_CAST(amount AS date) AS day FROM charges
-- judged: error type
-- sandbox: refused Cannot cast bigint to date

-- # a percentile in percent
SELECT approx_percentile(amount, 95) AS p95 FROM charges
-- judged: error function
-- sandbox: refused Percentile must be between 0 and 1

-- # USING a column of one side
SELECT count(*) AS n FROM charges JOIN refunds USING (charge_id)
-- judged: error column
-- sandbox: refused Column 'charge_id' is missing from left side of join

-- # metadata as a field
SELECT c.metadata.plan FROM charges c
-- judged: error column
-- sandbox: refused Column 'metadata' cannot be resolved

-- # a star beside an aggregate
SELECT *, count(*) AS n FROM charges
-- judged: error group
-- sandbox: refused must be an aggregate expression

-- # a star that is not grouped
SELECT * FROM charges GROUP BY currency
-- judged: error group
-- sandbox: refused must be an aggregate expression

-- # DISTINCT of one order and another list
SELECT array_agg(DISTINCT currency ORDER BY created) AS currencies FROM charges
-- judged: error group
-- sandbox: refused ORDER BY expressions must appear in

-- # FILTER behind what is no aggregate
SELECT lower(id) FILTER (WHERE paid) AS id FROM charges
-- judged: error function
-- sandbox: refused Filter is only valid for aggregation functions

-- # a window that nobody defines
SELECT sum(amount) OVER w AS total FROM charges
-- judged: error scope
-- sandbox: refused Cannot resolve WINDOW name w

-- # a blank that is none
SELECT id FROM charges WHERE paid
-- judged: error syntax
-- sandbox: refused mismatched input

-- # quotes of a word processor
SELECT id FROM charges WHERE currency IN (‘usd’, ‘eur’)
-- judged: error syntax
-- sandbox: refused mismatched input

-- # NOT of a number
SELECT id FROM charges WHERE NOT amount
-- judged: error type
-- sandbox: refused must evaluate to a boolean

-- # concat of a number
SELECT concat(id, '-', amount) AS k FROM charges
-- judged: error type
-- sandbox: refused Unexpected parameters

-- # the mean of moments
SELECT avg(created) AS mean FROM charges
-- judged: error type
-- sandbox: refused Unexpected parameters (timestamp) for function avg

-- # a day with a zone
SELECT current_date AT TIME ZONE 'UTC' AS d
-- judged: error type
-- sandbox: refused must be a time or timestamp

-- # a day with a time of day
SELECT DATE '2026-01-31 10:00:00' AS d
-- judged: error type
-- sandbox: refused '2026-01-31 10:00:00' is not a valid DATE literal

-- # a text against a number
SELECT id FROM charges WHERE card_last4 = 4242
-- judged: error type
-- sandbox: refused Cannot apply operator: varchar = integer

-- # a comparison with NULL
SELECT id FROM charges WHERE failure_code != NULL
-- judged: warning null

-- # a function of BigQuery that parses
SELECT PARSE_DATE('%Y', '2026')
-- judged: error function
-- sandbox: refused Function 'parse_date' not registered

-- # a struct with names
SELECT STRUCT(1 AS a)
-- judged: error syntax
-- sandbox: refused mismatched input 'AS'

-- # LATERAL FLATTEN
SELECT f.value FROM charges, LATERAL FLATTEN(input => description) f
-- judged: error syntax
-- sandbox: refused mismatched input '=>'. Expecting: ')', ','

-- # a field of a variant
SELECT metadata:plan FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input ':'. Expecting: <EOF>

-- # JSON by two arrows
SELECT description->>'a' FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input '>'

-- # a moment with brackets
SELECT CURRENT_DATE() FROM customers
-- judged: error syntax
-- sandbox: refused mismatched input '('. Expecting: <EOF>

-- # a hash of a text
SELECT md5(email) FROM customers
-- judged: error type
-- sandbox: refused Unexpected parameters (varchar) for function md5

-- # a map asked by another kind of key
SELECT MAP(ARRAY['a'], ARRAY[1])[1] AS x
-- judged: error type
-- sandbox: refused Cannot use this type for subscript of a map

-- # an IF of two kinds
SELECT IF(paid, 'yes', 0) FROM charges
-- judged: error type
-- sandbox: refused All IF results must be the same type or coercible to a common type: varchar, integer

-- # an IF of a number
SELECT IF(amount, 1, 0) FROM charges
-- judged: error type
-- sandbox: refused IF condition must evaluate to a boolean (actual: bigint)

-- # SELECT INTO
SELECT id INTO t FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input 'INTO'. Expecting: <EOF>

-- # FOR UPDATE
SELECT id FROM charges FOR UPDATE
-- judged: error syntax
-- sandbox: refused mismatched input 'UPDATE'. Expecting: 'TIMESTAMP', 'VERSION'

-- # a name that is a number
SELECT 1 AS 2
-- judged: error syntax
-- sandbox: refused mismatched input '2'

-- # grouped by column 0
SELECT currency, count(*) FROM charges GROUP BY 0
-- judged: error group
-- sandbox: refused GROUP BY position is not in select list: it has 2

-- # an order without BY
SELECT sum(amount) OVER (ORDER created) FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input 'created'

-- # a frame of bare numbers
SELECT sum(amount) OVER (ORDER BY created ROWS BETWEEN 3 AND 1) FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input ')'

-- # a day that no month has
SELECT DATE '2026-02-30'
-- judged: error type
-- sandbox: refused '2026-02-30' is not a valid DATE literal

-- # a month that no year has
SELECT TIMESTAMP '2026-13-01 00:00:00'
-- judged: error type
-- sandbox: refused '2026-13-01 00:00:00' is not a valid TIMESTAMP literal

-- # a CROSS JOIN with ON
SELECT 1 FROM charges CROSS JOIN customers ON TRUE
-- judged: error syntax
-- sandbox: refused mismatched input 'ON'. Expecting: <EOF>

-- # a list, a text and a number
SELECT array_agg(id) || ',' || 1 FROM charges
-- judged: error type
-- sandbox: refused Unexpected parameters (varchar, integer) for function concat

-- # a month against a text
SELECT id FROM charges WHERE date_trunc('month', created) = '2026-01-01'
-- judged: error type
-- sandbox: refused Cannot apply operator: unknown = varchar

-- # listagg without its order
SELECT listagg(id, ',') FROM charges
-- judged: error syntax
-- sandbox: refused mismatched input 'FROM'

-- # HAVING of rows
SELECT id FROM charges HAVING amount > 5
-- judged: error group
-- sandbox: refused 'amount' must be an aggregate expression or appear in GROUP BY clause

-- # FETCH without FIRST
SELECT id FROM charges FETCH 5
-- judged: error syntax
-- sandbox: refused mismatched input '5'. Expecting: <EOF>

-- # the level of what is not grouped
SELECT grouping(status), count(*) FROM charges GROUP BY currency
-- judged: error group
-- sandbox: refused The arguments to GROUPING() must be expressions referenced by the GROUP BY: status

-- # a decimal of 40 digits
SELECT CAST(1 AS decimal(40, 2))
-- judged: error type
-- sandbox: refused DECIMAL precision must be in range [1, 38]

-- # contains of a text
SELECT contains(name, 'a') FROM customers
-- judged: error type
-- sandbox: refused Unexpected parameters (varchar, varchar) for function list_contains

-- # a lambda of two for one
SELECT transform(ARRAY[1], (a, b) -> a)
-- judged: error function
-- sandbox: refused Unexpected parameters for function transform: its lambda takes 1

-- # a filter that does not decide
SELECT filter(ARRAY[1], x -> x + 1)
-- judged: error type

-- # reduce without its end
SELECT reduce(ARRAY[1], 0, (s, x) -> s + x)
-- judged: error function
-- sandbox: refused Unexpected parameters for function reduce: it takes 4, and not 3

-- # recursion without the word
WITH r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r
-- judged: error table
-- sandbox: refused The query names tables which do not exist or are inaccessible: [r]

-- # a pattern by a misspelt column
SELECT * FROM charges MATCH_RECOGNIZE (PARTITION BY custmer_id ORDER BY created MEASURES A.id AS i PATTERN (A B) DEFINE B AS B.amount > 1)
-- judged: error column
-- sandbox: refused the sandbox cannot run this construct of Trino's: MATCH_RECOGNIZE

-- # a pattern that compares two kinds
SELECT * FROM charges MATCH_RECOGNIZE (ORDER BY created MEASURES A.id AS i PATTERN (A B) DEFINE B AS B.status > 1)
-- judged: error type
-- sandbox: refused the sandbox cannot run this construct of Trino's: MATCH_RECOGNIZE

-- # a pattern without its variable
SELECT * FROM charges MATCH_RECOGNIZE (ORDER BY created MEASURES A.id AS i PATTERN (A B) DEFINE C AS C.amount > 1)
-- judged: error scope
-- sandbox: refused the sandbox cannot run this construct of Trino's: MATCH_RECOGNIZE

-- # a text of a map plus a number
SELECT map_agg(id, status)['x'] + 1 FROM charges
-- judged: error type
-- sandbox: refused Cannot apply operator: varchar + integer

-- # a histogram asked by a number
SELECT histogram(currency)[1] FROM charges
-- judged: error type
-- sandbox: refused Cannot use this type for subscript of a map
