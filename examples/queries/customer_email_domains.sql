-- Domains of customers' mail addresses, and how often each occurs.
SELECT
  regexp_extract(email, '@(.+)$', 1) AS domain,
  count(*) AS customers,
  approx_distinct(name) AS names
FROM customers
WHERE regexp_like(email, '@')
GROUP BY 1
ORDER BY customers DESC
