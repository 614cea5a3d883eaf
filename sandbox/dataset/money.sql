-- The last third: charges and what becomes of them, the balance they move, and the payouts. Runs after billing.sql.
-- The books balance: every payout is exactly the sum of the transactions that name it in automatic_transfer_id.

CREATE TABLE build.payments AS
-- Charges of paid invoices, an hour after the invoice, as Stripe finalizes them.
SELECT 'invoice' || serial AS tag, account, n, customer_id, currency, subtotal + tax AS amount,
    date + INTERVAL 1 HOUR AS created, build.ident('in_', serial) AS invoice_id, 'Subscription update' AS description, false AS failed
FROM build.invoices WHERE status = 'paid'
UNION ALL
-- Declined first attempts of some of those.
SELECT 'declined' || serial, account, n, customer_id, currency, subtotal + tax,
    date + INTERVAL 10 MINUTE, build.ident('in_', serial), 'Subscription update', true
FROM build.invoices WHERE status <> 'paid' OR build.roll('retry', serial) < 0.05
UNION ALL
-- One-off sales.
SELECT 'sale' || r.i, a.account, c.n, c.id, a.currency, 500 + (pow(build.roll('basket', r.i), 3) * 60000)::BIGINT,
    c.created + to_seconds((build.roll('when', r.i) * date_diff('second', c.created, getvariable('data_until')))::BIGINT),
    NULL, 'Order ' || r.i, build.roll('sale fails', r.i) < 0.07
FROM range(1, 12000 * getvariable('scale') + 1) AS r(i)
JOIN build.customers AS c ON c.i = 1 + (build.roll('buyer', r.i) * 3000 * getvariable('scale'))::BIGINT % (3000 * getvariable('scale'))
JOIN build.accounts AS a ON a.n = c.n;

