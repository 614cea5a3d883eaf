-- One row a charge. The window is half-open, so no charge is in two of them.
SELECT id, created, amount, currency, status
FROM charges
WHERE created >= {{ window.start }}
  AND created < {{ window.end }}
  AND currency = {{ params.currency }}
