-- Trino functions that DuckDB has under another name or not at all. The names here and in rewrites.PASSED_THROUGH
-- are the same set; a test compares them.

CREATE MACRO main.map_agg(k, v) AS map(list(k), list(v));
CREATE MACRO main.to_iso8601(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ');
CREATE MACRO main.url_extract_host(url) AS regexp_extract(url, '^[a-z]+://([^/:?#]+)', 1);
CREATE MACRO main.url_extract_path(url) AS regexp_extract(url, '^[a-z]+://[^/?#]+([^?#]*)', 1);
CREATE MACRO main.codepoint(letter) AS unicode(letter);
CREATE MACRO main.is_nan(x) AS isnan(x);
CREATE MACRO main.is_finite(x) AS isfinite(x);
CREATE MACRO main.is_infinite(x) AS isinf(x);
CREATE MACRO main.array_max(a) AS CASE WHEN list_aggregate(a, 'count') = len(a) THEN list_max(a) END;
CREATE MACRO main.array_min(a) AS CASE WHEN list_aggregate(a, 'count') = len(a) THEN list_min(a) END;
CREATE MACRO main.quotient_of_doubles(x, y) AS CASE WHEN y = 0 THEN x::DOUBLE * 'infinity'::DOUBLE ELSE x / nullif(y, 0) END;
CREATE MACRO main.contains_or_null(a, x) AS CASE WHEN list_contains(a, x) THEN true
    WHEN x IS NOT NULL AND list_aggregate(a, 'count') = len(a) THEN false END;
CREATE MACRO main.part_of_text(s, start) AS CASE WHEN start = 0 OR -start > length(s) THEN '' ELSE substr(s, start) END,
    (s, start, letters) AS CASE WHEN start = 0 OR -start > length(s) THEN '' ELSE substr(s, start, letters) END;
CREATE MACRO main.geometric_mean(x) AS geomean(x);
CREATE MACRO main.levenshtein_distance(a, b) AS levenshtein(a, b);
CREATE MACRO main.regexp_count(text, pattern) AS len(regexp_extract_all(text, pattern));
CREATE MACRO main.from_unixtime_nanos(n) AS make_timestamp_ns(n);
CREATE MACRO main.millisecond(moment) AS datepart('millisecond', moment) % 1000;

-- Stripe Sigma's own: minor units of a currency made major ones, with so many places.
CREATE MACRO main.decimalize_amount_no_display(currency, amount, places) AS round(amount::DOUBLE / CASE
    WHEN lower(currency) IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'ugx', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1
    WHEN lower(currency) IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 1000 ELSE 100 END, places::INTEGER);
CREATE MACRO main.decimalize_amount(currency, amount, places) AS main.decimalize_amount_no_display(currency, amount, places)::VARCHAR;
CREATE MACRO main.e() AS exp(1);
CREATE MACRO main.nan() AS 'nan'::DOUBLE;
CREATE MACRO main.yow(x) AS isoyear(x);
CREATE MACRO main.iso8601_date(x) AS strftime(x, '%Y-%m-%d');
CREATE MACRO main.url_encode_form(x) AS replace(url_encode(x), '%20', '+');
CREATE MACRO main.any_match(a, f) AS len(list_filter(a, f)) > 0;
CREATE MACRO main.all_match(a, f) AS len(list_filter(a, f)) = len(a);
CREATE MACRO main.none_match(a, f) AS len(list_filter(a, f)) = 0;
CREATE MACRO main.arrays_overlap(a, b) AS list_has_any(a, b);
CREATE MACRO main.zip(a, b) AS list_zip(a, b);
CREATE MACRO main.repeat_element(x, n) AS list_transform(range(n), lambda i: x);
CREATE MACRO main.array_distinct_in_order(a) AS list_filter(a, lambda x, i: list_position(a, x) = i);
CREATE MACRO main.array_union(a, b) AS main.array_distinct_in_order(list_concat(a, b));
CREATE MACRO main.array_except_in_order(a, b) AS list_filter(main.array_distinct_in_order(a), lambda x: NOT list_contains(b, x));
CREATE MACRO main.width_bucket(x, bins) AS len(list_filter(bins, lambda bin: bin <= x)), (x, low, high, n) AS CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 ELSE floor((x - low) / (high - low) * n)::BIGINT + 1 END;
