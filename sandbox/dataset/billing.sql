-- The second third: subscriptions, the invoices they raise, and the lines on those. Runs after people.sql.

CREATE TABLE build.subscriptions AS
WITH drawn AS (
    SELECT
        c.i, c.n, c.id AS customer_id,
        build.ident('sub_', c.i) AS id,
        c.created + to_hours((build.roll('wait', c.i) * 240)::BIGINT) AS start_date,
        1 + (build.roll('plan', c.i) * build.roll('plan2', c.i) * 4)::DOUBLE::INTEGER % 4 AS k,
        CASE WHEN build.roll('yearly', c.i) < 0.2 THEN 2 ELSE 1 END AS m,
        1 + (pow(build.roll('seats', c.i), 4) * 20)::BIGINT AS quantity,
        build.roll('churn', c.i) < 0.35 AS churns
    FROM build.customers AS c
    WHERE build.roll('subscribes', c.i) < 0.6
)
SELECT
    *,
    CASE WHEN churns THEN start_date + to_days(20 + (build.roll('stay', i) * 600)::BIGINT) END AS would_end
FROM drawn
WHERE start_date < getvariable('data_until');

CREATE TABLE build.live_subscriptions AS
SELECT s.*, p.id AS price_id, p.product_id, p.unit_amount, p.recurring_interval, p.currency, p.account, p.nickname,
    CASE WHEN would_end < getvariable('data_until') THEN would_end END AS ended_at
FROM build.subscriptions AS s JOIN build.prices AS p USING (n, k, m);

CREATE TABLE sigma.subscriptions AS
SELECT
    account, id, start_date AS billing_cycle_anchor,
    would_end IS NOT NULL AND ended_at IS NULL AND build.roll('notice', i) < 0.3 AS cancel_at_period_end,
    ended_at - to_days((build.roll('notice days', i) * 20)::BIGINT) AS canceled_at,
    CASE WHEN build.roll('method', i) < 0.9 THEN 'charge_automatically' ELSE 'send_invoice' END AS collection_method,
    start_date AS created,
    coalesce(ended_at, getvariable('data_until') + to_days(1 + (build.roll('period', i) * 28)::BIGINT)) AS current_period_end,
    coalesce(ended_at, getvariable('data_until')) - to_days(28) AS current_period_start,
    customer_id, ended_at, price_id AS plan_id, price_id, quantity, start_date,
    CASE WHEN ended_at IS NOT NULL THEN 'canceled'
         WHEN start_date > getvariable('data_until') - to_days(14) AND build.roll('trial', i) < 0.5 THEN 'trialing'
         WHEN build.roll('late', i) < 0.03 THEN 'past_due'
         ELSE 'active' END AS status,
    CASE WHEN build.roll('trial', i) < 0.5 THEN start_date + to_days(14) END AS trial_end,
    CASE WHEN build.roll('trial', i) < 0.5 THEN start_date END AS trial_start
FROM build.live_subscriptions
ORDER BY account, created, id;

CREATE TABLE sigma.subscription_items AS
SELECT account, build.ident('si_', i) AS id, start_date AS created, price_id, product_id AS price_product_id,
    quantity, id AS subscription_id
FROM build.live_subscriptions
ORDER BY account, created, id;

CREATE TABLE build.invoices AS
WITH periods AS (
    SELECT s.*, j.j,
        CASE WHEN s.m = 2 THEN s.start_date + to_years(j.j::INTEGER) ELSE s.start_date + to_months(j.j::INTEGER) END AS date
    FROM build.live_subscriptions AS s CROSS JOIN range(0, 36) AS j(j)
)
SELECT
    i * 100 + j AS serial, account, n, customer_id, id AS subscription_id, price_id, currency, quantity, unit_amount, nickname,
    date,
    CASE WHEN m = 2 THEN date + to_years(1) ELSE date + to_months(1) END AS period_end,
    unit_amount * quantity AS subtotal,
    (unit_amount * quantity * CASE WHEN currency = 'usd' THEN 0 ELSE 19 END + 50) // 100 AS tax,
    CASE WHEN build.roll('paid', i * 100 + j) < 0.95 THEN 'paid'
         WHEN build.roll('unpaid', i * 100 + j) < 0.4 THEN 'open'
         WHEN build.roll('unpaid', i * 100 + j) < 0.8 THEN 'uncollectible' ELSE 'void' END AS status
FROM periods
WHERE date < coalesce(ended_at, getvariable('data_until'));

CREATE TABLE sigma.invoices AS
SELECT
    account, build.ident('in_', serial) AS id,
    subtotal + tax AS amount_due,
    CASE WHEN status = 'paid' THEN subtotal + tax ELSE 0 END AS amount_paid,
    CASE WHEN status = 'paid' THEN 0 ELSE subtotal + tax END AS amount_remaining,
    CASE WHEN status = 'paid' THEN 1 ELSE 4 END::BIGINT AS attempt_count,
    CASE WHEN status = 'paid' THEN build.ident('ch_', 'invoice' || serial) END AS charge_id,
    currency, customer_id, date, date + to_days(30) AS due_date,
    printf('SBX-%08d', serial) AS number,
    status = 'paid' AS paid,
    period_end, date AS period_start, status, subscription_id, subtotal, tax, subtotal + tax AS total
FROM build.invoices
ORDER BY account, date, id;

CREATE TABLE sigma.invoice_line_items AS
SELECT
    account, build.ident('il_', serial) AS id, subtotal AS amount, currency,
    quantity || ' × ' || nickname AS description, build.ident('in_', serial) AS invoice_id,
    period_end, date AS period_start, price_id, false AS proration, quantity,
    subscription_id AS subscription, 'subscription' AS type
FROM build.invoices
ORDER BY account, date, id;
