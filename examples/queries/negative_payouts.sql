-- Payouts that were debits: days on which refunds exceeded sales.
SELECT id, date, amount / 100.00 AS amount, currency, status
FROM transfers
WHERE amount < 0
ORDER BY amount
