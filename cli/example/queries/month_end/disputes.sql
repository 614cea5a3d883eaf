-- Disputes that were opened in the month.
SELECT id, created, charge_id, amount, currency, reason, status
FROM disputes
WHERE created >= {{ window.start }}
  AND created < {{ window.end }}
