-- Charges that Radar scored as elevated and that went through.
SELECT id, created, amount / 100.00 AS amount, outcome_risk_score, card_country, card_funding
FROM charges
WHERE outcome_risk_level = 'elevated' AND status = 'succeeded'
ORDER BY outcome_risk_score DESC, created, id
