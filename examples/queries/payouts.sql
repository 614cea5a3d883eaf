-- Every payout with its day of arrival.
SELECT id, date_format(date, '%Y-%m-%d') AS arrives, amount / 100.00 AS amount, currency, status, method
FROM transfers
WHERE type = 'bank_account'
ORDER BY date, id
