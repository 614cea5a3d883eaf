-- The first third of the generated data: who sells, what is sold, and to whom.
-- Runs once at start, single-threaded, with the variables seed, accounts, scale and data_until set by generate.py.
-- Every value is a hash of (seed, what it is for, row number), never random(): the same seed is the same data on
-- every machine, so a result can be compared byte for byte with one computed elsewhere.

CREATE SCHEMA sigma;
CREATE SCHEMA build; -- scaffolding, dropped at the end of money.sql

-- A uniform draw in [0, 1) that depends on the row and on what it is drawn for, and on nothing else.
CREATE MACRO build.roll(salt, i) AS (hash(getvariable('seed'), salt, i) % 1000003) / 1000003.0::DOUBLE;
CREATE MACRO build.ident(prefix, i) AS prefix || left(md5(getvariable('seed') || prefix || i), 24);
CREATE MACRO build.choose(options, salt, i) AS options[1 + (build.roll(salt, i) * len(options))::DOUBLE::INTEGER % len(options)];

-- acct_sandbox0001 is the account of every plain key; it holds 40 % of the data, the others share the rest.
CREATE TABLE build.accounts AS
SELECT
    n,
    printf('acct_sandbox%04d', n) AS account,
    CASE WHEN n = 1 THEN 'usd' ELSE build.choose(['usd', 'eur', 'gbp', 'usd', 'eur', 'cad'], 'currency', n) END AS currency,
    CASE WHEN n = 1 THEN 'US' ELSE build.choose(['US', 'DE', 'GB', 'FR', 'IE', 'CA'], 'country', n) END AS country
FROM range(1, getvariable('accounts') + 1) AS r(n);

CREATE TABLE sigma.products AS
SELECT
    a.account,
    build.ident('prod_', a.n * 10 + k) AS id,
    true AS active,
    getvariable('data_until') - to_days(1200 - k) AS created,
    ['Starter', 'Team', 'Business', 'Enterprise'][k] AS name,
    ['For one person', 'For a small team', 'For a company', 'With a contract'][k] AS description,
    'service' AS type
FROM build.accounts AS a CROSS JOIN range(1, 5) AS p(k)
ORDER BY a.account, k;

CREATE TABLE build.prices AS
SELECT
    a.account, a.n, k, m,
    build.ident('price_', a.n * 100 + k * 10 + m) AS id,
    build.ident('prod_', a.n * 10 + k) AS product_id,
    a.currency,
    ([900, 2900, 9900, 49900][k] * CASE WHEN m = 2 THEN 10 ELSE 1 END)::BIGINT AS unit_amount,
    CASE WHEN m = 2 THEN 'year' ELSE 'month' END AS recurring_interval,
    ['Starter', 'Team', 'Business', 'Enterprise'][k] || CASE WHEN m = 2 THEN ' yearly' ELSE ' monthly' END AS nickname
FROM build.accounts AS a CROSS JOIN range(1, 5) AS p(k) CROSS JOIN range(1, 3) AS i(m);

CREATE TABLE sigma.prices AS
SELECT
    account, id, true AS active, getvariable('data_until') - to_days(1200) AS created, currency, nickname, product_id,
    recurring_interval, 1::BIGINT AS recurring_interval_count, 'recurring' AS type, unit_amount
FROM build.prices
ORDER BY account, id;

CREATE TABLE build.customers AS
SELECT
    i,
    CASE WHEN getvariable('accounts') = 1 OR build.roll('home', i) < 0.4 THEN 1
         ELSE 2 + (build.roll('which', i) * (getvariable('accounts') - 1))::DOUBLE::INTEGER % (getvariable('accounts') - 1)
    END AS n,
    build.ident('cus_', i) AS id,
    date_trunc('second', getvariable('data_until') - to_seconds((build.roll('born', i) * 1000 * 86400)::BIGINT)) AS created,
    build.choose(['Ada', 'Noor', 'Mei', 'Luca', 'Priya', 'Jonas', 'Elif', 'Tomás', 'Zoë', 'Kofi'], 'first', i) AS first,
    build.choose(['Lind', 'O''Hara', 'Okafor', 'García', 'Novak', 'Sato', 'Weiß', 'Martin', 'Rossi', 'Dubois'], 'last', i) AS last
FROM range(1, 3000 * getvariable('scale') + 1) AS r(i);

CREATE TABLE sigma.customers AS
SELECT
    a.account, c.id,
    CASE WHEN build.roll('balance', c.i) < 0.05 THEN -1 * (build.roll('credit', c.i) * 5000)::BIGINT ELSE 0 END AS account_balance,
    build.choose(['US', 'DE', 'GB', 'FR', 'CA', 'NL', 'AU', 'JP'], 'lives', c.i) AS address_country,
    c.created, a.currency,
    build.roll('delinquent', c.i) < 0.03 AS delinquent,
    -- Commas, quotes and a line break on purpose: a CSV reader that splits lines by hand fails on this data.
    CASE WHEN build.roll('note', c.i) < 0.02 THEN 'Met at "Money, 2026"' || chr(10) || 'prefers invoices' END AS description,
    lower(strip_accents(replace(replace(c.first || '.' || c.last, '''', ''), 'ß', 'ss'))) || c.i || '@example.com' AS email,
    c.first || ' ' || c.last AS name,
    CASE WHEN build.roll('phone', c.i) < 0.3 THEN printf('+1555%07d', c.i) END AS phone
FROM build.customers AS c JOIN build.accounts AS a USING (n)
ORDER BY a.account, c.created, c.id;
