-- The lines of a payout come to the payout: net is the sum of the payouts, and no line counts twice.
SELECT
  (
    SELECT count(DISTINCT movements.id)
    FROM balance_transactions AS movements
    JOIN transfers ON transfers.id = movements.automatic_transfer_id
    WHERE transfers.created >= {{ window.start }}
      AND transfers.created < {{ window.end }}
  ) AS records,
  coalesce(sum(amount), 0) AS net
FROM transfers
WHERE created >= {{ window.start }}
  AND created < {{ window.end }}
