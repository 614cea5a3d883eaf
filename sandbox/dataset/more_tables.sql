-- Tables that people name in queries beside the usual ones. Runs after money.sql, and ends the scaffolding.
-- First those with rows that follow from the others, then those that are empty: a query of them runs, and finds nothing.

-- Keys that people put on their objects: a region on customers, a channel on charges, a team on subscriptions.
CREATE TABLE sigma.customers_metadata AS
SELECT account, id AS customer_id, 'region' AS key, CASE WHEN address_country IN ('US', 'CA') THEN 'americas' ELSE 'emea' END AS value
FROM sigma.customers ORDER BY account, id;
CREATE TABLE sigma.charges_metadata AS
SELECT account, id AS charge_id, 'channel' AS key, build.choose(['web', 'app', 'sales'], 'channel', id) AS value
FROM sigma.charges WHERE invoice_id IS NULL ORDER BY account, id;
CREATE TABLE sigma.subscriptions_metadata AS
SELECT account, id AS subscription_id, 'team' AS key, build.choose(['self_serve', 'sales'], 'team', id) AS value
FROM sigma.subscriptions ORDER BY account, id;

-- What each subscription adds to monthly recurring revenue when it begins, and takes from it when it ends.
CREATE TABLE sigma.subscription_item_change_events AS
SELECT account, event_timestamp, event_timestamp AS local_event_timestamp, event_type, currency, mrr_change, quantity_change,
    customer_id, subscription_id, subscription_item_id, price_id, product_id