CREATE TABLE build.charges AS
SELECT *, build.ident('ch_', tag) AS id, build.ident('txn_', tag) AS txn,
    NOT failed AND build.roll('refunded', tag) < 0.045 AS is_refunded,
    NOT failed AND build.roll('disputed', tag) BETWEEN 0.5 AND 0.507 AS is_disputed,
    CASE WHEN build.roll('part', tag) < 0.3 THEN greatest(1, amount // 3) ELSE amount END AS refund_amount,
    created + to_minutes(60 + (build.roll('regret', tag) * 30000)::BIGINT) AS refund_at,
    created + to_minutes(9000 + (build.roll('anger', tag) * 60000)::BIGINT) AS dispute_at,
    build.choose(['US', 'DE', 'GB', 'FR', 'CA', 'US'], 'issuer', tag) AS card_country
FROM build.payments
WHERE created < getvariable('data_until');

UPDATE build.charges SET is_refunded = is_refunded AND refund_at < getvariable('data_until');
-- Refunded charges are not disputed as well, so that no charge pays back more than it took.
UPDATE build.charges SET is_disputed = is_disputed AND NOT is_refunded AND dispute_at < getvariable('data_until');

CREATE TABLE sigma.charges AS
SELECT
    account, id, amount,
    CASE WHEN is_refunded THEN refund_amount ELSE 0 END AS amount_refunded,
    CASE WHEN NOT failed THEN txn END AS balance_transaction_id,
    CASE WHEN NOT failed THEN created END AS captured_at,
    build.choose(['Visa', 'MasterCard', 'American Express', 'Visa', 'MasterCard', 'Discover'], 'brand', tag) AS card_brand,
    card_country,
    build.choose(['credit', 'debit', 'credit', 'prepaid'], 'funding', tag) AS card_funding,
    printf('%04d', (build.roll('last4', tag) * 9999)::INTEGER) AS card_last4,
    created, currency, customer_id, description,
    CASE WHEN is_disputed THEN build.ident('dp_', tag) END AS dispute_id,
    CASE WHEN failed THEN build.choose(['card_declined', 'insufficient_funds', 'expired_card', 'card_declined'], 'why', tag) END AS failure_code,
    CASE WHEN failed THEN 'Your card was declined.' END AS failure_message,
    invoice_id,
    CASE WHEN failed THEN 'declined_by_network' ELSE 'approved_by_network' END AS outcome_network_status,
    CASE WHEN build.roll('risk', tag) < 0.9 THEN 'normal' ELSE 'elevated' END AS outcome_risk_level,
    (build.roll('risk', tag) * 75)::BIGINT AS outcome_risk_score,
    CASE WHEN failed THEN 'issuer_declined' ELSE 'authorized' END AS outcome_type,
    NOT failed AS paid,
    build.ident('pi_', tag) AS payment_intent_id,
    CASE WHEN build.roll('rail', tag) < 0.92 THEN 'card' WHEN currency = 'usd' THEN 'us_bank_account' ELSE 'sepa_debit' END AS payment_method_type,
    is_refunded AND refund_amount = amount AS refunded,
    'FOREBAY SANDBOX' AS statement_descriptor,
    CASE WHEN failed THEN 'failed' ELSE 'succeeded' END AS status
FROM build.charges
ORDER BY account, created, id;

CREATE TABLE sigma.payment_intents AS
SELECT account, build.ident('pi_', tag) AS id, amount, CASE WHEN failed THEN 0 ELSE amount END AS amount_received,
    created, currency, customer_id, id AS latest_charge_id,
    CASE WHEN failed THEN 'requires_payment_method' ELSE 'succeeded' END AS status
FROM build.charges
ORDER BY account, created, id;

CREATE TABLE sigma.refunds AS
SELECT account, build.ident('re_', tag) AS id, refund_amount AS amount, build.ident('txn_', 're' || tag) AS balance_transaction_id,
    id AS charge_id, refund_at AS created, currency, build.ident('pi_', tag) AS payment_intent_id,
    build.choose(['requested_by_customer', 'duplicate', 'requested_by_customer', 'fraudulent'], 'reason', tag) AS reason,
    'succeeded' AS status
FROM build.charges WHERE is_refunded
ORDER BY account, created, id;

CREATE TABLE sigma.disputes AS
SELECT account, build.ident('dp_', tag) AS id, amount, build.ident('txn_', 'dp' || tag) AS balance_transaction_id,
    id AS charge_id, dispute_at AS created, currency, dispute_at + to_days(14) AS evidence_details_due_by,
    false AS is_charge_refundable,
    build.choose(['fraudulent', 'product_not_received', 'subscription_canceled', 'duplicate'], 'claim', tag) AS reason,
    build.choose(['lost', 'won', 'lost', 'needs_response', 'under_review'], 'verdict', tag) AS status
FROM build.charges WHERE is_disputed
ORDER BY account, created, id;

CREATE TABLE build.movements AS
SELECT account, txn AS id, amount,
    CASE WHEN card_country = 'US' THEN amount * 29 // 1000 + 30 ELSE amount * 39 // 1000 + 30 END AS fee,
    created, currency, description, 'charge' AS reporting_category, id AS source_id, 'charge' AS type
FROM build.charges WHERE NOT failed
UNION ALL
SELECT account, balance_transaction_id, -amount, 0, created, currency, 'REFUND FOR CHARGE', 'refund', id, 'refund' FROM sigma.refunds
UNION ALL
SELECT account, balance_transaction_id, -amount, 1500, created, currency, 'Chargeback withdrawal', 'dispute', id, 'adjustment' FROM sigma.disputes;

CREATE TABLE build.settled AS
SELECT *, amount - fee AS net, date_trunc('day', created) + to_days(2) AS available_on,
    build.ident('po_', account || currency || (date_trunc('day', created) + to_days(2))::DATE) AS payout
FROM build.movements;

CREATE TABLE sigma.transfers AS
SELECT
    account, payout AS id, sum(net)::BIGINT AS amount, true AS automatic, build.ident('txn_', payout) AS balance_transaction_id,
    available_on AS created, currency, available_on + to_days(2) AS date, 'STRIPE PAYOUT' AS description,
    NULL::VARCHAR AS failure_code, 'standard' AS method,
    CASE WHEN available_on + to_days(2) <= getvariable('data_until') THEN 'paid' ELSE 'in_transit' END AS status,
    'bank_account' AS type
FROM build.settled
WHERE available_on < getvariable('data_until')
GROUP BY account, payout, currency, available_on
ORDER BY account, created, payout;

CREATE TABLE sigma.balance_transactions AS
SELECT * FROM (
    SELECT s.account, s.id, s.amount::BIGINT AS amount, t.id AS automatic_transfer_id, s.available_on, s.created, s.currency,
        s.description, NULL::DOUBLE AS exchange_rate, s.fee::BIGINT AS fee, s.net::BIGINT AS net, s.reporting_category, s.source_id,
        CASE WHEN s.available_on < getvariable('data_until') THEN 'available' ELSE 'pending' END AS status, s.type
    FROM build.settled AS s LEFT JOIN sigma.transfers AS t ON t.id = s.payout
    UNION ALL
    SELECT account, balance_transaction_id, -amount, NULL, created, created, currency, description, NULL, 0, -amount,
        'payout', id, 'available', 'payout'
    FROM sigma.transfers
) AS movements
ORDER BY account, created, id;