FROM (
    SELECT s.account, s.start_date AS event_timestamp, 'ACTIVE_START' AS event_type, p.currency,
        p.unit_amount * s.quantity // CASE p.recurring_interval WHEN 'year' THEN 12 ELSE 1 END AS mrr_change,
        s.quantity AS quantity_change, s.customer_id, s.id AS subscription_id, i.id AS subscription_item_id, p.id AS price_id, p.product_id
    FROM sigma.subscriptions AS s JOIN sigma.prices AS p ON p.id = s.price_id JOIN sigma.subscription_items AS i ON i.subscription_id = s.id
    UNION ALL
    SELECT s.account, s.ended_at, 'ACTIVE_END', p.currency,
        -(p.unit_amount * s.quantity // CASE p.recurring_interval WHEN 'year' THEN 12 ELSE 1 END),
        -s.quantity, s.customer_id, s.id, i.id, p.id, p.product_id
    FROM sigma.subscriptions AS s JOIN sigma.prices AS p ON p.id = s.price_id JOIN sigma.subscription_items AS i ON i.subscription_id = s.id
    WHERE s.ended_at IS NOT NULL
) AS changes
ORDER BY account, event_timestamp, subscription_item_id, event_type;

-- The same for everybody: what a dollar bought on each day.
CREATE TABLE sigma.exchange_rates_from_usd AS
SELECT (getvariable('data_until') - to_days(d::INTEGER))::DATE AS date,
    printf('{"cad":%.4f,"eur":%.4f,"gbp":%.4f,"jpy":%.2f,"usd":1.0}', 1.35 + build.roll('cad', d) / 50, 0.90 + build.roll('eur', d) / 50,
        0.77 + build.roll('gbp', d) / 50, 148 + build.roll('jpy', d) * 4) AS buy_currency_exchange_rates
FROM range(0, 1100) AS r(d)
ORDER BY date;

CREATE TABLE sigma.accounts (
    account VARCHAR, id VARCHAR, business_name VARCHAR, country VARCHAR, created TIMESTAMP, default_currency VARCHAR, email
    VARCHAR, charges_enabled BOOLEAN, payouts_enabled BOOLEAN, type VARCHAR
);
CREATE TABLE sigma.application_fee_refunds (
    account VARCHAR, id VARCHAR, amount BIGINT, balance_transaction_id VARCHAR, created TIMESTAMP, currency VARCHAR, fee_id
    VARCHAR
);
CREATE TABLE sigma.application_fees (
    account VARCHAR, id VARCHAR, amount BIGINT, amount_refunded BIGINT, application_id VARCHAR, balance_transaction_id
    VARCHAR, charge_id VARCHAR, created TIMESTAMP, currency VARCHAR, refunded BOOLEAN
);
CREATE TABLE sigma.balance_transaction_fee_details (
    account VARCHAR, balance_transaction_id VARCHAR, amount BIGINT, application VARCHAR, currency VARCHAR, description
    VARCHAR, type VARCHAR
);
CREATE TABLE sigma.checkout_session_line_items (
    account VARCHAR, id VARCHAR, amount_subtotal BIGINT, amount_total BIGINT, checkout_session_id VARCHAR, currency VARCHAR,
    description VARCHAR, price_id VARCHAR, quantity BIGINT
);
CREATE TABLE sigma.checkout_sessions (
    account VARCHAR, id VARCHAR, amount_subtotal BIGINT, amount_total BIGINT, created TIMESTAMP, currency VARCHAR, customer_id
    VARCHAR, mode VARCHAR, payment_intent_id VARCHAR, payment_status VARCHAR, status VARCHAR, subscription_id VARCHAR
);
CREATE TABLE sigma.coupons (
    account VARCHAR, id VARCHAR, amount_off BIGINT, created TIMESTAMP, currency VARCHAR, duration VARCHAR, duration_in_months
    BIGINT, max_redemptions BIGINT, name VARCHAR, percent_off DOUBLE, redeem_by TIMESTAMP, times_redeemed BIGINT, valid
    BOOLEAN
);
CREATE TABLE sigma.credit_note_line_items (
    account VARCHAR, id VARCHAR, amount BIGINT, credit_note_id VARCHAR, description VARCHAR, invoice_line_item_id VARCHAR,
    quantity BIGINT, type VARCHAR, unit_amount BIGINT
);
CREATE TABLE sigma.credit_notes (
    account VARCHAR, id VARCHAR, amount BIGINT, created TIMESTAMP, currency VARCHAR, customer_id VARCHAR, invoice_id VARCHAR,
    memo VARCHAR, number VARCHAR, reason VARCHAR, status VARCHAR, subtotal BIGINT, total BIGINT, type VARCHAR, voided_at
    TIMESTAMP
);
CREATE TABLE sigma.customer_balance_transactions (
    account VARCHAR, id VARCHAR, amount BIGINT, created TIMESTAMP, currency VARCHAR, customer_id VARCHAR, description VARCHAR,
    ending_balance BIGINT, invoice_id VARCHAR, type VARCHAR
);
CREATE TABLE sigma.discounts (
    account VARCHAR, id VARCHAR, checkout_session VARCHAR, coupon_id VARCHAR, customer_id VARCHAR, "end" TIMESTAMP, invoice_id
    VARCHAR, promotion_code_id VARCHAR, start TIMESTAMP, subscription_id VARCHAR
);
CREATE TABLE sigma.early_fraud_warnings (
    account VARCHAR, id VARCHAR, actionable BOOLEAN, charge_id VARCHAR, created TIMESTAMP, fraud_type VARCHAR,
    payment_intent_id VARCHAR
);
CREATE TABLE sigma.icplus_fees (
    account VARCHAR, id VARCHAR, activity_at TIMESTAMP, amount DOUBLE, balance_transaction_id VARCHAR, card_brand VARCHAR,
    charge_id VARCHAR, created TIMESTAMP, currency VARCHAR, fee_category VARCHAR, fee_name VARCHAR, network VARCHAR, rate
    DOUBLE
);
CREATE TABLE sigma.invoice_items (
    account VARCHAR, id VARCHAR, amount BIGINT, currency VARCHAR, customer_id VARCHAR, date TIMESTAMP, description VARCHAR,
    discountable BOOLEAN, invoice_id VARCHAR, period_end TIMESTAMP, period_start TIMESTAMP, price_id VARCHAR, proration
    BOOLEAN, quantity BIGINT, subscription_id VARCHAR, unit_amount BIGINT
);
CREATE TABLE sigma.issuing_authorizations (
    account VARCHAR, id VARCHAR, amount BIGINT, approved BOOLEAN, card_id VARCHAR, cardholder_id VARCHAR, created TIMESTAMP,
    currency VARCHAR, merchant_name VARCHAR, merchant_category VARCHAR, status VARCHAR
);
CREATE TABLE sigma.issuing_cards (
    account VARCHAR, id VARCHAR, brand VARCHAR, cardholder_id VARCHAR, created TIMESTAMP, currency VARCHAR, last4 VARCHAR,
    status VARCHAR, type VARCHAR
);
CREATE TABLE sigma.issuing_transactions (
    account VARCHAR, id VARCHAR, amount BIGINT, authorization_id VARCHAR, card_id VARCHAR, cardholder_id VARCHAR, created
    TIMESTAMP, currency VARCHAR, merchant_name VARCHAR, type VARCHAR
);
CREATE TABLE sigma.payment_links (
    account VARCHAR, id VARCHAR, active BOOLEAN, created TIMESTAMP, currency VARCHAR
);
CREATE TABLE sigma.payment_method_details (
    account VARCHAR, charge_id VARCHAR, type VARCHAR, card_brand VARCHAR, card_country VARCHAR, card_funding VARCHAR,
    card_last4 VARCHAR, card_network VARCHAR
);
CREATE TABLE sigma.payment_methods (
    account VARCHAR, id VARCHAR, created TIMESTAMP, customer_id VARCHAR, type VARCHAR, card_brand VARCHAR, card_country
    VARCHAR, card_exp_month BIGINT, card_exp_year BIGINT, card_funding VARCHAR, card_last4 VARCHAR
);
CREATE TABLE sigma.plans (
    account VARCHAR, id VARCHAR, active BOOLEAN, amount BIGINT, created TIMESTAMP, currency VARCHAR, interval VARCHAR,
    interval_count BIGINT, nickname VARCHAR, product_id VARCHAR, trial_period_days BIGINT, usage_type VARCHAR
);
CREATE TABLE sigma.promotion_codes (
    account VARCHAR, id VARCHAR, active BOOLEAN, code VARCHAR, coupon_id VARCHAR, created TIMESTAMP, customer_id VARCHAR,
    expires_at TIMESTAMP, max_redemptions BIGINT, times_redeemed BIGINT
);
CREATE TABLE sigma.quotes (
    account VARCHAR, id VARCHAR, amount_subtotal BIGINT, amount_total BIGINT, created TIMESTAMP, currency VARCHAR, customer_id
    VARCHAR, expires_at TIMESTAMP, invoice_id VARCHAR, number VARCHAR, status VARCHAR, subscription_id VARCHAR
);
CREATE TABLE sigma.radar_rules (
    account VARCHAR, id VARCHAR, action VARCHAR, created TIMESTAMP, predicate VARCHAR, state VARCHAR
);
CREATE TABLE sigma.reviews (
    account VARCHAR, id VARCHAR, charge_id VARCHAR, closed_reason VARCHAR, created TIMESTAMP, open BOOLEAN, opened_reason
    VARCHAR, payment_intent_id VARCHAR, reason VARCHAR
);
CREATE TABLE sigma.setup_intents (
    account VARCHAR, id VARCHAR, created TIMESTAMP, customer_id VARCHAR, payment_method_id VARCHAR, status VARCHAR, usage
    VARCHAR
);
CREATE TABLE sigma.sources (
    account VARCHAR, id VARCHAR, amount BIGINT, created TIMESTAMP, currency VARCHAR, customer_id VARCHAR, status VARCHAR, type
    VARCHAR, usage VARCHAR
);
CREATE TABLE sigma.tax_ids (
    account VARCHAR, id VARCHAR, country VARCHAR, created TIMESTAMP, customer_id VARCHAR, type VARCHAR, value VARCHAR,
    verification_status VARCHAR
);
CREATE TABLE sigma.tax_rates (
    account VARCHAR, id VARCHAR, active BOOLEAN, country VARCHAR, created TIMESTAMP, display_name VARCHAR, inclusive BOOLEAN,
    jurisdiction VARCHAR, percentage DOUBLE, state VARCHAR, tax_type VARCHAR
);
CREATE TABLE sigma.topups (
    account VARCHAR, id VARCHAR, amount BIGINT, balance_transaction_id VARCHAR, created TIMESTAMP, currency VARCHAR,
    description VARCHAR, expected_availability_date TIMESTAMP, status VARCHAR
);
CREATE TABLE sigma.transfer_reversals (
    account VARCHAR, id VARCHAR, amount BIGINT, balance_transaction_id VARCHAR, created TIMESTAMP, currency VARCHAR,
    transfer_id VARCHAR
);
CREATE TABLE sigma.usage_record_summaries (
    account VARCHAR, id VARCHAR, invoice VARCHAR, period_end TIMESTAMP, period_start TIMESTAMP, subscription_item_id VARCHAR,
    total_usage BIGINT
);

CREATE TABLE sigma.invoices_metadata (account VARCHAR, invoice_id VARCHAR, key VARCHAR, value VARCHAR);
CREATE TABLE sigma.payment_intents_metadata (account VARCHAR, payment_intent_id VARCHAR, key VARCHAR, value VARCHAR);
CREATE TABLE sigma.products_metadata (account VARCHAR, product_id VARCHAR, key VARCHAR, value VARCHAR);
CREATE TABLE sigma.prices_metadata (account VARCHAR, price_id VARCHAR, key VARCHAR, value VARCHAR);
CREATE TABLE sigma.refunds_metadata (account VARCHAR, refund_id VARCHAR, key VARCHAR, value VARCHAR);
CREATE TABLE sigma.transfers_metadata (account VARCHAR, transfer_id VARCHAR, key VARCHAR, value VARCHAR);

-- A platform's view of its connected accounts. `account` is whose row it is, and everybody who asks sees it.

CREATE TABLE sigma.connected_account_balance_transactions AS SELECT * FROM sigma.balance_transactions LIMIT 0;
CREATE TABLE sigma.connected_account_charges AS SELECT * FROM sigma.charges LIMIT 0;
CREATE TABLE sigma.connected_account_customers AS SELECT * FROM sigma.customers LIMIT 0;
CREATE TABLE sigma.connected_account_disputes AS SELECT * FROM sigma.disputes LIMIT 0;
CREATE TABLE sigma.connected_account_invoices AS SELECT * FROM sigma.invoices LIMIT 0;
CREATE TABLE sigma.connected_account_payment_intents AS SELECT * FROM sigma.payment_intents LIMIT 0;
CREATE TABLE sigma.connected_account_refunds AS SELECT * FROM sigma.refunds LIMIT 0;
CREATE TABLE sigma.connected_account_subscriptions AS SELECT * FROM sigma.subscriptions LIMIT 0;
CREATE TABLE sigma.connected_account_transfers AS SELECT * FROM sigma.transfers LIMIT 0;

DROP SCHEMA build CASCADE;
